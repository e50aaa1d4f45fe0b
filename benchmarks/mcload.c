/*
 * mcload: a load of memcached text requests whose every reply is checked. Linux, epoll, one thread.
 *
 *   mcload -p PORT [-c CLIENTS] [-P DEPTH] [-m KEYS_PER_GET] [-v VALUE_BYTES] [-g GET_PERCENT]
 *          [-k KEYS] [-s SECONDS | -n REQUESTS] [-r REQUESTS_PER_SECOND] [-f]
 *
 * A reply must be the one for the oldest request of its connection: the keys asked for, in the order
 * asked for, each with its own value. Anything else, a miss or an error among it, is told on stderr
 * and ends the program with 2.
 *
 *   prepare    -f stores every key; every connection then gets its first key, so all are accepted
 *   "ready"    written to stdout; the load starts at a line on stdin, or at its end
 *   load       closed: DEPTH requests outstanding on every connection
 *              open (-r): a request is due every 1/RATE seconds whatever has been answered, on the
 *              connections in turn, and its latency counts from when it was due
 *   result     one line of JSON; the connections stay open until stdin ends
 */
#define _GNU_SOURCE
#include "mctext.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* A get's keys are STRIDE apart, so that they differ. */
enum { STRIDE = 7919, STALL_MS = 10000, CHUNK = 65536 };
enum kind { GET, SET };

struct request { enum kind kind; int first, keys; double since; };
struct client {
    int fd, wantsWrite;
    char *in, *out;
    size_t inLength, inRoom, outLength, outSent, outRoom;
    struct request *ring;            /* outstanding, oldest at head */
    size_t ringRoom, head, count;
    int answered;                    /* keys of the oldest request already seen */
};
static struct client *clients;
static float *latency;
static size_t latencies, latencyRoom;
static int epoll, timer, recording;
static long sent, done, fillNext;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void put(struct client *c, const char *bytes, size_t length) {
    if (c->outLength + length > c->outRoom)
        c->out = grown(c->out, c->outRoom = (c->outLength + length) * 2);
    memcpy(c->out + c->outLength, bytes, length);
    c->outLength += length;
}

static void ask(struct client *c, enum kind kind, int first, int keys, double since) {
    if (c->count == c->ringRoom) fail("more than %zu requests outstanding on one connection", c->ringRoom);
    c->ring[(c->head + c->count++) % c->ringRoom] = (struct request){ kind, first, keys, since };
    if (kind == SET) {
        put(c, setLine[first].bytes, (size_t)setLine[first].length);
        put(c, table + first, (size_t)want.valueSize);
    } else {
        put(c, "get", 3);
        for (int i = 0; i < keys; i++) {
            struct text *key = &keyText[(first + (long)i * STRIDE) % want.keys];
            put(c, key->bytes, (size_t)key->length);
        }
    }
    put(c, "\r\n", 2);
}

static void askAny(struct client *c, double since) {
    int get = dice(100) < (uint32_t)want.getPercent;
    ask(c, get ? GET : SET, (int)dice((uint32_t)want.keys), want.perGet, since);
    sent++;
}

