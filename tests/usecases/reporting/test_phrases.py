from datetime import UTC, datetime

import pytest

from mlops_platform.ledger.records import Decision
from mlops_platform.usecases.reporting.phrases import decision_text


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.4926, "0.4926"), (0.0, "0.0000"), (3.3e-16, "3.3e-16"), (-2e-5, "-2e-05")],
)
def test_a_figure_that_is_not_nothing_is_not_told_as_nothing(value: float, shown: str) -> None:
    exported = Decision(
        id=1,
        kind="export",
        reason="It leaves.",
        actor="alice",
        evidence={"max_difference": value},
        model="flights",
        made_at=datetime(2024, 3, 4, tzinfo=UTC),
        previous_hash="",
        hash="",
    )

    assert decision_text(exported).evidence == f"max difference {shown}"
