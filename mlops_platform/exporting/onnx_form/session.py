"""A graph asked for rows, as `onnxruntime` runs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlops_platform.exporting.onnx_form.columns import MISSING_TEXT
from mlops_platform.exporting.onnx_form.form import ANSWER, NUMBERS
from mlops_platform.exporting.refusal import NotExportable

if TYPE_CHECKING:
    from mlops_platform.serving.frames import Row


class GraphSession:
    """One loaded graph.

    Raises:
        NotExportable: `onnxruntime` is not installed, or cannot run it.
    """

    def __init__(self, model: bytes) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise NotExportable(
                "a graph is only written where it was proved, which needs `onnxruntime`: install "
                "the extra, `pip install 'mlops-platform[onnx]'`."
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # of its own kinds, which it does not document
            raise NotExportable(f"onnxruntime cannot run the graph: {error}") from error
        self._inputs = {put.name: put.type for put in self._session.get_inputs()}

    def feed(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Rows as the tensors that the graph takes."""
        import numpy as np

        tensors = {}
        for name, kind in self._inputs.items():
            is_text = kind == "tensor(string)"
            missing = MISSING_TEXT if is_text else np.nan
            values = [missing if row[name] is None else row[name] for row in rows]
            tensor = np.array(values, dtype=object if is_text else np.float64)
            tensors[name] = tensor.reshape(-1, 1)
        return tensors

    def run(self, tensors: dict[str, Any]) -> dict[str, Any]:
        """Every output, shape (rows,) each, and the numbers of the model."""
        names = [put.name for put in self._session.get_outputs()]
        return dict(zip(names, self._session.run(None, tensors), strict=True))

    def answers(self, rows: Sequence[Row]) -> tuple[list[tuple[float, ...]], list[dict[str, Any]]]:
        """Numbers and outputs of rows."""
        outputs = {name: tensor.tolist() for name, tensor in self.run(self.feed(rows)).items()}
        numbers = list(map(tuple, outputs.pop(NUMBERS)))
        fields = [name.removeprefix(ANSWER) for name in outputs]
        answers = [
            dict(zip(fields, values, strict=True)) for values in zip(*outputs.values(), strict=True)
        ]
        return numbers, answers
