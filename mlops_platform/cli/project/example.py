"""The examples as domains that can be taken out and brought back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mlops_platform.usecases.scaffold.journal.journal import Journal
    from mlops_platform.usecases.scaffold.journal.planning import PlannedFile

EXAMPLE: Final = "flights"
"""The one that the demo plays."""
EXAMPLES: Final = (EXAMPLE, "clinic", "insurance", "mail", "shop")
_PLACES: Final = (
    "mlops_platform/defs",
    "dbt_project/models",
    "dbt_project/seeds",
    "dbt_project/tests",
)


def example_removals(journal: Journal, domains: Sequence[str] = EXAMPLES) -> list[PlannedFile]:
    """Every file of the examples, to be removed; none where they are out already."""
    from mlops_platform.usecases.scaffold.journal.planning import removals

    return removals(journal, [Path(place, domain) for domain in domains for place in _PLACES])
