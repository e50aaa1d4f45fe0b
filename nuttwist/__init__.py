"""A memcached and redis proxy made of Twisted services."""

__version__ = "0.1.0"
