# cython: language_level=3, boundscheck=False, wraparound=False, binding=True
"""
The twin of scan.py in the compiled core; what each function is for stands there.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem, PyDict_SetItem
from cpython.list cimport PyList_Append
from cpython.ref cimport PyObject
from libc.string cimport memchr, memcmp

from nuttwist.wire.offsets cimport cut, lineEnd

cdef Py_ssize_t HEADER_MAX = 512


cdef inline Py_ssize_t digits(
    const char* start, Py_ssize_t at, Py_ssize_t size, Py_ssize_t most, unsigned long long* number
) noexcept:
    # Offset behind one to so many digits, or -1; their number.
    cdef Py_ssize_t first = at
    cdef unsigned long long total = 0
    while at < size and c"0" <= start[at] <= c"9":
        if at - first >= most:
            return -1
        total = total * 10 + (start[at] - c"0")
        at += 1
    number[0] = total
    return at if at > first else -1


cdef Py_ssize_t setEnd(
    const char* start, Py_ssize_t at, Py_ssize_t size, Py_ssize_t largest, Py_ssize_t* keyEnd
) noexcept:
    # Offset behind the ordinary set that begins here, or -1; and behind its key.
    cdef unsigned long long number = 0
    cdef Py_ssize_t here = at + 4
    while here < size and start[here] != c" ":
        if start[here] == c"\r" or start[here] == c"\n":
            return -1
        here += 1
    if here == at + 4:
        return -1
    keyEnd[0] = here
    for _ in range(3):
        if here >= size or start[here] != c" ":
            return -1
        here = digits(start, here + 1, size, 9, &number)
        if here < 0:
            return -1
    if here + 2 > size or memcmp(start + here, b"\r\n", 2) != 0 or number > largest:
        return -1
    here += 4 + <Py_ssize_t>number
    return here if here <= size and memcmp(start + here - 2, b"\r\n", 2) == 0 else -1


def requests(
    bytes data not None, Py_ssize_t at, Py_ssize_t most, Py_ssize_t largest,
    dict routes not None, list pipelines not None, list pieces not None,
):
    """See scan.py."""
    cdef const char* start = PyBytes_AS_STRING(data)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    cdef Py_ssize_t end, after
    cdef PyObject* pipeline
    while most > 0 and size - at >= 6:
        if memcmp(start + at, b"get ", 4) == 0:
            end = lineEnd(start, at + 4, size)
            after = end + 2
            if end < 0:
                break
        elif memcmp(start + at, b"set ", 4) == 0:
            end = 0
            after = setEnd(start, at, size, largest, &end)
            if after < 0:
                break
        else:
            break
        pipeline = PyDict_GetItem(routes, PyBytes_FromStringAndSize(start + at + 4, end - at - 4))
        if pipeline == NULL:
            break
        PyList_Append(pipelines, <object>pipeline)
        PyList_Append(pieces, cut(data, start, at, after))
        at = after
        most -= 1
    return at


cdef Py_ssize_t blockEnd(
    const char* start, Py_ssize_t at, Py_ssize_t size, Py_ssize_t* keyEnd
) noexcept:
    # Offset behind the whole, ordinary block that begins here, or -1; and behind its key.
    cdef unsigned long long number = 0
    cdef Py_ssize_t here = at + 6
    # The line, its end included.
    cdef Py_ssize_t limit = min(size, at + HEADER_MAX)
    while here < limit and start[here] != c" ":
        if start[here] == c"\r":
            return -1
        here += 1
    if here == at + 6 or here >= limit:
        return -1
    keyEnd[0] = here
    here = digits(start, here + 1, limit, HEADER_MAX, &number)
    if here < 0 or here >= limit or start[here] != c" ":
        return -1
    here = digits(start, here + 1, limit, 10, &number)
    if here < 0 or here >= limit:
        return -1
    cdef unsigned long long length = number
    if start[here] == c" ":
        here = digits(start, here + 1, limit, HEADER_MAX, &number)
        if here < 0:
            return -1
    if here + 2 > limit or memcmp(start + here, b"\r\n", 2) != 0:
        return -1
    here += 4 + <Py_ssize_t>length
    return here if here <= size and memcmp(start + here - 2, b"\r\n", 2) == 0 else -1


def values(bytes data not None, Py_ssize_t at, dict blocks):
    """See scan.py."""
    cdef const char* start = PyBytes_AS_STRING(data)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    cdef Py_ssize_t after, keyEnd = 0
    while size - at >= 6 and memcmp(start + at, b"VALUE ", 6) == 0:
        after = blockEnd(start, at, size, &keyEnd)
        if after < 0:
            return ~at
        if blocks is not None:
            PyDict_SetItem(
                blocks,
                PyBytes_FromStringAndSize(start + at + 6, keyEnd - at - 6),
                PyBytes_FromStringAndSize(start + at, after - at),
            )
        at = after
    if size - at >= 5 and memcmp(start + at, b"END\r\n", 5) == 0:
        return at + 5
    return ~at


cdef int join(dict groups, object pipeline, bytes key) except -1:
    cdef PyObject* group = PyDict_GetItem(groups, pipeline)
    if group == NULL:
        PyDict_SetItem(groups, pipeline, [key])
    else:
        PyList_Append(<list>group, key)
    return 0


def spread(bytes words not None, dict routes not None, list keys not None, list pipelines not None):
    """See scan.py."""
    cdef const char* start = PyBytes_AS_STRING(words)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(words)
    cdef Py_ssize_t at = 0, end
    cdef const char* blank
    cdef PyObject* pipeline
    cdef bytes key
    cdef dict groups = {}
    cdef bint known = True
    while at <= size:
        blank = <const char*>memchr(start + at, c" ", size - at)
        end = size if blank == NULL else blank - start
        key = PyBytes_FromStringAndSize(start + at, end - at)
        PyList_Append(keys, key)
        pipeline = PyDict_GetItem(routes, key)
        if pipeline == NULL:
            known = False
            PyList_Append(pipelines, None)
        else:
            PyList_Append(pipelines, <object>pipeline)
            if known:
                join(groups, <object>pipeline, key)
        at = end + 1
    return groups if known else {}


def grouped(list keys not None, list pipelines not None):
    """See scan.py."""
    cdef dict groups = {}
    cdef Py_ssize_t number
    for number in range(len(keys)):
        join(groups, pipelines[number], keys[number])
    return groups


def picked(list keys not None, list pipelines not None, dict blocks not None):
    """See scan.py."""
    cdef list found = []
    cdef PyObject* block
    cdef Py_ssize_t number
    for number in range(len(keys)):
        block = PyDict_GetItem(<dict>blocks[pipelines[number]], keys[number])
        if block != NULL:
            PyList_Append(found, <object>block)
    return found
