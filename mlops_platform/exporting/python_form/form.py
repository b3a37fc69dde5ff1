"""The Python form of a version: one program, whose constants are literals of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pprint import pformat
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.exporting.python_form.linker import linked
from mlops_platform.exporting.python_form.row_checks import Feature, RowChecks
from mlops_platform.exporting.python_form.row_scorer import AnswerOf, RowScorer
from mlops_platform.exporting.python_form.web import Web
from mlops_platform.exporting.refusal import NotExportable
from mlops_platform.serving.schema import CategoricalColumn
from mlops_platform.serving.scoring.compiled.columns import (
    CompiledColumn,
    Lookup,
    NotCompilable,
)
from mlops_platform.serving.scoring.compiled.ensemble import Ensemble
from mlops_platform.serving.scoring.compiled.linear import LinearScore, LinearTerms, Slope
from mlops_platform.serving.scoring.compiled.model import CompiledHead, CompiledModel
from mlops_platform.serving.scoring.compiled.nearest.distance import Distance, DistanceTerms
from mlops_platform.serving.scoring.compiled.tree_code import reader_source, trees_sources
from mlops_platform.serving.scoring.compiled.trees import MAX_DEPTH, TreeSum

if TYPE_CHECKING:
    from mlops_platform.exporting.exportable import Exportable
    from mlops_platform.serving.scoring.compiled.plain_model import PlainHead, PlainModel
    from mlops_platform.tasks import RowAnswer

PROGRAM: Final = "scorer.py"
MAX_NODES: Final = 500_000
"""Of all trees: more take longer than some seconds to compile at a cold start."""

_HEAD = '''"""{name}, exported by mlops_platform: do not edit, export again.

It needs Python 3.10 or later and nothing else.

    score(row)            the answer for one row, a mapping from features to values
    app                   a WSGI application: /v1/predict, /v1/predict_batch, /v1/model
    handler(event, context)  for AWS Lambda
