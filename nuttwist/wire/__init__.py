"""
Bytes to messages and back, without input or output.

C{request}, C{pipeline}, C{replyqueue} and C{gather} are what requests pass through, for any
dialect; C{framing} and C{router} say what the world around must offer and may ask; C{counters}
is what is counted on the way. C{memcache} is a dialect: the table of its commands, and its
framing in both directions.
"""
