"""What training rows hold of each group."""

import numpy as np
import pandas as pd
import pytest

from mlops_platform.errors import TrainingError
from mlops_platform.fairness.audit import AuditedColumn, audit_of
from mlops_platform.spec import ModelSpec
from tests.fairness.conftest import Declare


def training_rows() -> pd.DataFrame:
    sexes = np.repeat(np.array(["f", "m", None], dtype=object), [300, 600, 100])
    at = np.arange(1000)
    income = np.where((sexes == "f") & (at % 3 == 0), np.nan, 1.0 * at)
    return pd.DataFrame(
        {
            "sex": sexes,
            "origin": at % 3,
            "income": income,
            "is_new": 1.0,
            "is_repaid": (at % 10 < np.where(sexes == "m", 6, 3)),
        }
    )


def audited(spec: ModelSpec, rows: pd.DataFrame) -> tuple[AuditedColumn, ...]:
    return audit_of(spec, lambda name: rows[name])


def test_rows_shares_and_outcomes_of_each_group_are_told(declare: Declare) -> None:
    (column,) = audited(declare(), training_rows())
    groups = {group.name: group for group in column.groups}
    assert [(name, group.rows) for name, group in groups.items()] == [
        ("m", 600),
        ("f", 300),
        ("(missing)", 100),
    ]
    assert groups["f"].share == 0.3
    assert groups["m"].targets == {"positive_rate": pytest.approx(0.6)}


def test_features_that_groups_lack_unequally_often_are_listed(declare: Declare) -> None:
    (column,) = audited(declare(), training_rows())
    (gap,) = column.missing
    assert (gap.feature, gap.most, gap.least_share) == ("income", "f", 0.0)
    assert gap.most_share == pytest.approx(1 / 3)


def test_missing_values_of_small_groups_say_nothing(declare: Declare) -> None:
    (column,) = audited(declare({"min_group_rows": 400}), training_rows())
    assert column.missing == ()


def test_without_declared_columns_there_is_none(declare: Declare) -> None:
    spec = declare()
    undeclared = spec.model_copy(update={"evaluation": type(spec.evaluation)()})
    assert audited(undeclared, training_rows()) == ()


def test_a_column_of_many_values_is_refused_with_its_fix(declare: Declare) -> None:
    rows = training_rows().assign(sex=np.arange(1000) / 10)
    with pytest.raises(TrainingError) as refused:
        audited(declare(), rows)
    assert str(refused.value) == (
        "evaluation.fairness.columns: 'sex' has 1,000 values in the training rows, such as 0, 0.1, "
        "0.2, and groups are at most 20. Make bands or larger groups of it in dbt, in a column of "
        "its own, and list that instead."
    )


def test_a_reference_that_no_row_has_is_refused(declare: Declare) -> None:
    with pytest.raises(TrainingError, match=r"reference\.sex: no training row has 'M'"):
        audited(declare({"reference": {"sex": "M"}}), training_rows())


def test_one_group_and_only_missing_ones_are_told(declare: Declare) -> None:
    (column,) = audited(declare(), training_rows().assign(sex=None))
    assert [(group.name, group.rows) for group in column.groups] == [("(missing)", 1000)]
    assert column.missing == ()
