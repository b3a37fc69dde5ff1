"""OnnxGraph: operators of ONNX, written one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.exporting.refusal import NotExportable

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

    from mlops_platform.tasks import Tensor

OPSET: Final = 18
ML_OPSET: Final = 5
"""The first in which trees have thresholds in float64 (`TreeEnsemble`)."""
IR_VERSION: Final = 10
ML: Final = "ai.onnx.ml"
ROWS: Final = "rows"
"""Name of the first dimension of every tensor."""


class OnnxGraph:
    """A graph that grows; it is what a task writes its answer to.

    Raises:
        NotExportable: `onnx` is not installed.
    """

    def __init__(self) -> None:
        try:
            import onnx.helper  # noqa: F401 - told before anything is made
        except ImportError as error:
            raise NotExportable(
                "an export to ONNX needs the packages `onnx` and `onnxruntime`: install the extra, "
                "`pip install 'mlops-platform[onnx]'`."
            ) from error
        self._nodes: list[NodeProto] = []
        self._constants: dict[tuple[Any, ...], tuple[str, TensorProto]] = {}

    def constant(self, value: float | Sequence[float] | Sequence[str]) -> Tensor:
        """A scalar, or a vector of numbers or texts."""
        key = (value,) if isinstance(value, float) else tuple(value)
        shape = () if isinstance(value, float) else (len(key),)
        return self._constant(key, shape, isinstance(key[0], str))

    def positions(self, values: Sequence[int]) -> Tensor:
        """A vector of whole numbers, as some operators want them."""
        from onnx import TensorProto, helper

        key = ("positions", *values)
        if key not in self._constants:
            name = f"constant:{len(self._constants)}"
            made = helper.make_tensor(name, TensorProto.INT64, (len(values),), list(values))
            self._constants[key] = name, made
        return self._constants[key][0]

    def columns(self, tensors: Sequence[Tensor]) -> Tensor:
        """Tensors of a row each beside one another, shape (rows, tensors)."""
        upright = [self.apply("Unsqueeze", tensor, self.positions([1])) for tensor in tensors]
        return self.apply("Concat", *upright, axis=1)

    def column(self, matrix: Tensor, position: int) -> Tensor:
        """One column of a matrix, shape (rows,)."""
        from onnx import TensorProto, helper

        name = f"constant:{len(self._constants)}"
        at = helper.make_tensor(name, TensorProto.INT64, (), [position])
        self._constants["column", name] = name, at
        return self.apply("Gather", matrix, name, axis=1)

    def apply(self, operator: str, *inputs: Tensor, domain: str = "", **attributes: Any) -> Tensor:
        """What an operator makes of its inputs."""
        from onnx import helper

        output = f"node:{len(self._nodes)}:{operator}"
        node = helper.make_node(operator, list(inputs), [output], domain=domain, **attributes)
        self._nodes.append(node)
        return output

    def model(
        self, inputs: Mapping[str, type], outputs: Mapping[str, Tensor], facts: Mapping[str, str]
    ) -> bytes:
        """The finished graph, checked.

        Args:
            inputs: of shape (rows, 1), numbers or texts by their name.
            outputs: tensors of shape (rows,) by the name that they get.
            facts: kept beside the graph.
        """
        import onnx
        from onnx import TensorProto, helper

        kinds = {float: TensorProto.DOUBLE, str: TensorProto.STRING}
        taken = [
            helper.make_tensor_value_info(name, kinds[kind], [ROWS, 1])
            for name, kind in inputs.items()
        ]
        for name, tensor in outputs.items():
            self._nodes.append(helper.make_node("Identity", [tensor], [name]))
        given = [onnx.ValueInfoProto(name=name) for name in outputs]
        constants = [made for _, made in self._constants.values()]
        graph = helper.make_graph(self._nodes, "scorer", taken, given, constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
        model: ModelProto = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="mlops_platform"
        )
        helper.set_model_props(model, dict(facts))
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
        onnx.checker.check_model(inferred)
        return bytes(inferred.SerializeToString(deterministic=True))

    def _constant(self, values: tuple[Any, ...], shape: tuple[int, ...], is_text: bool) -> Tensor:
        from onnx import TensorProto, helper

        # NaN is not equal to itself; its text is.
        key = (shape, *map(repr, values))
        if key not in self._constants:
            name = f"constant:{len(self._constants)}"
            kind = TensorProto.STRING if is_text else TensorProto.DOUBLE
            self._constants[key] = name, helper.make_tensor(name, kind, shape, list(values))
        return self._constants[key][0]
