"""The HTTP side, without sockets."""