"""

from __future__ import annotations

{code}

nan, inf = float("nan"), float("inf")
ORIGIN = {origin}
ENTITY = {entity!r}
FEATURES = {features}
CONSTANTS = {constants}
OPTIONS = {options}
{model}
SCORER = RowScorer(
    ORIGIN,
    ENTITY,
    RowChecks(FEATURES, ENTITY),
    MODEL,
    AnswerOf({usable}, {answer}, {shown}, OPTIONS, CONSTANTS),
)
WEB = Web(SCORER, {{**ORIGIN, "entity": ENTITY, "features": [f._asdict() for f in FEATURES]}})
score, numbers, app, handler = SCORER.score, SCORER.numbers, WEB.app, WEB.handler
'''


def python_program(version: Exportable) -> str:
    """The source of a program that scores as the version is served.

    Raises:
        NotExportable: its task or a part of its model has no such form, or is too large for it.
    """
    rows = version.task.row_answer
    if rows is None:
        raise NotExportable(
            f"{version.name} cannot be exported: what it answers to a row (task "
            f"{version.task.type}) needs the platform. Serve it: `mlops serve`."
        )
    read = version.read()
    _refuse_too_large(version, read)
    try:
        model = "\n".join(_model(read))
    except NotCompilable as error:
        raise NotExportable(f"{version.name} cannot be exported: {error}") from error
    return _HEAD.format(
        name=version.name.capitalize(),
        code=_code(read, rows),
        origin=_literal(dict(version.origin)),
        entity=version.schema.entity,
        features=_literal(tuple(_features(version))),
        constants=_literal(dict(version.constants)),
        options=_literal(dict(rows.options)),
        model=model,
        usable=rows.usable.__name__,
        answer=rows.answer.__name__,
        shown=rows.shown.__name__,
    )


def _code(read: PlainModel, rows: RowAnswer) -> str:
    """Every function and class that the program calls."""
    kinds: set[type] = {type(head.link) for head in read.heads}
    if read.joint is not None:
        kinds.add(type(read.joint))
    ordered = sorted(kinds, key=lambda kind: kind.__name__)
    scores: list[type] = []
    if any(isinstance(head.score, LinearTerms) for head in read.heads):
        scores += [LinearScore, LinearTerms, Lookup, Slope]
    if any(isinstance(head.score, DistanceTerms) for head in read.heads):
        scores += [Distance]
    if any(isinstance(head.score, Ensemble) for head in read.heads):
        scores += [TreeSum]
    compiled = (*ordered, *scores, CompiledHead, CompiledModel)
    functions = (rows.usable, rows.answer, rows.shown)
    return linked(*compiled, *functions, Feature, RowChecks, AnswerOf, RowScorer, Web)


def _features(version: Exportable) -> Iterator[Feature]:
    for column in version.schema.columns:
        categories = column.categories if isinstance(column, CategoricalColumn) else None
        told = column.name in version.task.told_if_missing
        yield Feature(column.name, column.kind, column.missing_allowed, categories, told)


def _model(read: PlainModel) -> Iterator[str]:
    """The functions of trees and columns, and the model that is made of them."""
    for at, head in enumerate(read.heads):
        if isinstance(head.score, LinearTerms):
            yield f"SCORE_{at} = LinearScore.of({_literal(head.score)})"
        elif isinstance(head.score, DistanceTerms):
            yield from _distance(at, head.score)
        else:
            yield from _trees(at, head.score)
    heads = "".join(f"    {_head(at, head)},\n" for at, head in enumerate(read.heads))
    yield f"MODEL = CompiledModel(\n  (\n{heads}  ),\n  {read.joint!r},\n)"


def _head(at: int, head: PlainHead) -> str:
    return f"CompiledHead(SCORE_{at}, {head.link!r})"


def _distance(at: int, terms: DistanceTerms) -> Iterator[str]:
    yield from _reader(f"columns_{at}", terms.columns)
    yield f"SCORE_{at} = Distance(columns_{at}, {terms.centre!r})"


def _reader(
    name: str, columns: Sequence[CompiledColumn], used: Iterable[int] | None = None
) -> Iterator[str]:
    """The function from a row to the values of columns, after the tables that it reads."""
    source, tables = reader_source(name, columns, used)
    for table_name, table in tables.items():
        yield f"{table_name} = {_literal(dict(table))}"
    yield source


def _trees(at: int, ensemble: Ensemble) -> Iterator[str]:
    yield from _reader(f"columns_{at}", ensemble.columns, ensemble.used)
    parts = trees_sources(f"trees_{at}", ensemble.trees, len(ensemble.columns))
    yield from parts.values()
    named = "".join(f"{name}, " for name in parts)
    yield f"SCORE_{at} = TreeSum(columns_{at}, {ensemble.base!r}, ({named}))"


def _refuse_too_large(version: Exportable, read: PlainModel) -> None:
    ensembles = [head.score for head in read.heads if isinstance(head.score, Ensemble)]
    nodes = sum(ensemble.nodes for ensemble in ensembles)
    if nodes > MAX_NODES:
        raise NotExportable(
            f"{version.name} cannot be exported to Python: its trees have {nodes:,} nodes, and "
            f"{MAX_NODES:,} is what a program holds that starts in some seconds. Train smaller "
            "ones (`min_samples_leaf`, `n_estimators`), or export it to ONNX."
        )
    depth = max((ensemble.depth for ensemble in ensembles), default=0)
    if depth > MAX_DEPTH:
        raise NotExportable(
            f"{version.name} cannot be exported to Python: a tree of it is {depth} splits deep, "
            f"and Python nests no more than {MAX_DEPTH}. Set `max_depth`, or export it to ONNX."
        )


def _literal(value: Any) -> str:
    """A value as source: of plain values and of named tuples and dataclasses that are linked."""
    return pformat(value, width=100, sort_dicts=False)
