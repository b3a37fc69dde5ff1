"""RuleResult: what one rule says about a history."""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from mlops_platform.record import Record


class RuleResult(Record):
    """Whether a rule fires, in words and in figures.

    Args:
        sentence: what was found; it stays the same while nothing that matters changes.
        window: the window judged, None where the rule judges none.
        episode: consecutive failing windows up to the judged one, oldest first.
        evidence: figures behind it; what is not known is left out.
        parts: results of the rules that this one combines.
    """

    rule: str
    fires: bool
    sentence: str
    window: str | None = None
    episode: tuple[str, ...] = ()
    evidence: dict[str, Any] = Field(default={})
    parts: tuple["RuleResult", ...] = ()

    def leaves(self) -> Iterator["RuleResult"]:
        """Results of the single rules."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()