static void watch(struct client *c, int writable) {
    if (writable == c->wantsWrite) return;
    c->wantsWrite = writable;
    struct epoll_event event = { .events = EPOLLIN | (writable ? EPOLLOUT : 0), .data.ptr = c };
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

static void flush(struct client *c) {
    while (c->outSent < c->outLength) {
        ssize_t n = send(c->fd, c->out + c->outSent, c->outLength - c->outSent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) break;
        if (n < 0) fail("send: %s", strerror(errno));
        c->outSent += (size_t)n;
    }
    if (c->outSent == c->outLength) c->outSent = c->outLength = 0;
    watch(c, c->outLength > 0);
}

static void record(double seconds) {
    if (!recording) return;
    if (latencies == latencyRoom)
        latency = grown(latency, sizeof *latency * (latencyRoom = latencyRoom * 2 + 65536));
    latency[latencies++] = (float)seconds;
}

/* Take one whole part of the oldest request's reply: a value, or what ends it. */
static size_t take(struct client *c, const char *bytes, size_t length, double when) {
    struct request *r = &c->ring[c->head];
    if (r->kind == GET && c->answered < r->keys) {
        size_t n = matchValue(bytes, length, (int)((r->first + (long)c->answered * STRIDE) % want.keys));
        c->answered += n > 0;
        return n;
    }
    size_t n = r->kind == GET ? match(bytes, length, "END\r\n", 5) : match(bytes, length, "STORED\r\n", 8);
    if (!n) return 0;
    record(when - r->since);
    c->head = (c->head + 1) % c->ringRoom;
    c->count--; c->answered = 0; done++;
    return n;
}

static double receive(struct client *c) {
    if (c->inRoom - c->inLength < CHUNK) c->in = grown(c->in, c->inRoom = c->inRoom * 2 + CHUNK);
    ssize_t n = recv(c->fd, c->in + c->inLength, c->inRoom - c->inLength, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return now();
    if (n <= 0) fail("a connection ended: %s", n ? strerror(errno) : "closed by the other side");
    c->inLength += (size_t)n;
    double when = now();
    size_t used = 0, step = 0;
    while (c->count && (step = take(c, c->in + used, c->inLength - used, when))) used += step;
    if (!c->count && used < c->inLength) fail("a reply that nothing asked for");
    memmove(c->in, c->in + used, c->inLength -= used);
    return when;
}

/* What to ask next on a connection that has been read; one function for each part of a run. */
static void nextFill(struct client *c, double when) {
    for (; c->count < 8 && fillNext < want.keys; sent++) ask(c, SET, (int)fillNext++, 1, when);
}
static void nextNothing(struct client *c, double when) { (void)c; (void)when; }
static double deadline;
static void nextClosed(struct client *c, double when) {
    while (c->count < (size_t)want.depth && (want.requests ? sent < want.requests : when < deadline))
        askAny(c, when);
}

static void turn(void (*next)(struct client *, double)) {
    struct epoll_event events[256];
    int n = epoll_wait(epoll, events, 256, STALL_MS);
    if (n == 0) fail("no reply in %d seconds, %ld of %ld answered", STALL_MS / 1000, done, sent);
    for (int i = 0; i < n; i++) {
        struct client *c = events[i].data.ptr;
        uint64_t ticks;
        if (!c) {
            if (read(timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) fail("timer");
            continue;
        }
        if (events[i].events & ~(uint32_t)EPOLLOUT) next(c, receive(c));
        flush(c);
    }
}

static void runClosed(void (*next)(struct client *, double)) {
    for (int i = 0; i < want.clients; i++) { next(&clients[i], now()); flush(&clients[i]); }
    while (done < sent) turn(next);
}

static void wakeAt(double when) {
    time_t whole = (time_t)when;
    struct itimerspec at = { .it_value = { whole, (long)((when - (double)whole) * 1e9) } };
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void runOpen(double begin) {
    long total = want.requests ? want.requests : (long)(want.rate * want.seconds);
    while (done < total) {
        double due = begin + (double)sent / want.rate;
        for (double when = now(); sent < total && due <= when; due = begin + (double)sent / want.rate) {
            struct client *c = &clients[sent % want.clients];
            askAny(c, due);
            flush(c);
        }
        if (sent < total) wakeAt(due);
        if (done < total) turn(nextNothing);
    }
}

static void dial(struct client *c) {
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)want.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (void *)&to, sizeof to)) fail("connect to port %d: %s", want.port, strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    double burst = want.rate * (want.seconds + 1) / want.clients;
    c->ringRoom = (size_t)(want.depth > 8 ? want.depth : 8) + (size_t)burst + (want.rate > 0 ? (size_t)want.requests : 0);
    c->ring = grown(NULL, sizeof *c->ring * c->ringRoom);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
}

static void prepare(void) {
    makeTexts();
    epoll = epoll_create1(0);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &(struct epoll_event){ .events = EPOLLIN, .data.ptr = NULL });
    clients = calloc((size_t)want.clients, sizeof *clients);
    for (int i = 0; i < want.clients; i++) dial(&clients[i]);
    if (want.fill) runClosed(nextFill);
    for (int i = 0; i < want.clients; i++) ask(&clients[i], GET, i % want.keys, 1, now());
    sent = want.clients;
    done = 0;
    runClosed(nextNothing);
    sent = done = 0;
}

static int byValue(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}
static double share(double q) {
    size_t at = (size_t)(q * (double)latencies);
    return latencies ? latency[at < latencies ? at : latencies - 1] * 1e3 : 0;
}

static void readOptions(int count, char **words) {
    for (int o; (o = getopt(count, words, "p:c:P:m:v:g:k:s:n:r:f")) > 0;) switch (o) {
        case 'p': want.port = atoi(optarg); break;  case 'c': want.clients = atoi(optarg); break;
        case 'P': want.depth = atoi(optarg); break;  case 'm': want.perGet = atoi(optarg); break;
        case 'v': want.valueSize = atoi(optarg); break;  case 'g': want.getPercent = atoi(optarg); break;
        case 'k': want.keys = atoi(optarg); break;  case 's': want.seconds = atof(optarg); break;
        case 'n': want.requests = atol(optarg); break;  case 'r': want.rate = atof(optarg); break;
        case 'f': want.fill = 1; break;
        default: exit(64);
    }
    if (want.clients < 1 || want.depth < 1 || want.valueSize < 1 || want.perGet < 1)
        fail("clients, depth, value and keys of a get must be positive");
    if (want.keys < want.perGet || want.keys % STRIDE == 0)
        fail("keys must be no fewer than a get's and no multiple of %d", STRIDE);
}

int main(int count, char **words) {
    char line[8];
    readOptions(count, words);
    prepare();
    puts("ready");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) line[0] = 0;
    recording = 1;
    double begin = now();
    deadline = begin + want.seconds;
    if (want.rate > 0) runOpen(begin); else runClosed(nextClosed);
    double elapsed = now() - begin;
    qsort(latency, latencies, sizeof *latency, byValue);
    printf("{\"requests\": %ld, \"seconds\": %.6f, \"p50\": %.4f, \"p99\": %.4f, \"p999\": %.4f}\n",
           done, elapsed, share(.5), share(.99), share(.999));
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {}
    return 0;
}
