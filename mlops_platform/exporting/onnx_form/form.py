"""The ONNX form of a version: one graph with an input for each feature and all of its outputs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from mlops_platform.exporting.onnx_form.builder import OnnxGraph
from mlops_platform.exporting.onnx_form.columns import MISSING_TEXT, Features, input_types
from mlops_platform.exporting.onnx_form.links import joint_numbers, linked_number
from mlops_platform.exporting.onnx_form.scores import raw_score
from mlops_platform.exporting.refusal import NotExportable

if TYPE_CHECKING:
    from mlops_platform.exporting.exportable import Exportable

GRAPH: Final = "scorer.onnx"
ANSWER: Final = "answer."
"""Outputs are called so, and by their field: a feature may have the name of a field, and no dot."""
NUMBERS: Final = "model.numbers"
"""Output with what the model says before anything is decided by it, shape (rows, numbers)."""


def onnx_model(version: Exportable) -> bytes:
    """A graph that scores as the version is served.

    Raises:
        NotExportable: its task or a part of its model has no such form, or `onnx` is not there.
    """
    graph, types, read = OnnxGraph(), input_types(version.schema), version.read()
    features = Features(graph, types)
    numbers = [
        linked_number(graph, head.link, raw_score(graph, features, head.score))
        for head in read.heads
    ]
    if read.joint is not None:
        numbers = joint_numbers(graph, read.joint, numbers)
    answer = version.task.graph_answer(graph, numbers, version.constants)
    if answer is None:
        raise NotExportable(
            f"{version.name} cannot be exported to ONNX: what it answers to a row (task "
            f"{version.task.type}) has no form as a graph. Serve it: `mlops serve`."
        )
    outputs = {f"{ANSWER}{field}": tensor for field, tensor in answer.items()}
    return graph.model(
        types,
        {**outputs, NUMBERS: graph.columns(numbers)},
        {
            "origin": json.dumps(dict(version.origin)),
            "missing": json.dumps({"numbers": "NaN", "texts": MISSING_TEXT}),
        },
    )
