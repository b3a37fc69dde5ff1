"""`mlops reproduce` tells what was compared, and ends with 1 where something differs."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from mlops_platform.data.compared_rows import DifferingColumn, DifferingValue, RowComparison
from mlops_platform.data.known_deliveries import KnownTable
from mlops_platform.data.landing.erasing import Tombstone
from mlops_platform.errors import TrainingError
from mlops_platform.settings import Settings
from mlops_platform.usecases.reproduction import reproduce as reproducing
from mlops_platform.usecases.reproduction.difference import Difference
from mlops_platform.usecases.reproduction.from_facts import BuiltAgain, ProjectUsed
from mlops_platform.usecases.reproduction.reproduce import Reproduction
from mlops_platform.usecases.reproduction.train_again import OutputComparison, TrainedAgain

if TYPE_CHECKING:
    from tests.cli.conftest import Mlops, Past

MOMENT = datetime(2013, 4, 1, 4, tzinfo=UTC)
EQUAL = TrainedAgain(
    run_id="9f",
    training_set="ab" * 32,
    rows=80_000,
    spec_recorded=True,
    environment=(),
    commit=None,
    started_from=None,
    trials=6,
    recipe_then="boosting",
    recipe_now="boosting",
    constants=(),
    outputs=(
        OutputComparison(rows_of="held-out rows", output="score", rows=9, different=0, largest=0),
    ),
    seconds=12.3,
)
PROJECT = ProjectUsed(recorded=True, then="c" * 64, now="c" * 64, differing=(), packages=())
BUILT = BuiltAgain(
    training_set="ab" * 32,
    as_of=MOMENT,
    known_at=MOMENT,
    recorded=True,
    project=PROJECT,
    tables=(KnownTable(table="outcomes", known=31, later=2),),
    erased=(),
    rows=RowComparison(equal=True, rows_then=80_000, rows_now=80_000),
    kept_in=None,
)


@pytest.fixture
def told(past: Past, monkeypatch: pytest.MonkeyPatch):
    """Let the command tell this; what came in is returned."""
    past.release(1, "It passes.")
    asked = {}

    def tell(
        training: TrainedAgain | Exception, facts: BuiltAgain | None = None
    ) -> dict[str, object]:
        def reproduce(deployment, model, version, present, wanted, telling):
            asked.update(model=model, version=version, wanted=wanted)
            if facts is not None:
                telling.facts(facts)
            if isinstance(training, Exception):
                raise training
            return Reproduction(model=model, version=version, facts=facts, training=training)

        monkeypatch.setattr(reproducing, "reproduce", reproduce)
        return asked

    return tell


@pytest.fixture
def past(home: Settings) -> Past:
    from tests.cli.conftest import Past

    return Past(home)


def test_an_equal_training_ends_with_0(told, mlops: Mlops) -> None:
    asked = told(EQUAL)
    shown = mlops("reproduce", "flight_delay@3")
    assert shown.exit_code == 0, shown.output
    assert "Trained again from snapshot abababababab, 80000 rows: 6 trials" in shown.output
    assert "Every prediction is equal, bit for bit." in shown.output
    assert "What the gate saw of its held-out rows was not kept" in shown.output
    assert (asked["model"], asked["version"]) == ("flight_delay", 3)
    assert not asked["wanted"].from_facts


def test_a_difference_ends_with_1_and_is_told(told, mlops: Mlops) -> None:
    output = EQUAL.outputs[0].model_copy(update={"different": 2, "largest": 0.125})
    other = {
        "outputs": (output,),
        "environment": (Difference(name="numpy", then="2.2.0", now="2.3.5"),),
        "constants": (Difference(name="threshold", then="0.25", now="0.5"),),
        "recipe_now": "linear",
        "spec_recorded": False,
    }
    told(EQUAL.model_copy(update=other))
    shown = mlops("reproduce", "flight_delay@3")
    assert shown.exit_code == 1
    first, *_ = shown.output.split("Trained again")
    assert "numpy was 2.2.0 and is 2.3.5." in first
    assert "the present one was used" in first
    assert "Found then: boosting" in shown.output
    assert "Constant threshold was 0.25 and is 0.5." in shown.output
    assert "0.125" in shown.output
    assert "The version is not reproduced." in shown.output


def test_facts_are_told_with_what_explains_a_difference(told, mlops: Mlops) -> None:
    value = DifferingValue(entity="p7", then="1.5", now=None)
    rows = RowComparison(
        equal=False,
        rows_then=10,
        rows_now=9,
        missing=1,
        missing_examples=("p9",),
        columns=(DifferingColumn(column="weight", rows=1, examples=(value,)),),
        other_columns=("'age' is gone",),
    )
    project = PROJECT.model_copy(update={"now": "d" * 64, "differing": ("models/a.sql",)})
    erased = Tombstone(
        table="outcomes",
        rows=4,
        facts=3,
        days=(date(2013, 3, 1),),
        condition_sha256="ef",
        decisions={"flight_delay": 12},
        reason="a person asked",
        actor="alice",
        erased_at=MOMENT,
    )
    changed = {"rows": rows, "project": project, "erased": (erased,), "kept_in": "/scratch"}
    asked = told(EQUAL, BUILT.model_copy(update=changed))
    shown = mlops("reproduce", "flight_delay@3", "--from-facts", "--keep")
    assert shown.exit_code == 1
    assert asked["wanted"].from_facts
    assert asked["wanted"].keep
    for line in (
        "from what had landed by 2013-04-01 04:00 UTC, when its snapshot was taken.",
        "Built with the dbt project that was recorded, cccccccccccc.",
        "The present one, dddddddddddd, differs in models/a.sql.",
        "31 deliveries were known; 2 came later and were left out.",
        "Erased on 2013-04-01: 4 rows of outcomes, decision 12 of flight_delay: a person asked",
        "The rows are not equal: 10 then, 9 now.",
        "p7: 1.5 -> nothing",
        "Of the columns, 'age' is gone.",
        "What was built is kept in /scratch",
    ):
        assert line in shown.output, line


def test_what_says_nothing_of_its_facts_is_told_so(told, mlops: Mlops) -> None:
    project = PROJECT.model_copy(update={"recorded": False, "then": None})
    told(EQUAL, BUILT.model_copy(update={"recorded": False, "project": project}))
    shown = mlops("reproduce", "flight_delay@3", "--from-facts")
    assert shown.exit_code == 0
    assert "nothing says what built it" in shown.output
    assert "Built with the present dbt project, cccccccccccc: none was recorded." in shown.output
    assert "All 80000 rows are equal." in shown.output


def test_facts_are_told_although_the_training_fails(told, mlops: Mlops) -> None:
    told(TrainingError("too few days"), BUILT)
    shown = mlops("reproduce", "flight_delay@3", "--from-facts")
    assert shown.exit_code == 1
    assert "All 80000 rows are equal." in shown.output
    assert "Error: too few days" in shown.output


def test_json_says_whether_all_is_equal(told, mlops: Mlops) -> None:
    told(EQUAL, BUILT)
    shown = mlops("reproduce", "flight_delay@3", "--from-facts", "--json")
    said = json.loads(shown.stdout)
    assert [said["equal"], said["facts"]["equal"], said["training"]["equal"]] == [True] * 3


@pytest.mark.parametrize("name", ["flight_delay", "flight_delay@", "flight_delay@0", "@3", "a@b"])
def test_what_names_no_version_is_refused(home: Settings, mlops: Mlops, name: str) -> None:
    shown = mlops("reproduce", name)
    assert shown.exit_code == 1
    assert "Write a model and a version, such as flight_delay@3." in shown.output


def test_keep_alone_is_refused(home: Settings, mlops: Mlops) -> None:
    assert "name both" in mlops("reproduce", "flight_delay@3", "--keep").output
