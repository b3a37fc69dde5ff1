"""From validated rows to what is answered, counted and logged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from mlops_platform.serving.contents import PackedRelease
from mlops_platform.serving.exchange import Exchange
from mlops_platform.serving.roles import Role, Roles
from mlops_platform.serving.schema import unknown_text
from mlops_platform.serving.scoring.scorer import UnscorableRow
from mlops_platform.serving.served_version import ServedVersion
from mlops_platform.serving.watching.metrics import ServiceMetrics
from mlops_platform.serving.watching.prediction_log import LoggedPrediction, PredictionRoute
from mlops_platform.tasks import Answer

Json = dict[str, Any]


class ScoredRow(NamedTuple):
    """One row, scored by the version that answers for it."""

    row: Json
    entity: str | None
    outputs: Answer
    unknown: tuple[str, ...]
    version: ServedVersion
    release: PackedRelease
    role: Role


def score_row(exchange: Exchange, roles: Roles, row: Json, entity: str | None) -> ScoredRow:
    """Score one row."""
    version, role = roles.answering(entity)
    # Before it scores: a failure is the failure of this version.
    exchange.answered_by(version.release.version, role)
    numbers, unknown = version.scorer.numbers(row), version.scorer.unknown_categories(row)
    release = version.release
    outputs = release.task.answer(numbers, version.constants)
    return ScoredRow(row, entity, outputs, unknown, version, release, role)


def score_rows(roles: Roles, rows: Sequence[Json], key: str) -> list[ScoredRow]:
    """Score a batch; each version that answers for some of its rows is asked once."""
    if roles.challenger is None:
        return _scored_by(roles.champion, "champion", rows, key)
    positions: dict[Role, list[int]] = {}
    versions: dict[Role, ServedVersion] = {}
    for position, row in enumerate(rows):
        version, role = roles.answering(row.get(key))
        versions[role] = version
        positions.setdefault(role, []).append(position)
    scored: dict[int, ScoredRow] = {}
    for role, places in positions.items():
        try:
            own = _scored_by(versions[role], role, [rows[place] for place in places], key)
        except UnscorableRow as error:
            raise error.among(places) from error
        scored |= zip(places, own, strict=True)
    return [scored[position] for position in range(len(rows))]


def score_together(roles: Roles, rows: Sequence[Json], key: str, asked: str) -> list[ScoredRow]:
    """Score rows that are one answer, all by the version that answers for what is asked."""
    version, role = roles.answering(asked)
    return _scored_by(version, role, rows, key)


def _scored_by(
    version: ServedVersion, role: Role, rows: Sequence[Json], key: str
) -> list[ScoredRow]:
    release, constants = version.release, version.constants
    answer, numbers = release.task.answer, version.scorer.numbers_of(rows)
    unknown = version.scorer.unknown_in_each(rows)
    return [
        ScoredRow(row, row.get(key), answer(said, constants), strange, version, release, role)
        for row, said, strange in zip(rows, numbers, unknown, strict=True)
    ]


def score_answer(scored: ScoredRow) -> Json:
    """What is answered for one row."""
    row, entity, outputs, unknown, version, release, role = scored
    return {
        "entity": entity,
        **release.task.shown(outputs),
        # Most rows have nothing odd about them, and a comprehension is a call.
        "warnings": [_warning(field, row[field]) for field in unknown] if unknown else [],
        **version.stated,
        "role": role,
    }


def batch_answers(rows: Sequence[ScoredRow]) -> list[Json]:
    """What is answered for rows of one request, with what each is among the others."""
    answers = [score_answer(scored) for scored in rows]
    if not rows[0].release.task.together_fields():
        return answers
    together = rows[0].release.task.together([scored.outputs for scored in rows])
    return [{**answer, **beside} for answer, beside in zip(answers, together, strict=True)]


def logged(
    exchange: Exchange, route: PredictionRoute, rows: Iterable[ScoredRow]
) -> list[LoggedPrediction]:
    """What the prediction log is told."""
    milliseconds, time, request_id = exchange.seconds * 1000, exchange.time, exchange.request_id
    return [
        LoggedPrediction(
            time,
            request_id,
            position,
            route,
            entity,
            release.model,
            release.version,
            release.sequence,
            role,
            row,
            outputs,
            milliseconds,
            version.stated_adjustment,
        )
        for position, (row, entity, outputs, _, version, release, role) in enumerate(rows)
    ]


def count(metrics: ServiceMetrics, rows: Sequence[ScoredRow]) -> None:
    """Count what was scored, and what was odd about it."""
    if len(rows) == 1 and not rows[0].unknown and None not in rows[0].row.values():
        # Most requests are one row with nothing odd about it.
        metrics.predicted(rows[0].release.version, rows[0].role)
        return
    for (version, role), number in _answered(rows).items():
        metrics.predicted(version, role, number)
    odd: dict[tuple[Callable[[str, int], None], str], int] = {}
    for scored in [row for row in rows if row.unknown or None in row.row.values()]:
        for field in scored.unknown:
            odd[metrics.unknown, field] = odd.get((metrics.unknown, field), 0) + 1
        entity = scored.version.contents.features.entity
        for field, value in scored.row.items():
            if value is None and field != entity:
                odd[metrics.missing, field] = odd.get((metrics.missing, field), 0) + 1
    for (tell, field), number in odd.items():
        tell(field, number)


def _answered(rows: Sequence[ScoredRow]) -> dict[tuple[str, Role], int]:
    """How many rows each version answered: mostly one, all of them."""
    release, role = rows[0].release, rows[0].role
    if all(scored.release is release for scored in rows):
        return {(release.version, role): len(rows)}
    answered: dict[tuple[str, Role], int] = {}
    for scored in rows:
        origin = scored.release.version, scored.role
        answered[origin] = answered.get(origin, 0) + 1
    return answered


def _warning(field: str, value: str | None) -> Json:
    return {"field": field, "kind": "unknown_category", "message": unknown_text(field, value)}
