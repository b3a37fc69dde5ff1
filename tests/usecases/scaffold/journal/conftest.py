"""A project with a file of somebody else's, and what a model would write into it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mlops_platform.usecases.scaffold.choices import Choices, FileSourceChoice
from mlops_platform.usecases.scaffold.journal.entry import JournalEntry
from mlops_platform.usecases.scaffold.journal.journal import Journal
from mlops_platform.usecases.scaffold.journal.planning import PlannedFile, planned_files

FILES = {
    Path("mlops_platform/defs/orders/landing_orders/defs.yaml"): "table: orders\n",
    Path("dbt_project/models/orders/staging/stg_orders.sql"): "select 1\nfrom orders\n",
}
FOREIGN = Path("mlops_platform/defs/flights/flight_delay/defs.yaml")
Plan = Callable[..., list[PlannedFile]]


def chosen(model: str) -> Choices:
    return Choices(
        domain="orders",
        table="orders",
        model=model,
        description="Orders.",
        owners=("team:orders",),
        source=FileSourceChoice(folder="/data", pattern="orders.csv"),
        columns=(),
        key=("order_id",),
        entity=("order_id",),
        event_time="ordered_at",
        time_column="ordered_at",
        label="late",
        label_name="late",
        known_at="arrived_at",
        task={"type": "binary_classification"},
    )


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    root = tmp_path / "project"
    (root / FOREIGN).parent.mkdir(parents=True)
    (root / FOREIGN).write_bytes(b"name: flight_delay\n\xff\r\n")
    return Journal(root)


@pytest.fixture
def entry() -> JournalEntry:
    return JournalEntry(
        number=1, domain="orders", asked={"label": "late"}, choices=chosen("late_orders")
    )


@pytest.fixture
def other(entry: JournalEntry) -> JournalEntry:
    """Of another model of the same data."""
    return entry.model_copy(update={"choices": chosen("early_orders")})


@pytest.fixture
def plan(journal: Journal) -> Plan:
    def planned(
        files: Mapping[Path, str] = FILES,
        previous: JournalEntry | None = None,
        rewritten: Mapping[Path, str] = FILES,
    ) -> list[PlannedFile]:
        """What earlier choices would be written as today is `rewritten`."""
        return planned_files(journal, files, previous, lambda choices: rewritten)

    return planned


def tree(root: Path) -> dict[str, bytes | None]:
    """Every file and folder, the journal too."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
    }
