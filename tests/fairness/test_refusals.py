"""What `docs/fairness.md` says that one reads, read."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.errors import MlopsError
from mlops_platform.fairness.audit import audit_of
from mlops_platform.fairness.limits import judge_gaps
from mlops_platform.fairness.measure import measure_fairness
from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.spec import inconsistencies
from mlops_platform.tasks import TASKS
from tests.fairness.conftest import Declare, decided

PAGE = (PROJECT_ROOT / "docs" / "fairness.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("| what comes in | what one reads |\n|---|---|\n")[2]


def declared(fairness: dict[str, Any], gate: dict[str, Any] | None = None) -> Any:
    return lambda declare: "; ".join(map(str, inconsistencies(declare(fairness, gate))))


def audited(fairness: dict[str, Any], sexes: Any) -> Any:
    def refusal(declare: Declare) -> str:
        rows = pd.DataFrame({"sex": sexes, "income": 1.0, "is_new": 1.0, "is_repaid": True})
        with pytest.raises(MlopsError) as refused:
            audit_of(declare(fairness), lambda name: rows[name])
        return str(refused.value)

    return refusal


def judged(shares: dict[str | None, float], limit: str = "selection_rate", rows: int = 400) -> Any:
    def text(declare: Declare) -> str:
        spec = declare(gate={limit: {"min_ratio": 0.8}})
        compared = decided(spec, shares, rows)
        if limit == "true_positive_rate":
            compared.targets[:] = 0
        measured = measure_fairness(spec, compared)
        assert measured is not None
        return "; ".join(gap.text for gap in judge_gaps(measured, spec.gate.fairness))

    return text


def without_columns(declare: Declare) -> str:
    spec = declare(gate={"loss": {"max_difference": 1}})
    spec = spec.model_copy(update={"evaluation": type(spec.evaluation)()})
    return "; ".join(map(str, inconsistencies(spec)))


CASES: dict[str, Callable[[Declare], str]] = {
    "a numeric feature as a column": declared({"columns": ["income"]}),
    "a sensitive column of numbers, or of many values": audited({}, np.arange(1000) / 10),
    "a column that the table does not have": declared({"columns": ["gender"]}),
    "a reference that no row has": audited({"reference": {"sex": "M"}}, ["m", "f"]),
    "a limit of a figure that the task does not have": declared(
        {}, {"selection": {"min_ratio": 0.8}}
    ),
    "a limit without columns": without_columns,
    "a limit for a column that is not compared": declared(
        {}, {"error_rate": {"max_difference": 0.1, "columns": ["origin"]}}
    ),
    "a ratio of what may be negative": declared({}, {"calibration_gap": {"min_ratio": 0.8}}),
    "one group only": judged({"f": 0.3}),
    "a column that is missing everywhere": judged({None: 0.3}),
    "groups too small to compare": judged({"f": 0.3, "m": 0.9}, rows=40),
    "a group with outcomes of one class": judged({"f": 0.3, "m": 0.9}, "true_positive_rate"),
    "nobody selected in any group": judged({"f": 0.0, "m": 0.0}),
}


@pytest.mark.parametrize("given", CASES)
def test_one_reads_what_the_page_says(declare: Declare, given: str) -> None:
    (row,) = [line for line in TABLE.splitlines() if line.startswith(f"| {given} |")]
    assert row.split("`")[1] in CASES[given](declare)


def test_the_page_has_no_other_rows() -> None:
    rows = [line.split(" | ")[0].removeprefix("| ") for line in TABLE.splitlines() if line]
    assert rows == list(CASES)


@pytest.mark.parametrize(
    ("section", "told_as"),
    [
        ({"type": "binary_classification"}, "binary"),
        (
            {"type": "multiclass_classification", "classes": ["a", "b", "c"]},
            "multiclass classification",
        ),
        (
            {
                "type": "multiclass_classification",
                "classes": ["a", "b", "c"],
                "prediction_sets": {"coverage": 0.9},
            },
            "multiclass classification",
        ),
        ({"type": "regression"}, "regression"),
        ({"type": "anomaly_detection", "budget": {"share": 0.01}}, "anomaly detection"),
    ],
)
def test_every_figure_of_groups_is_told_for_its_task(section: dict[str, Any], told_as: str) -> None:
    task = TASKS[section["type"]].model_validate(section)
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    for name in task.group_metrics:
        figure = re.sub("_[abc]$", "_<class>", name)
        (row,) = [line for line in rows if f"`{figure}`" in line]
        assert told_as in row or row.endswith("| all |"), figure
