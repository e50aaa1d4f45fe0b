"""
The same load on twemproxy and on nutproxy in its forms, in turn: C{python -m benchmarks}.

Real memcached, redis-server, nutcracker and redis-benchmark programs, on loopback. The method is
told in docs/benchmarks.md.

 - L{benchmarks.cases}: what is measured, as a table
 - L{benchmarks.programs}, L{benchmarks.servers}, L{benchmarks.proxies}: the processes
 - L{benchmarks.loads}, L{benchmarks.redisfill}, L{benchmarks.idle}, C{mcload.c}: what drives them
 - L{benchmarks.meter}, L{benchmarks.segments}: what the kernel says that they used
 - L{benchmarks.rounds}: one case, from the servers' start to their end
 - L{benchmarks.figures}: medians and ratios
 - L{benchmarks.results}, L{benchmarks.tables}, L{benchmarks.charts}, L{benchmarks.page},
   L{benchmarks.machine}: what is kept and shown
"""
