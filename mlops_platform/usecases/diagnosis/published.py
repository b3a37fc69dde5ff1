"""What is wrong with what is published: days whose files are not those that were."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from mlops_platform.data.features.published import damaged_days, read_manifest
from mlops_platform.data.features.stretches import told_days
from mlops_platform.errors import DataError
from mlops_platform.usecases.diagnosis.facts import Facts
from mlops_platform.usecases.diagnosis.fault import Fault


def damaged_tables(published: Path) -> Mapping[str, Sequence[date]]:
    """Damaged days of every published table that has any; none of one without a whole manifest."""
    damaged: dict[str, Sequence[date]] = {}
    for file in sorted(published.glob("*/_manifest.json")):
        table = file.parent.name
        try:
            manifest = read_manifest(published, table)
        except DataError:
            damaged[table] = ()
            continue
        if days := damaged_days(file.parent, manifest):
            damaged[table] = days
    return damaged


def faults_of_published(facts: Facts) -> Iterator[Fault]:
    """Damaged days, and manifests that cannot be read."""
    for table, days in facts.damaged_tables.items():
        yield Fault(
            severity="error",
            what=f"{len(days)} days are not what was published: {told_days(set(days))}"
            if days
            else "its manifest cannot be read",
            where=f"published, {table}",
            cure=facts.launch("--job build_features"),
        )
