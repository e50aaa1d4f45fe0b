"""
Sockets: thin protocols over the grammars of L{nuttwist.wire}.

C{lines} is the line receiver that both directions share, C{frontend} faces the clients,
C{backend} the servers, C{turn} gathers the writes of a turn and C{batcher} runs the turns.
"""
