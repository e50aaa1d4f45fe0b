# cython: language_level=3
"""
What the loops over both protocols do with bytes by their offsets.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memchr


cdef inline bytes cut(bytes data, const char* start, Py_ssize_t at, Py_ssize_t after):
    # A cut that is the whole is no copy.
    if at == 0 and after == PyBytes_GET_SIZE(data):
        return data
    return PyBytes_FromStringAndSize(start + at, after - at)


cdef inline Py_ssize_t lineEnd(const char* start, Py_ssize_t at, Py_ssize_t size) noexcept:
    # Offset of the first CRLF, or -1.
    cdef const char* found
    while at + 1 < size:
        found = <const char*>memchr(start + at, c"\r", size - at - 1)
        if found == NULL:
            return -1
        at = found - start
        if start[at + 1] == c"\n":
            return at
        at += 1
    return -1
