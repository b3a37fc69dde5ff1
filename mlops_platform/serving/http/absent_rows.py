"""Why the online store has no row, or not every row, of what a request names."""

from __future__ import annotations

from collections.abc import Mapping

from mlops_platform.serving.http.problems import UNKNOWN_ENTITY, FieldError, Problem
from mlops_platform.serving.online.store import LookedUp, OnlineStore
from mlops_platform.spec.online_layout import OnlineExport
from mlops_platform.tasks import Expansion

_SHOWN = 100


def absent_rows(
    store: OnlineStore, looked_up: LookedUp, expansion: Expansion, asked: Mapping[str, str]
) -> Problem:
    """The problem of a request of which a row is absent: which field is at fault.

    It may look at every row of the store.

    Args:
        asked: what the request names, by field.

    Raises:
        StoreUnavailable: the store cannot be read any more.
    """
    export = looked_up.export
    pairs = zip(expansion.counts, looked_up.features, strict=True)
    absent = [count for count, features in pairs if features is None]
    if len(absent) < expansion.last:
        return _problem(
            f"{len(absent)} of {expansion.last} rows are not in the online store.",
            [FieldError(field=expansion.counter, value=_listed(absent), fix=_rest(export))],
        )
    unknown = [
        FieldError(field=field, value=value[:_SHOWN], fix=_correct(export))
        for field, value in asked.items()
        if not store.holds(expansion.pattern({field: value}))
    ]
    if unknown:
        return _problem("The online store has no such row.", unknown)
    together = FieldError(
        field=", ".join(asked),
        value=", ".join(asked.values())[:_SHOWN],
        fix=f"Each of them is known, and there is no row of all together; {_correct(export)}",
    )
    return _problem("The online store has no such row.", [together])


def _problem(detail: str, errors: list[FieldError]) -> Problem:
    return Problem(UNKNOWN_ENTITY, detail, errors)


def _listed(counts: list[int]) -> str:
    return ", ".join(map(str, counts))[:_SHOWN]


def _correct(export: OnlineExport) -> str:
    return f"Name one of those that are exported, which are {_exported(export)}; or {_rest(export)}"


def _rest(export: OnlineExport) -> str:
    return (
        f"publish what is missing in {export.model}'s feature table, and materialise "
        f"{export.model}/online_features."
    )


def _exported(export: OnlineExport) -> str:
    if export.oldest is None or export.newest is None:
        return "none"
    return f"{export.rows} rows of {export.oldest.isoformat()} to {export.newest.isoformat()}"
