"""What becomes of each column: a feature of some kind, or none, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Final, Literal

from mlops_platform.data.landing.files.csv_dialect import TIMES
from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.profile import ColumnProfile, ScannedKind
from mlops_platform.usecases.scaffold.choices import ColumnChoice, Role

FeatureKind = Literal["numeric", "categorical", "boolean", "text"]
KINDS: Final[Mapping[ScannedKind, FeatureKind]] = {
    "number": "numeric",
    "boolean": "boolean",
    "category": "categorical",
    "text": "text",
}
LEAKAGE: Final = ("leakage", "determines_label", "missing_tells_label", "after_event")
"""Kinds of findings that say: nobody knows this in time."""
IDENTIFIER: Final = "identifier"
MOMENT: Final = "TIMESTAMP WITH TIME ZONE"
MOST_GROUPS: Final = 50
"""Of more values hardly any has rows enough for a verdict of its own."""


@dataclass(frozen=True)
class Said:
    """What is known of columns beside their values, by their names in the source.

    Args:
        label, time, known_at: that these are made of.
        key: that identifies rows or predictions.
        drop, sensitive, keep: as was said.
        outcomes: models by the columns that their outcomes, or when these are known, are made of.
        landed_types: of columns that land already, whatever is said of them now.
        findings: of columns.
    """

    label: tuple[str, ...] = ()
    time: tuple[str, ...] = ()
    known_at: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    outcomes: Mapping[str, str] = field(default_factory=dict)
    landed_types: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    refused: Mapping[str, Finding] = field(init=False)
    identifiers: Mapping[str, Finding] = field(init=False)

    def __post_init__(self) -> None:
        refused = [f for f in self.findings if f.kind in LEAKAGE and f.level == "refuse"]
        object.__setattr__(self, "refused", _by_column(refused))
        identifiers = [f for f in self.findings if f.kind == IDENTIFIER]
        object.__setattr__(self, "identifiers", _by_column(identifiers))


def column_choices(columns: Iterable[ColumnProfile], said: Said) -> tuple[ColumnChoice, ...]:
    """The choice for each column."""
    return tuple(_choice(column, said) for column in columns)


def _choice(column: ColumnProfile, said: Said) -> ColumnChoice:
    role, reason = _role(column, said)
    kind = KINDS.get(column.kind) if role == "feature" else None
    low, high = _range(column)
    landed = _type(column, said)
    return ColumnChoice(
        name=column.name,
        output=column.output,
        type=landed,
        role=role,
        kind=kind,
        reason=reason,
        is_grouped=column.distinct <= MOST_GROUPS,
        missing_as=tuple(disguised.value for disguised in column.disguised),
        low=low,
        high=high,
        missing_share=column.missing / column.rows if column.rows else 0.0,
        # Of one that has landed as text it stays text.
        time_format=column.time_format if landed in TIMES else None,
    )


def _role(column: ColumnProfile, said: Said) -> tuple[Role, str]:
    name = column.name
    for said_of, role, reason in (
        (said.drop, "dropped", "you said so: it does not land"),
        (said.sensitive, "sensitive", f"you said so: {_judged_by(column)}"),
        (said.label, "kept", "the outcome is made of it"),
        (said.time, "kept", "the moment of a row"),
        (said.known_at, "kept", "known only when the outcome is"),
    ):
        if name in said_of:
            return role, reason  # type: ignore[return-value]
    if name in said.keep:
        return _as_feature(column, "you said so: it is known in time")
    if name in said.outcomes:
        return "kept", f"the outcome of the model {said.outcomes[name]}, or when it is known"
    if name in said.refused:
        return "kept", f"no feature: {said.refused[name].text}"
    if column.looks_personal:
        return "sensitive", f"{column.looks_personal}: {_judged_by(column)}"
    return _by_values(column, said)


def _judged_by(column: ColumnProfile) -> str:
    if column.distinct <= MOST_GROUPS:
        return "no feature, the model is judged by it"
    return (
        f"no feature, and with {column.distinct:,} values no group of it is large enough to be "
        "judged"
    )


def _by_values(column: ColumnProfile, said: Said) -> tuple[Role, str]:
    if column.kind == "empty":
        return "kept", "it has no value yet"
    if column.is_constant:
        return "kept", f"it says {column.minimum} in every row"
    if column.name in said.identifiers:
        return "kept", f"an id: {column.looks_like_id or said.identifiers[column.name].text}"
    if column.name in said.key and column.is_nearly_distinct:
        return "kept", "it identifies a row"
    if column.kind in {"moment", "date"}:
        return "kept", "a time is no feature; make one of it, such as its hour or an age"
    return _as_feature(column, _feature_reason(column))


def _as_feature(column: ColumnProfile, reason: str) -> tuple[Role, str]:
    if column.kind not in KINDS:
        return "kept", "a time is no feature; make one of it, such as its hour or an age"
    return "feature", reason


def _feature_reason(column: ColumnProfile) -> str:
    missing = f", {column.missing / column.rows:.1%} missing" if column.missing else ""
    if column.kind == "number":
        says = ", ".join(disguised.value for disguised in column.disguised)
        return f"{column.minimum} to {column.maximum}{missing}{f'; {says}: none' if says else ''}"
    if column.kind == "boolean":
        return f"true or false{missing}"
    if column.kind == "text":
        return f"free text{missing}"
    return f"{column.distinct:,} values, such as {', '.join(column.examples[:3])}{missing}"


def _type(column: ColumnProfile, said: Said) -> str:
    """Moments that matter land as moments, whatever the source leaves open of their zone."""
    if column.name in said.landed_types:
        return said.landed_types[column.name]
    if column.kind == "moment" and column.name in {*said.time, *said.known_at}:
        return MOMENT
    return column.type


def _range(column: ColumnProfile) -> tuple[float | None, float | None]:
    """The lowest and highest number; none where it is one that means that there is no value."""
    if column.kind != "number":
        return None, None
    disguised = {_number(value.value) for value in column.disguised}
    low, high = _number(column.minimum), _number(column.maximum)
    return (None if low in disguised else low), (None if high in disguised else high)


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and isfinite(number) else None


def _by_column(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {name: finding for finding in findings for name in finding.columns}
