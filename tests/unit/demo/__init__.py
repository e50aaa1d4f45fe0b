"""The embedded memcached, on a fake clock and in-memory transports."""
