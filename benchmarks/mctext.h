/*
 * The bytes of mcload's requests and replies: what is sent for a key, and what must come back.
 *
 * The value of a key is a window on one table of random bytes, begun at the key's number, so a
 * reply can be compared whole without being stored.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text { int length; char bytes[56]; };

static struct {
    int port, clients, depth, perGet, valueSize, getPercent, keys, fill;
    double seconds, rate;
    long requests;
} want = { 11211, 50, 1, 1, 100, 90, 10000, 0, 2, 0, 0 };
static struct text *keyText, *valueLine, *setLine;
static char *table;
static uint64_t randomState = 0x9E3779B97F4A7C15u;

static void fail(const char *form, ...) {
    va_list arguments;
    va_start(arguments, form);
    fputs("mcload: ", stderr);
    vfprintf(stderr, form, arguments);
    fputc('\n', stderr);
    exit(2);
}

static void *grown(void *memory, size_t bytes) {
    if (!(memory = realloc(memory, bytes))) fail("out of memory");
    return memory;
}

static uint32_t dice(uint32_t below) {      /* xorshift64*: the same run every time */
    randomState ^= randomState >> 12;
    randomState ^= randomState << 25;
    randomState ^= randomState >> 27;
    return (uint32_t)(((randomState * 0x2545F4914F6CDD1Du >> 32) * below) >> 32);
}

static void makeTexts(void) {
    keyText = grown(NULL, sizeof *keyText * (size_t)want.keys);
    valueLine = grown(NULL, sizeof *valueLine * (size_t)want.keys);
    setLine = grown(NULL, sizeof *setLine * (size_t)want.keys);
    for (int k = 0; k < want.keys; k++) {
        keyText[k].length = snprintf(keyText[k].bytes, sizeof keyText[k].bytes, " key:%08d", k);
        valueLine[k].length = snprintf(valueLine[k].bytes, sizeof valueLine[k].bytes,
                                       "VALUE key:%08d 0 %d\r\n", k, want.valueSize);
        setLine[k].length = snprintf(setLine[k].bytes, sizeof setLine[k].bytes,
                                     "set key:%08d 0 0 %d\r\n", k, want.valueSize);
    }
    size_t bytes = (size_t)want.keys + (size_t)want.valueSize;
    table = grown(NULL, bytes);
    for (size_t i = 0; i < bytes; i++) table[i] = (char)dice(256);
}

/* The length of `expected` if it is at the front of the bytes, 0 if they may still become it. */
static size_t match(const char *bytes, size_t length, const char *expected, size_t size) {
    size_t seen = length < size ? length : size;
    if (memcmp(bytes, expected, seen))
        fail("wanted %.*s, got %.*s", (int)(size < 40 ? size : 40), expected, (int)(length < 80 ? length : 80), bytes);
    return seen == size ? size : 0;
}

static size_t matchValue(const char *bytes, size_t length, int key) {
    size_t head = (size_t)valueLine[key].length, size = (size_t)want.valueSize;
    if (!match(bytes, length, valueLine[key].bytes, head) || length < head + size + 2) return 0;
    if (memcmp(bytes + head, table + key, size)) fail("key:%08d has another value", key);
    match(bytes + head + size, 2, "\r\n", 2);
    return head + size + 2;
}
