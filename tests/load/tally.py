"""What a crowd of clients has met."""

from __future__ import annotations

from collections import Counter

import attrs


@attrs.define
class Tally:
    """
    Counts over all clients, also those that have left.

    @ivar requests: sent, or about to be.
    @ivar replies: by what they were: C{stored}, C{hit}, C{miss} (of each key) and C{alive}.
    @ivar errors: replies that were errors, by their text.
    @ivar unread: how many of these were in the place of values, by the verb.
    @ivar answered: requests that have a reply.
    @ivar dropped: requests that have no reply because their client left before.
    @ivar cut: requests that have no reply because the connection was closed on the client.
    @ivar connects: connections made.
    @ivar refused: connections that were not.
    @ivar leaves: connections given up by the client, by the way it left.
    @ivar violations: what broke a rule.
    """

    requests: int = 0
    replies: Counter[str] = attrs.field(factory=Counter)
    errors: Counter[str] = attrs.field(factory=Counter)
    unread: Counter[str] = attrs.field(factory=Counter)
    answered: int = 0
    dropped: int = 0
    cut: int = 0
    connects: int = 0
    refused: int = 0
    leaves: Counter[str] = attrs.field(factory=Counter)
    violations: list[str] = attrs.field(factory=list)

    @property
    def lost(self) -> int:
        """Requests of whom nothing is known: no reply, and no connection closed."""
        return self.requests - self.answered - self.dropped - self.cut

    def add(self, other: Tally) -> None:
        """Count what another crowd has met, too."""
        for each in attrs.fields(Tally):
            mine, its = getattr(self, each.name), getattr(other, each.name)
            if isinstance(mine, Counter):
                mine.update(its)
            else:
                setattr(self, each.name, mine + its)
