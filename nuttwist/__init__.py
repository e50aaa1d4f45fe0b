"""A memcached and redis proxy made of Twisted services."""
