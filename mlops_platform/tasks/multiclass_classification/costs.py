"""What wrong decisions cost, and which decision is expected to cost least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from mlops_platform.errors import SpecError
from mlops_platform.section import Section, nearest_name
from mlops_platform.tasks.custom import CostFunction, costs_section
from mlops_platform.told_apart import ToldApart, has, lacks

if TYPE_CHECKING:
    from mlops_platform.tasks.multiclass_classification.metrics import Codes
    from mlops_platform.tasks.predictions import Numbers

Cost = Annotated[float, Field(ge=0)]


class MistakeCosts(Section):
    """What a wrong decision costs, in any one unit; a right one costs nothing."""

    mistakes: dict[str, dict[str, Cost]] = Field(
        default={},
        description="By the class that came true: what deciding another one costs.",
        examples=[{"storm": {"sun": 10.0}}],
    )
    otherwise: Annotated[float, Field(gt=0)] = Field(
        default=1.0, description="Of every other wrong decision."
    )

    def matrix(self, classes: Sequence[str]) -> list[list[float]]:
        """Cost of every pair: a row for what came true, a column for what was decided."""
        return [
            [
                0.0 if true == decided else self.mistakes.get(true, {}).get(decided, self.otherwise)
                for decided in classes
            ]
            for true in classes
        ]

    @property
    def are_equal(self) -> bool:
        """Whether all mistakes cost the same: then the likeliest class is decided."""
        return all(
            cost == self.otherwise
            for of_decided in self.mistakes.values()
            for cost in of_decided.values()
        )

    def faults(self, classes: Sequence[str]) -> list[SpecError]:
        """Classes that are not declared, and a right decision that costs something."""
        faults = []
        for true, of_decided in self.mistakes.items():
            path = f"task.costs.mistakes.{true}"
            if true not in classes:
                faults.append(SpecError(path, true, nearest_name("class", true, list(classes))))
                continue
            for decided in of_decided:
                if decided not in classes:
                    fix = nearest_name("class", decided, list(classes))
                    faults.append(SpecError(f"{path}.{decided}", decided, fix))
                elif decided == true:
                    fix = "A right decision costs nothing; take it out."
                    faults.append(SpecError(f"{path}.{decided}", of_decided[decided], fix))
        return faults


MulticlassCosts = Annotated[
    MistakeCosts | CostFunction,
    ToldApart(costs_section(MistakeCosts), (lacks("function"), has("function"))),
]


def cheapest(probabilities: Numbers, costs: Sequence[Sequence[float]] | None) -> Codes:
    """Position of the class of least expected cost in each row, shape (rows,); ties: the first.

    Args:
        probabilities: shape (rows, classes).
        costs: as `MistakeCosts.matrix`; None where all mistakes cost the same.
    """
    import numpy as np

    if costs is None:
        return np.asarray(np.argmax(probabilities, axis=1), dtype=np.int64)
    expected = np.zeros_like(probabilities)
    for true, of_decided in enumerate(costs):
        expected = expected + probabilities[:, [true]] * np.array(of_decided)[None, :]
    return np.asarray(np.argmin(expected, axis=1), dtype=np.int64)


def cheapest_in_row(probabilities: Sequence[float], costs: Sequence[Sequence[float]] | None) -> int:
    """The same of one row, without NumPy."""
    if costs is None:
        return probabilities.index(max(probabilities))
    expected = []
    for decided in range(len(probabilities)):
        total = 0.0
        for true, share in enumerate(probabilities):
            total += share * costs[true][decided]
        expected.append(total)
    return expected.index(min(expected))


def costs_of_decisions(codes: Codes, decided: Codes, costs: Sequence[Sequence[float]]) -> Numbers:
    """Cost of each decision, shape (rows,); where an undeclared class came true, the greatest.

    Args:
        codes: positions of what came true; below 0 where that is no declared class.
        decided: positions of what was decided.
    """
    import numpy as np

    matrix = np.array(costs)
    # The last row is that of position -1.
    extended = np.vstack([matrix, np.full((1, len(matrix)), matrix.max())])
    paid: Numbers = extended[codes, decided]
    return paid


def mentioned(mistakes: Mapping[str, Mapping[str, float]]) -> str:
    """Costs as a clause for a person."""
    pairs = [
        f"{decided} where it was {true} costs {cost:g}"
        for true, of_decided in mistakes.items()
        for decided, cost in of_decided.items()
    ]
    return ", ".join(pairs)
