"""
What is counted, under the names of twemproxy's statistics.

The paths of requests only ever add to these; reading and formatting is done elsewhere.
"""

from __future__ import annotations

import attrs


@attrs.define(eq=False)
class ServerCounters:
    """
    Totals of one server, over all its connections.
    """

    server_eof: int = 0
    server_err: int = 0
    server_timedout: int = 0
    server_connections: int = 0
    server_ejected_at: int = 0
    requests: int = 0
    request_bytes: int = 0
    responses: int = 0
    response_bytes: int = 0


@attrs.define(eq=False)
class PoolCounters:
    """
    Totals of one pool; C{opened} counts the sockets ever opened, of all kinds.
    """

    client_eof: int = 0
    client_err: int = 0
    client_connections: int = 0
    server_ejects: int = 0
    forward_error: int = 0
    fragments: int = 0
    client_refused: int = 0
    opened: int = 0
