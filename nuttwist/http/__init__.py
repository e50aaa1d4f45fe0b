"""
The HTTP side: C{--http}. Metrics, a JSON API, a dashboard; C{docs/api.md} has what each says.

A L{nuttwist.http.source.Source} knows the proxy: one in this process, or all workers together.
C{journal} and C{history} remember events and the last minutes. The values that a source tells are
put into words by C{figures} (JSON) and C{metrics} (Prometheus); C{answering} and C{api} are the
resources, C{tap} the stream of samples, C{site} guards all of it, and C{service} listens.
"""
