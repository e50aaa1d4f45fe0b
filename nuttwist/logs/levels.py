"""
How much is logged: twemproxy's verbosities as levels of the log.
"""

from __future__ import annotations

from twisted.logger import LogLevel, LogLevelFilterPredicate

#: The highest verbosity of each level. twemproxy's eleven are syslog's eight and three more.
LEVELS = (
    (1, LogLevel.critical),
    (3, LogLevel.error),
    (4, LogLevel.warn),
    (6, LogLevel.info),
    (11, LogLevel.debug),
)


def logFilter(verbosity: int) -> LogLevelFilterPredicate:
    """
    @param verbosity: twemproxy's log level, from 0 to 11.
    @return: What lets through the log events of that level and the more serious ones.
    """
    return LogLevelFilterPredicate(next(level for most, level in LEVELS if verbosity <= most))
