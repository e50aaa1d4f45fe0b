"""
How many data segments a process has sent to given ports, by the kernel's own count.

A write to a socket without Nagle's delay is one segment on loopback, up to 64 KiB, so this counts
the writes to the servers without tracing or relaying them. From C{tcp_info.tcpi_data_segs_out},
asked for over a C{NETLINK_SOCK_DIAG} socket (linux/inet_diag.h, linux/tcp.h).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST_DUMP = 0x301
NLMSG_ERROR = 2
NLMSG_DONE = 3
INET_DIAG_INFO = 2
ESTABLISHED = 1 << 1
RECEIVE = 1 << 20

NLMSGHDR = struct.Struct("=IHHII")
REQUEST = struct.Struct("=BBBBI48x")
# What an answer begins with: the ports in network order at 4, the inode last.
PORTS = struct.Struct("!HH")
MESSAGE_BYTES = 72
ATTRIBUTE = struct.Struct("=HH")
DATA_SEGS_OUT = 156


def sentTo(ports: Iterable[int], pids: Iterable[int]) -> int:
    """Data segments that those processes' open IPv4 connections have sent to those ports."""
    wanted = set(ports)
    owned = {inode for pid in pids for inode in _inodes(pid)}
    counts = (
        segments for port, inode, segments in _connections() if port in wanted and inode in owned
    )
    return sum(counts)


def _inodes(pid: int) -> Iterator[int]:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            yield int(target[8:-1])


def _connections() -> Iterator[tuple[int, int, int]]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as diag:
        diag.send(_question())
        while True:
            for kind, body in messages(diag.recv(RECEIVE)):
                if kind == NLMSG_DONE:
                    return
                if kind == NLMSG_ERROR:
                    raise OSError("the kernel does not tell about its sockets (inet_diag)")
                yield connection(body)


def _question() -> bytes:
    body = REQUEST.pack(socket.AF_INET, socket.IPPROTO_TCP, 1 << INET_DIAG_INFO - 1, 0, ESTABLISHED)
    size = NLMSGHDR.size + len(body)
    return NLMSGHDR.pack(size, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST_DUMP, 1, 0) + body


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The netlink messages of one answer: the type and body of each."""
    while data:
        size, kind, *_ = NLMSGHDR.unpack_from(data)
        yield kind, data[NLMSGHDR.size : size]
        data = data[_aligned(size) :]


def connection(body: bytes) -> tuple[int, int, int]:
    """An answer's remote port, inode, and data segments sent: 0 where the kernel gives none."""
    _, port = PORTS.unpack_from(body, 4)
    (inode,) = struct.unpack_from("=I", body, MESSAGE_BYTES - 4)
    rest = body[MESSAGE_BYTES:]
    while rest:
        size, kind = ATTRIBUTE.unpack_from(rest)
        if kind == INET_DIAG_INFO and size >= ATTRIBUTE.size + DATA_SEGS_OUT + 4:
            return port, inode, struct.unpack_from("=I", rest, ATTRIBUTE.size + DATA_SEGS_OUT)[0]
        rest = rest[_aligned(size) :]
    return port, inode, 0


def _aligned(size: int) -> int:
    return (size + 3) & ~3
