"""The pure core, without sockets and without time."""
