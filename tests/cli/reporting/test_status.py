"""`mlops status` of deployments in every state."""

import json
from datetime import UTC, date, datetime

import pytest

from mlops_platform.cli.console import console
from mlops_platform.components.models import declared_specs
from mlops_platform.data.features.project.sources import project_digest
from mlops_platform.ledger.records import NewDecision
from mlops_platform.settings import PROJECT_ROOT, Settings, settings
from mlops_platform.usecases.proof.records import Outcome, Proof, Verdict, keep_proof
from tests.cli.conftest import MODEL


def _status(mlops) -> dict:
    """Status with the past's model first; the other declared one has no past."""
    shown = mlops("status", "--json")
    assert shown.exit_code == 0, shown.output
    status = json.loads(shown.output)
    status["models"].sort(key=lambda model: model["model"] != MODEL)
    return status


def test_a_model_without_champion_and_windows_is_told_in_words(new, mlops) -> None:
    new.at("2013-04-01T04:00")
    shown = mlops("status")
    assert shown.exit_code == 0
    for words in ("none yet", "mlops train flight_delay\n", "none scored yet", "which a replay"):
        assert words in shown.output
    model = _status(mlops)["models"][0]
    assert model == {
        "model": "flight_delay",
        "as_of": "2013-04-01T04:00:00Z",
        "replayed": True,
        "declared": True,
        "timezone": "America/New_York",
        "champion": None,
        "adjustment": None,
        "challenger": None,
        "reported": None,
        "window": None,
        "last_decision": None,
        "frozen": None,
        "open_pages": 0,
        "open_tickets": 0,
        "proof": None,
        "retired": None,
    }


def test_models_whose_replays_have_reached_the_same_moment_are_told_at_once(new, mlops) -> None:
    new.at("2013-04-01T04:00")
    clock = settings().replay_clock(MODEL)
    settings().replay_clock("arrival_delay").write_bytes(clock.read_bytes())
    shown = " ".join(mlops("status").output.split())
    assert (
        "arrival_delay, flight_delay as of 2013-04-01 04:00 UTC, which a replay of history has "
        "reached of each; without its file in"
    ) in shown
    assert shown.count("replay of history") == 1


def test_the_champion_and_the_decision_that_made_it(past, mlops) -> None:
    status = _status(mlops)
    model = status["models"][0]
    assert (model["as_of"], model["replayed"]) == ("2013-04-22T10:00:00Z", True)
    champion = model["champion"]
    assert (champion["version"], champion["release"]) == (2, 2)
    assert champion["since"] == "2013-04-19T16:30:00Z"
    assert champion["decision"]["reason"] == "Better by far."
    shown = mlops("status").output
    assert "2013-04-19 16:30 UTC" in shown
    assert "Better by far." in shown


@pytest.mark.parametrize(
    ("mode", "share", "words"), [("shadow", 0.0, "shadow"), ("canary", 0.25, "canary of 25 %")]
)
def test_what_is_on_trial_and_since_when(past, mlops, mode: str, share: float, words: str) -> None:
    assert "challenger" not in mlops("status").output
    past.challenge(3, mode, share)
    status = _status(mlops)["models"][0]
    assert status["champion"]["version"] == 2
    assert status["challenger"] == {
        "version": 3,
        "mode": mode,
        "share": share,
        "since": "2013-04-22T10:00:00Z",
        "bento": None,
        "actor": "gate",
    }
    shown = mlops("status").output
    for told in ("challenger 3", words, "2013-04-22 10:00 UTC", "without a Bento"):
        assert told in shown
    past.release(3, "Not worse.")
    assert _status(mlops)["models"][0]["challenger"] is None


def test_the_latest_window_counts_and_a_figure_that_is_not_known_is_null(past, mlops) -> None:
    window = _status(mlops)["models"][0]["window"]
    assert (window["name"], window["state"], window["version"]) == ("2013-04-15", "provisional", 2)
    assert window["outcomes_known"] == 0.5
    assert window["loss"] is None
    assert window["drift_share"] is None
    assert "unknown" in mlops("status").output


