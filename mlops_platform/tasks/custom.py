"""Metrics and costs of the user's own, by import path, as estimators have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import Field

from mlops_platform.errors import SpecError
from mlops_platform.section import Identifier, ImportPath, Section
from mlops_platform.tasks.metric import Metric

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Predictions, Targets

Answer = TypeVar("Answer")


class CustomMetric(Section):
    """A metric by import path: `function(targets, column, **params)`, as scikit-learn's are."""

    name: Identifier = Field(description="What it is called in the gate, the card and the pages.")
    function: ImportPath = Field(
        description="Import path.", examples=["sklearn.metrics.matthews_corrcoef"]
    )
    of: Identifier = Field(
        description="Output that it takes beside the targets.", examples=["decision"]
    )
    params: dict[str, Any] = Field(default={}, description="Further arguments of the function.")
    greater_is_better: bool = Field(description="Whether more of it is better.")
    meaning: str = Field(default="", description="One clause for the model card.")

    def metric(self) -> Metric:
        """The metric, whose function is imported when it is first computed.

        Where rows have weights it gets them as `sample_weight`.
        """
        field = f"task.metrics.{self.name}.function"

        def compute(targets: Targets, predictions: Predictions) -> float:
            weights = predictions.weights
            params = dict(self.params)
            if weights is not None:
                _require_weighing(self.function, field)
                params["sample_weight"] = weights
            return _answer_of(
                self.function,
                field,
                lambda function: float(function(targets, predictions[self.of], **params)),
            )

        meaning = self.meaning or f"`{self.function}` of the {self.of}"
        return Metric(meaning, self.greater_is_better, compute)


class CostFunction(Section):
    """Costs by import path: `function(targets, predictions, **params)`, one per row.

    `predictions` maps the name of each output to its column of shape (rows,).
    """

    function: ImportPath = Field(description="Import path.", examples=["my_project.costs.minutes"])
    params: dict[str, Any] = Field(default={}, description="Further arguments of the function.")

    def of_rows(self, targets: Targets, predictions: Predictions) -> Numbers:
        """Cost of each row, shape (rows,).

        Raises:
            SpecError: the function cannot be imported, fails, or gives no number for each row.
        """
        import numpy as np

        field = "task.costs.function"
        costs: Numbers = _answer_of(
            self.function,
            field,
            lambda function: np.asarray(
                function(targets, predictions.columns, **self.params), dtype=np.float64
            ),
        )
        if costs.shape != (len(targets),) or not np.isfinite(costs).all():
            fix = f"It must return one finite number for each of {len(targets)} rows."
            raise SpecError(field, self.function, fix)
        return costs


def costs_section(own: type[Section]) -> Callable[[Any], Section]:
    """What reads a task's costs: its own section, or a function.

    They are told apart here, so that an error names one mistake and not every alternative.
    """

    def section_of(costs: Any) -> Section:
        if isinstance(costs, CostFunction):
            return costs
        is_function = isinstance(costs, Mapping) and "function" in costs
        return (CostFunction if is_function else own).model_validate(costs)

    return section_of


def load_function(path: str, field: str) -> Callable[..., Any]:
    """The function at an import path.

    Raises:
        SpecError: nothing that can be called is there.
    """
    from importlib import import_module

    module, _, name = path.rpartition(".")
    try:
        function = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise SpecError(field, path, f"It cannot be imported ({error}).") from error
    if not callable(function):
        raise SpecError(field, path, "It is no function.")
    called: Callable[..., Any] = function
    return called


def _require_weighing(path: str, field: str) -> None:
    """Refuse a function that would take every row for one.

    Raises:
        SpecError: it takes no weights.
    """
    from inspect import Parameter, signature

    try:
        parameters = signature(load_function(path, field)).parameters
    except ValueError:  # compiled functions need not say what they take
        return
    any_name = any(p.kind is Parameter.VAR_KEYWORD for p in parameters.values())
    if "sample_weight" not in parameters and not any_name:
        fix = (
            "Rows count by `features.weight`, and it takes no `sample_weight`: give it this "
            "argument, of shape (rows,), or declare no weight."
        )
        raise SpecError(field, path, fix)


def _answer_of(path: str, field: str, ask: Callable[[Callable[..., Any]], Answer]) -> Answer:
    function = load_function(path, field)
    try:
        return ask(function)
    except Exception as error:  # a foreign function may raise anything
        raise SpecError(field, path, f"It fails: {type(error).__name__}: {error}.") from error
