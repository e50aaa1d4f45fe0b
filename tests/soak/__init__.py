"""
Hours of bad weather in one command::

    python -m tests.soak --minutes 30 --out DIR

A proxy with a memcached and a redis pool is kept under a steady, mixed load, by clients that come
and go and that notice whatever is mixed up or lost (L{tests.load}). All the while servers are
killed, held and restarted, and the configuration is read again. Where it all begins is
C{__main__}; C{setting} has the processes, C{mischief} what is done to them, C{run} the load and
the samples, C{report} what came of it, C{chart} draws it.
"""
