"""
Several processes that serve the same listeners: C{--workers}.

The process that was started is the parent. It binds every listener once, serves no client, and
starts the workers, which accept from the listeners they inherit. Each worker is a proxy of its
own, with its own connections to the servers. A socket pair between the parent and each worker
carries the messages of L{nuttwist.workers.messages}: the configuration, the counters, who is
ejected, the log. When it closes, the worker ends, however the parent may have ended.

The values come first and know no reactor: C{messages}, C{configs}, C{merging}, C{backoff} and
C{outs}. C{child} is the program of a worker, C{worker} what the parent has of one, C{staff} sees
to it that there is one at every place, C{crew} is the service that has them and the listeners, and
C{source} what the HTTP side asks of it.
"""
