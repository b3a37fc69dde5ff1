"""Lines of the prediction log become rows of a table; what is no such line is kept apart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NotRequired,
    get_type_hints,
)

from pydantic import (
    AwareDatetime,
    ConfigDict,
    Field,
    FiniteFloat,
    TypeAdapter,
    ValidationError,
    with_config,
)
from typing_extensions import TypedDict

from mlops_platform.column_kind import KINDS, ColumnKind
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Output, Task

if TYPE_CHECKING:
    import pyarrow as pa

KEYS = ("time", "request_id", "row", "route", "entity", "role", "model", "version", "sequence")
ADJUSTMENT = "release_adjustment"
"""The column of a line's `adjustment`, which no feature is called; NULL where a line has none."""
LATER_KEYS = ("latency_ms", "redacted", ADJUSTMENT)
"""Columns of every landed prediction: these, its outputs between them, then its features."""
PLACES = ("day", "event_time", "partition")
"""Columns that are put beside landed predictions."""

Whole = Annotated[int, Field(ge=0, lt=2**31)]
Value = FiniteFloat | bool | str | None


class LineHead(TypedDict):
    """What every line has, as `serving.watching.prediction_log` writes it."""

    __pydantic_config__ = ConfigDict(strict=True, extra="forbid")  # type: ignore[misc]

    time: AwareDatetime
    request_id: str
    row: Whole
    route: str
    entity: str | None
    role: Literal["champion", "challenger", "shadow"]
    model: str
    version: str
    sequence: Whole
    features: dict[str, Value]
    latency_ms: FiniteFloat
    redacted: NotRequired[list[str]]
    adjustment: NotRequired[Whole]


ServedLine = dict[str, Any]


class MalformedLine(NamedTuple):
    """A line that could not be read, and why."""

    line: bytes
    reason: str


class ReadLines(NamedTuple):
    """The rows of some lines, in their order, and the lines that are none."""

    rows: pa.Table
    malformed: list[MalformedLine]


def served_column(feature: str, task: Task) -> str:
    """The column of a feature: its own name, unless every landed prediction has one of that name.

    A feature `model` is in `feature_model`.
    """
    taken = (*KEYS, *(output.field for output in task.outputs), *LATER_KEYS, *PLACES)
    return f"feature_{feature}" if feature in taken else feature


def read_lines(lines: Sequence[bytes], spec: ModelSpec) -> ReadLines:
    """Read lines of one model's log.

    Columns: `KEYS`, the outputs, `LATER_KEYS`, then the features: DOUBLE, VARCHAR or BOOLEAN as the
    spec declares them, which are NULL where they were missing or redacted, then features that only
    other versions of the model read.
    """
    read: list[ServedLine] = []
    malformed: list[MalformedLine] = []
    kinds = spec.features.kinds
    validate = _line_type(spec.task.outputs).validate_json
    for line in lines:
        try:
            served = _declared(validate(line), spec.name, kinds)
        except ValueError as error:
            malformed.append(MalformedLine(line, _reason(error)))
        else:
            read.append(served)
    return ReadLines(_table(read, spec.task, kinds), malformed)


@cache
def _line_type(outputs: tuple[Output, ...]) -> TypeAdapter[ServedLine]:
    """Of the lines whose predictions have these outputs."""
    fields = {output.field: _value_type(output) for output in outputs}
    # Made of a mapping, so that no type checker can know it.
    line = TypedDict("line", get_type_hints(LineHead, include_extras=True) | fields)  # type: ignore[misc]
    strict: Any = with_config(ConfigDict(strict=True, extra="forbid"))(line)
    return TypeAdapter(strict)


def _value_type(output: Output) -> Any:
    if output.kind == "category":
        return str
    if output.kind == "flag":
        return bool
    return Annotated[FiniteFloat, Field(ge=output.minimum, le=output.maximum)]


def _declared(served: ServedLine, model: str, kinds: Mapping[str, ColumnKind]) -> ServedLine:
    """The line of this model with its features in the kinds that the spec declares.

    The version that answered may be older than the spec, and have called a flag a number.
    """
    if served["model"] != model:
        raise ValueError(f"model: {served['model']!r} is another one")
    features = {
        name: value if name not in kinds else _of_kind(kinds[name], name, value)
        for name, value in served["features"].items()
    }
    return {**served, "features": features, ADJUSTMENT: served.get("adjustment")}


def _of_kind(kind: ColumnKind, name: str, value: Value) -> Value:
    if value is None or type(value) is kind.json_type:
        return value
    is_flag = kind.is_number and value in (0, 1)
    if not is_flag:
        raise ValueError(f"features.{name}: {value!r} is no {kind.json_type.__name__}")
    return kind.to_json(value)


def _reason(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'line'}: {first['msg']}"


def _table(served: Sequence[ServedLine], task: Task, kinds: Mapping[str, ColumnKind]) -> pa.Table:
    import pyarrow as pa

    types = {
        "time": pa.timestamp("us", "UTC"),
        "row": pa.int32(),
        "sequence": pa.int32(),
        **{
            output.field: {"flag": pa.bool_(), "category": pa.string()}.get(
                output.kind, pa.float64()
            )
            for output in task.outputs
        },
        "latency_ms": pa.float64(),
        "redacted": pa.list_(pa.string()),
        ADJUSTMENT: pa.int32(),
    }
    columns = {
        key: pa.array([line.get(key) for line in served], types.get(key, pa.string()))
        for key in (*KEYS, *(output.field for output in task.outputs), *LATER_KEYS)
    }
    features = [line["features"] for line in served]
    names = dict.fromkeys([*kinds, *(name for row in features for name in row)])
    for name in names:
        values = [row.get(name) for row in features]
        columns[served_column(name, task)] = _feature(values, kinds.get(name))
    return pa.table(columns)


def _feature(values: Sequence[float | bool | str | None], kind: ColumnKind | None) -> pa.Array:
    import pyarrow as pa

    if kind is None:
        kind = _kind_of(values)
        values = [kind.to_json(value) for value in values]
    return pa.array(values, pa.type_for_alias(kind.arrow_type))


def _kind_of(values: Sequence[float | bool | str | None]) -> ColumnKind:
    """The narrowest kind that holds all values of a feature which the spec does not know."""
    if any(isinstance(value, str) for value in values):
        return KINDS["categorical"]
    is_boolean = {type(value) for value in values} - {type(None)} == {bool}
    return KINDS["boolean" if is_boolean else "numeric"]


def quarantined(malformed: Sequence[MalformedLine]) -> str:
    """Write malformed lines as JSON lines, each with its reason."""
    return "".join(
        json.dumps({"reason": reason, "line": line.decode(errors="backslashreplace")}) + "\n"
        for line, reason in malformed
    )