def test_the_figures_of_a_mature_window(past, mlops) -> None:
    past.measure(date(2013, 4, 15), 0.5)
    past.watch(date(2013, 4, 15))
    window = _status(mlops)["models"][0]["window"]
    assert window["state"] == "mature"
    expected = 0.45 * 0.55 / 0.52
    assert window["promised_loss"] == expected
    assert window["loss_increase"] == 0.5 - expected
    assert (window["test_loss"], window["baseline_loss"]) == (0.45, 0.55)
    assert (window["drift_share"], window["prediction_drift"]) == (0.5, 0.07)
    assert window["drift_alarm"] is True
    shown = mlops("status").output
    for words in (
        "0.5000",
        "expected 0.4760",
        "test 0.4500",
        "log loss",
        "baseline 0.5500",
        "50 %",
        "outputs",
        "0.070",
    ):
        assert words in shown


def test_a_scored_window_that_was_not_measured_says_so(past, mlops) -> None:
    past.score(date(2013, 4, 22), past.ledger.current_release("flight_delay"))
    assert _status(mlops)["models"][0]["window"]["state"] == "unmeasured"
    assert "unmeasured" in mlops("status").output


def test_a_frozen_model_says_by_whom_and_why(past, mlops) -> None:
    past.decide("freeze", "[radar] down", actor="alice")
    shown = mlops("status").output
    assert "frozen by alice" in shown
    assert shown.count("flight_delay freeze by alice: [radar] down") == 1
    assert _status(mlops)["models"][0]["frozen"]["actor"] == "alice"


def test_a_model_that_only_the_ledger_knows_is_listed_too(past, mlops) -> None:
    past.ledger.record_decision("churn", NewDecision(kind="wait", reason="r", actor="a"))
    declared = {model["model"]: model["declared"] for model in _status(mlops)["models"]}
    assert declared == {spec.name: True for spec in declared_specs()} | {"churn": False}
    assert "no YAML declares it" in mlops("status").output


def test_eighty_columns_cut_nothing(past, mlops, monkeypatch: pytest.MonkeyPatch) -> None:
    past.challenge(3, "canary", 0.25)
    past.measure(date(2013, 4, 15), 0.5)
    past.watch(date(2013, 4, 15))
    monkeypatch.setattr(console, "width", 80)
    shown = mlops("status").output
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    words = ("flight_delay", "challenger 3", "estimate", "unknown", "100 %", "alarm", "2013-04-22")
    for word in words:
        assert word in shown
    for spec in declared_specs():
        assert spec.name in shown


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("proved", "tables proved\n"), ("failed", "tables failed\n"), ("not proved", "in part\n")],
)
def test_what_the_last_proof_of_its_tables_has_found(
    past, mlops, home: Settings, outcome: Outcome, words: str
) -> None:
    assert "tables" not in mlops("status").output
    verdict = Verdict(property="future", table="flights", outcome=outcome, detail="Tried.")
    proof = Proof(
        model=MODEL,
        features="flights",
        label="labels",
        proved_at=datetime(2013, 4, 2, tzinfo=UTC),
        project=project_digest(PROJECT_ROOT / "dbt_project"),
        seed=3,
        rounds=1,
        first_day=date(2013, 3, 1),
        last_day=date(2013, 3, 31),
        rows=10,
        builds=4,
        seconds=1.0,
        verdicts=(verdict,),
    )
    keep_proof(home.model_home(MODEL), proof)
    assert _status(mlops)["models"][0]["proof"] == {
        "outcome": outcome,
        "proved_at": "2013-04-02T00:00:00Z",
        "seed": 3,
        "same_project": True,
    }
    assert words.strip() in mlops("status").output
    assert "changed since" not in mlops("status").output

    keep_proof(home.model_home(MODEL), proof.model_copy(update={"project": "another"}))
    assert "and changed since" in mlops("status").output
