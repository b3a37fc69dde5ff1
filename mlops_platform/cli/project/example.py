"""The example as a domain that can be taken out and brought back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mlops_platform.usecases.scaffold.journal.journal import Journal
    from mlops_platform.usecases.scaffold.journal.planning import PlannedFile

EXAMPLE: Final = "flights"
FOLDERS: Final = tuple(
    Path(place, EXAMPLE)
    for place in (
        "mlops_platform/defs",
        "dbt_project/models",
        "dbt_project/seeds",
        "dbt_project/tests",
    )
)


def example_removals(journal: Journal) -> list[PlannedFile]:
    """Every file of the example, to be removed; none where it is out already."""
    from mlops_platform.usecases.scaffold.journal.planning import removals

    return removals(journal, FOLDERS)
