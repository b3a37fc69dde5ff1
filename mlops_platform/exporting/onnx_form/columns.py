"""Features as inputs of a graph, and what the compiled columns make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mlops_platform.exporting.onnx_form.builder import ML, OnnxGraph
from mlops_platform.exporting.refusal import NotExportable
from mlops_platform.serving.schema import CategoricalColumn, FeatureSchema
from mlops_platform.serving.scoring.compiled.columns import (
    NAN,
    CompiledColumn,
    Key,
    Lookup,
    Number,
    Operation,
    Source,
)
from mlops_platform.tasks import Tensor

MISSING_TEXT: Final = ""
"""A tensor of texts has no null: the empty text stands for what is missing."""
_OPERATORS: Final = {"-": "Sub", "+": "Add", "*": "Mul", "/": "Div"}


def input_types(schema: FeatureSchema) -> dict[str, type]:
    """Number or text, by the name of each feature; missing numbers are NaN.

    Raises:
        NotExportable: a category is the text that stands for what is missing.
    """
    types: dict[str, type] = {}
    for column in schema.columns:
        types[column.name] = float if column.column_kind.is_number else str
        if isinstance(column, CategoricalColumn) and MISSING_TEXT in (column.categories or ()):
            raise NotExportable(
                f"{column.name}: has the empty text as a category, which in a tensor means that "
                "the value is missing. Publish it as NULL in the feature table, or export the "
                "model to Python."
            )
    return types


class Features:
    """The inputs of a graph."""

    def __init__(self, graph: OnnxGraph, types: Mapping[Any, type]) -> None:
        self._graph, self._types = graph, types
        self._flat: dict[Source, Tensor] = {}

    def column(self, column: CompiledColumn) -> Tensor:
        """What a compiled column makes of the features, shape (rows,)."""
        if isinstance(column, Lookup):
            return self.looked_up(column)
        assert isinstance(column, Number), column
        return self.line(column.source, column.operations, column.missing)

    def line(self, source: Source, operations: Sequence[Operation], missing: float) -> Tensor:
        """A number after some arithmetic, or `missing` where it is."""
        graph, value = self._graph, self._value(source)
        changed = value
        for symbol, operand in operations:
            changed = graph.apply(_OPERATORS[symbol], changed, graph.constant(operand))
        if missing != missing:
            return changed
        is_missing = graph.apply("IsNaN", value)
        return graph.apply("Where", is_missing, graph.constant(missing), changed)

    def looked_up(self, lookup: Lookup) -> Tensor:
        """A number from a table."""
        value = self._value(lookup.source)
        if not lookup.table:
            # The same for every key; the operator wants one at least.
            lookup = Lookup(lookup.source, {None: lookup.default}, lookup.default)
        is_text = self._types[lookup.source] is str
        keys = [self._key(key, is_text) for key in lookup.table]
        return self._graph.apply(
            "LabelEncoder",
            value,
            domain=ML,
            keys_tensor=_tensor(keys, is_text),
            values_tensor=_tensor([float(number) for number in lookup.table.values()], False),
            default_tensor=_tensor([float(lookup.default)], False),
        )

    @staticmethod
    def _key(key: Key, is_text: bool) -> Any:
        if key is None:
            return MISSING_TEXT if is_text else NAN
        return key if is_text else float(key)

    def _value(self, source: Source) -> Tensor:
        if source not in self._flat:
            axis = self._graph.positions([1])
            self._flat[source] = self._graph.apply("Squeeze", str(source), axis)
        return self._flat[source]


def _tensor(values: list[Any], is_text: bool) -> Any:
    from onnx import TensorProto, helper

    kind = TensorProto.STRING if is_text else TensorProto.DOUBLE
    return helper.make_tensor("", kind, (len(values),), values)
