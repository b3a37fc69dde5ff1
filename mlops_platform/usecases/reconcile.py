"""Keep what follows the ledger in line with it: MLflow's alias and the release pointer."""

from pathlib import Path
from typing import Final, Literal

from mlops_platform.errors import LedgerError, RegistryError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.pointer import ReleasePointer, read_pointer, write_pointer
from mlops_platform.ledger.records import Release
from mlops_platform.record import Record
from mlops_platform.registry.registry import Registry

CHAMPION: Final = "champion"
_ROUNDS: Final = 10


class ProjectionFault(Record):
    """A projection that says something else than the ledger; None is "nothing"."""

    projection: Literal["alias", "pointer"]
    found: str | None
    expected: str | None


def projection_faults(
    ledger: Ledger, registry: Registry, pointer: Path, model: str
) -> list[ProjectionFault]:
    """Compare the projections with the ledger, changing nothing.

    Args:
        pointer: where the model's release pointer belongs.
    """
    return _faults(ledger.current_release(model), registry, pointer, model)


def reconcile(
    ledger: Ledger, registry: Registry, pointer: Path, model: str
) -> list[ProjectionFault]:
    """Rebuild the projections from the ledger; return the faults that were repaired.

    The ledger is read again after every repair: where another process releases meanwhile, the
    last one to write a projection is also the one that finds and repairs its own stale write.

    Raises:
        RegistryError: a projection does not keep what is written to it.
    """
    repaired: list[ProjectionFault] = []
    for _ in range(_ROUNDS):
        release = ledger.current_release(model)
        faults = _faults(release, registry, pointer, model)
        if not faults:
            return repaired
        for fault in faults:
            if fault.projection == "alias":
                _write_alias(release, registry, model)
            else:
                _write_pointer(release, pointer)
        repaired += faults
    raise RegistryError(
        f"projections of {model!r} still differ from the ledger after {_ROUNDS} repairs: {faults}. "
        "Look for another writer of the alias or of the pointer."
    )


def _faults(
    release: Release | None, registry: Registry, pointer: Path, model: str
) -> list[ProjectionFault]:
    alias = registry.alias_version(model, CHAMPION)
    views = {
        "alias": (
            None if alias is None else str(alias),
            None if release is None else str(release.version),
        ),
        "pointer": (
            _pointer_text(pointer),
            None if release is None else ReleasePointer.of(release).model_dump_json(),
        ),
    }
    return [
        ProjectionFault.model_validate(
            {"projection": projection, "found": found, "expected": expected}
        )
        for projection, (found, expected) in views.items()
        if found != expected
    ]


def _pointer_text(path: Path) -> str | None:
    try:
        found = read_pointer(path)
    except LedgerError:
        return "unreadable"
    return None if found is None else found.model_dump_json()


def _write_alias(release: Release | None, registry: Registry, model: str) -> None:
    if release is None:
        registry.delete_alias(model, CHAMPION)
    else:
        registry.set_alias(model, CHAMPION, release.version)


def _write_pointer(release: Release | None, path: Path) -> None:
    if release is None:
        path.unlink(missing_ok=True)
    else:
        write_pointer(path, ReleasePointer.of(release))
