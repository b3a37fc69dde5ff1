"""Everything that `mlops doctor --deep` looks at beside what `mlops doctor` does."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from mlops_platform.data.features.warehouse import require_readable
from mlops_platform.errors import DataError, LockedError
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.diagnosis.deep.bentos import faults_of_bentos
from mlops_platform.usecases.diagnosis.deep.databases import faults_of_databases, faults_of_ledger
from mlops_platform.usecases.diagnosis.deep.json_files import faults_of_json_files
from mlops_platform.usecases.diagnosis.deep.leftovers import faults_of_leftovers
from mlops_platform.usecases.diagnosis.deep.references import faults_of_references
from mlops_platform.usecases.diagnosis.deep.stored_files import (
    faults_of_lake,
    faults_of_landing,
)
from mlops_platform.usecases.diagnosis.fault import Fault
from mlops_platform.usecases.diagnosis.looking import looked_at
from mlops_platform.usecases.diagnosis.running import damaged_warehouse


def deep_faults(deployment: Deployment, launch: Callable[[str], str]) -> list[Fault]:
    """Read everything; what cannot be read is a fault, and the others are looked at.

    Args:
        launch: the command that runs assets on this deployment.
    """
    settings, ledger = deployment.settings, deployment.ledger

    def of_bentos() -> Iterator[Fault]:
        for model in ledger.models():
            yield from faults_of_bentos(deployment, model, launch)

    def of_references() -> Iterator[Fault]:
        for model in ledger.models():
            yield from faults_of_references(deployment, model)

    looks: dict[str, Callable[[], Iterable[Fault]]] = {
        "databases": lambda: faults_of_databases(settings.home),
        "the ledger": lambda: faults_of_ledger(ledger),
        "landing": lambda: faults_of_landing(settings.landing),
        "lake": lambda: faults_of_lake(settings, launch),
        "warehouse": lambda: _of_warehouse(settings.warehouse, launch),
        "JSON files": lambda: faults_of_json_files(settings, launch),
        "Bentos": of_bentos,
        "references": of_references,
        "temporary files": lambda: faults_of_leftovers(settings.home),
    }
    return [
        fault for where, look in looks.items() for fault in looked_at(where, settings.home, look)
    ]


def _of_warehouse(warehouse: Path, launch: Callable[[str], str]) -> Iterator[Fault]:
    if warehouse.is_file():
        try:
            require_readable(warehouse)
        except LockedError:
            raise
        except DataError as error:
            yield damaged_warehouse(warehouse, str(error), launch)
