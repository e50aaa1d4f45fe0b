"""
An embedded in-memory memcached: for C{twistd nutproxy --demo}, for tests, and for a first look
without other programs.

It speaks memcached's text protocol, the meta commands included, and answers with memcached
1.6.18's bytes::

    bytes --> protocol --> commands, meta --> Cache --> Outcome --> reply bytes
              (Twisted)    (tables)           (pure)

    from nuttwist.demo.cache import Cache
    from nuttwist.demo.protocol import DemoFactory
    endpoint.listen(DemoFactory(Cache(64 << 20, reactor.seconds)))

Only L{nuttwist.demo.protocol} knows Twisted. L{Cache<nuttwist.demo.cache.Cache>} keeps items,
expiry and the LRU order within a bound in bytes; C{commands} and C{meta} are tables from a verb
to what it does; C{items}, C{numerals}, C{metaflags} and C{replies} are their words. It is not a
server for production: one process, one thread, plain LRU.
"""
