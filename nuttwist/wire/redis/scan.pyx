# cython: language_level=3, boundscheck=False, wraparound=False, binding=True
"""
The twin of scan.py in the compiled core; what each function is for stands there.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem, PyDict_SetItem
from cpython.list cimport PyList_Append
from cpython.ref cimport PyObject
from libc.stdio cimport snprintf
from libc.string cimport memcmp, memcpy

from nuttwist.wire.offsets cimport cut, lineEnd

#: The usual lengths, as they stand in a line.
SMALL = {b"%d" % length: length for length in range(4096)}

cdef Py_ssize_t DIGITS = 9
cdef Py_ssize_t HEAD_MAX = 61


cdef inline Py_ssize_t number(
    const char* start, Py_ssize_t at, Py_ssize_t size, Py_ssize_t most, Py_ssize_t* found
) noexcept:
    # Offset behind a number of one to so many digits, without zeros before it, and its CRLF; or -1.
    cdef Py_ssize_t first = at, total = 0
    while at < size and c"0" <= start[at] <= c"9":
        if at - first >= most:
            return -1
        total = total * 10 + (start[at] - c"0")
        at += 1
    if at == first or (start[first] == c"0" and at > first + 1):
        return -1
    if at + 2 > size or memcmp(start + at, b"\r\n", 2) != 0:
        return -1
    found[0] = total
    return at + 2


cdef inline Py_ssize_t stringEnd(
    const char* start, Py_ssize_t at, Py_ssize_t size, Py_ssize_t largest, Py_ssize_t* text
) noexcept:
    # Offset behind a whole string, and of its text; or -1.
    cdef Py_ssize_t length = 0
    if at >= size or start[at] != c"$":
        return -1
    at = number(start, at + 1, size, DIGITS, &length)
    if at < 0 or length > largest or at + length + 2 > size:
        return -1
    if memcmp(start + at + length, b"\r\n", 2) != 0:
        return -1
    text[0] = at
    return at + length + 2


def requests(
    bytes data not None, Py_ssize_t at, Py_ssize_t most, Py_ssize_t largest, dict heads not None,
    dict routes not None, list pipelines not None, list pieces not None,
):
    """See scan.py."""
    cdef const char* start = PyBytes_AS_STRING(data)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    cdef Py_ssize_t name, after, text = 0, keyAt = 0, keyEnd = 0
    cdef Py_ssize_t count
    cdef PyObject* found
    while most > 0:
        name = lineEnd(start, at, size)
        if name > 0:
            name = lineEnd(start, name + 2, size)
        if name > 0:
            name = lineEnd(start, name + 2, size)
        if name < 0 or name - at > HEAD_MAX or name + 2 >= size or start[name + 2] != c"$":
            break
        found = PyDict_GetItem(heads, PyBytes_FromStringAndSize(start + at, name - at))
        if found == NULL:
            break
        count = <object>found
        after = stringEnd(start, name + 2, size, largest, &keyAt)
        keyEnd = after - 2
        while after > 0 and count > 2:
            after = stringEnd(start, after, size, largest, &text)
            count -= 1
        if after < 0:
            break
        found = PyDict_GetItem(routes, PyBytes_FromStringAndSize(start + keyAt, keyEnd - keyAt))
        if found == NULL:
            break
        PyList_Append(pipelines, <object>found)
        PyList_Append(pieces, cut(data, start, at, after))
        at = after
        most -= 1
    return at


def whole(bytes data not None, Py_ssize_t at, Py_ssize_t largest, list args not None):
    """See scan.py."""
    cdef const char* start = PyBytes_AS_STRING(data)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    cdef Py_ssize_t count = 0, text = 0, after
    if at >= size or start[at] != c"*":
        return -1
    at = number(start, at + 1, size, 6, &count)
    if at < 0 or count == 0:
        return -1
    for _ in range(count):
        after = stringEnd(start, at, size, largest, &text)
        if after < 0:
            return -1
        PyList_Append(args, PyBytes_FromStringAndSize(start + text, after - 2 - text))
        at = after
    return at


def strings(bytes data not None, Py_ssize_t at, Py_ssize_t most, list found):
    """See scan.py."""
    cdef const char* start = PyBytes_AS_STRING(data)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    cdef Py_ssize_t after, text = 0, taken = 0
    while taken < most:
        if size - at >= 5 and memcmp(start + at, b"$-1\r\n", 5) == 0:
            after = at + 5
        else:
            after = stringEnd(start, at, size, size, &text)
            if after < 0:
                break
        if found is not None:
            PyList_Append(found, PyBytes_FromStringAndSize(start + at, after - at))
        at = after
        taken += 1
    return at, taken


def encoded(list args not None):
    """See scan.py."""
    cdef Py_ssize_t count = len(args), total = 32, each
    cdef bytes arg, whole
    for arg in args:
        total += PyBytes_GET_SIZE(arg) + 32
    whole = PyBytes_FromStringAndSize(NULL, total)
    cdef char* start = PyBytes_AS_STRING(whole)
    cdef char* here = start
    here += snprintf(here, 32, b"*%zd\r\n", count)
    for arg in args:
        each = PyBytes_GET_SIZE(arg)
        here += snprintf(here, 32, b"$%zd\r\n", each)
        memcpy(here, PyBytes_AS_STRING(arg), each)
        here += each
        memcpy(here, b"\r\n", 2)
        here += 2
    return PyBytes_FromStringAndSize(start, here - start)


def shared(bytes name not None, list items not None, Py_ssize_t width, list pipelines not None):
    """See scan.py."""
    cdef dict shares = {}
    cdef PyObject* found
    cdef list share
    cdef Py_ssize_t key, each
    for key in range(len(pipelines)):
        found = PyDict_GetItem(shares, pipelines[key])
        if found == NULL:
            share = [name]
            PyDict_SetItem(shares, pipelines[key], share)
        else:
            share = <list>found
        for each in range(key * width, key * width + width):
            PyList_Append(share, items[each])
    return shares


def woven(list shares not None, list order not None):
    """See scan.py."""
    cdef list places = [0] * len(shares)
    cdef list found = []
    cdef Py_ssize_t number, place
    for number in order:
        place = places[number]
        PyList_Append(found, (<list>shares[number])[place])
        places[number] = place + 1
    return found
