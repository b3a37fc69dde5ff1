"""What is written of somebody's own data lands, builds, trains and keeps what it promises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mlops_platform.settings import settings
from mlops_platform.training.check import check_candidates
from mlops_platform.usecases.proof.prove import Prover, Wanted, opened_prover
from tests.usecases.scaffold.files.cases import DAYS, ORDERS_OF_DAY
from tests.usecases.scaffold.files.conftest import Owned

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def prover(owned: Owned) -> Iterator[Prover]:
    with opened_prover(settings(), owned.project, "owned") as opened:
        yield opened


def test_all_that_landed_is_built(owned: Owned) -> None:
    def present(table: str) -> int:
        ((rows,),) = owned.query(f"SELECT count(*) FROM {table} WHERE superseded_at IS NULL")
        return int(str(rows))

    # The last order is of the day after.
    orders = DAYS * ORDERS_OF_DAY - 1
    assert present("late_orders_features") == present("order_delays_features") == orders
    # Some have no outcome.
    assert 0.9 * orders < present("late_orders_labels") == present("order_delays_labels") < orders
    assert present("alarms_features") == present("alarms_labels") == 720
    assert present("long_trips_features") == present("short_trips_labels") == 300
    assert present("churn_labels") == 400


def test_rolling_features_are_those_of_a_join_of_all_with_all(owned: Owned) -> None:
    ((differing, filled),) = owned.query(
        """
        WITH outcomes AS (
            SELECT "order", delay > 15 AS is_late, delivered FROM stg_orders
            WHERE delay IS NOT NULL AND delivered IS NOT NULL
        ),
        expected AS (
            SELECT features.order_id, avg(is_late::integer) AS rate
            FROM late_orders_features AS features
            LEFT JOIN outcomes
                ON outcomes."order" = features."order"
                AND delivered <= event_time AND delivered > event_time - INTERVAL 72 HOUR
            GROUP BY ALL
        )
        SELECT
            count_if(abs(coalesce(rate, -1) - coalesce(order_late_rate_3d, -1)) > 1e-12),
            count(order_late_rate_3d)
        FROM expected JOIN late_orders_features USING (order_id)
        """
    )
    assert differing == 0
    assert int(str(filled)) > 800


def test_no_row_tells_of_its_own_outcome(owned: Owned) -> None:
    ((first,),) = owned.query(
        "SELECT count(late_rate_1d) FROM late_orders_features WHERE event_time < "
        "(SELECT min(known_at) FROM late_orders_labels)"
    )
    assert first == 0


def test_equal_rows_are_told_apart(owned: Owned) -> None:
    ((ids, rows),) = owned.query(
        "SELECT count(DISTINCT readings_id), count(DISTINCT (read_at, machine, heat, alarm)) "
        "FROM stg_readings"
    )
    assert ids == 720
    assert int(str(rows)) < 720


@pytest.mark.parametrize("model", ["late_orders", "order_delays", "churn"])
def test_training_ends_at_a_champion(owned: Owned, model: str) -> None:
    decision = owned.by_hand[model].train()
    assert decision.kind == "promote", decision.reason
    assert owned.deployment.ledger.current_release(model) is not None


@pytest.mark.parametrize("model", ["late_orders", "alarms", "short_trips"])
def test_tables_keep_what_they_promise(owned: Owned, prover: Prover, model: str) -> None:
    spec = owned.by_hand[model].model.spec
    proof = prover.prove(spec, Wanted(rounds=1), datetime.now(UTC), lambda line: None)
    outcomes = {(verdict.property, verdict.table): verdict for verdict in proof.verdicts}
    assert not [verdict for verdict in proof.verdicts if verdict.outcome == "failed"]
    for table in (spec.features.table, spec.label.table):
        for property in ("future", "incremental", "reach"):
            assert outcomes[property, table].outcome == "proved"


@pytest.mark.parametrize("model", ["alarms", "churn"])
def test_every_candidate_fits_and_predicts(owned: Owned, model: str) -> None:
    assert check_candidates(owned.by_hand[model].model.spec) == []
