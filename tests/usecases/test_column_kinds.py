"""A model with all four kinds of columns, from its published tables to the drift of its windows."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from mlops_platform.data.features.published import publish_table
from mlops_platform.data.training_set import snapshot_training_set
from mlops_platform.data.windows import window_named
from mlops_platform.ledger.records import NewDecision
from mlops_platform.serving.online.store import OnlineStore
from mlops_platform.serving.packing.server import RunningBento, running_bento
from mlops_platform.serving.schema import BooleanColumn, TextColumn
from mlops_platform.settings import read_settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.candidate.judge import evaluate_candidate, judge_candidate
from mlops_platform.usecases.candidate.train import train_candidate
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.release.bento import PackagedRelease, package_release
from mlops_platform.usecases.release.card import WrittenCard, write_model_card
from mlops_platform.usecases.release.reference import FOLDER, load_profile, load_reference
from mlops_platform.usecases.release.register import RegisteredCandidate, register_candidate
from mlops_platform.usecases.release.release import Promotion, release_version
from mlops_platform.usecases.service.export_online import export_online
from mlops_platform.usecases.service.land_served import land_served
from mlops_platform.usecases.service.replay_request import replay_request
from mlops_platform.usecases.version.champion import load_champion
from mlops_platform.usecases.version.deployed import DeployedVersion
from mlops_platform.usecases.window.drift import WatchedWindow, watch_drift
from mlops_platform.usecases.window.score import score_window
from mlops_platform.usecases.window.served import take_served_window
from tests.homes.blank_registry import put_blank_registry
from tests.registry.fetched import fetched_directory, fetched_version

pytestmark = pytest.mark.slow
FITTED = datetime(2024, 3, 25, tzinfo=UTC)
NOW = datetime(2024, 4, 8, tzinfo=UTC)
CALM, BROKEN = "2024-03-25", "2024-04-01"
ROWS_A_DAY, DAYS, BROKEN_DAY = 40, 98, 91
# In the last week nothing is verified, and the comments are in words that nobody had used before.
REVIEWS = f"""
CREATE TABLE reviews AS
SELECT
    'r' || n AS review_id,
    TIMESTAMPTZ '2024-01-01 00:10:00+00' + to_minutes(n * {1440 // ROWS_A_DAY}) AS event_time,
    event_time::DATE AS local_date,
    hash(n) % 5 + 1 AS stars,
    ['web', 'shop', 'app'][(hash(n, 1) % 3 + 1)::INT] AS channel,
    CASE
        WHEN hash(n, 2) % 10 = 0 THEN NULL
        ELSE hash(n, 2) % 2 = 0 AND n < {ROWS_A_DAY * BROKEN_DAY}
    END AS verified,
    CASE
        WHEN hash(n, 3) % 10 = 0 THEN NULL
        WHEN n < {ROWS_A_DAY * BROKEN_DAY} THEN concat_ws(
            ' ', ['Good', 'bad'][(hash(n, 4) % 2 + 1)::INT], 'word' || hash(n, 5) % 40, '"size"',
            'word' || hash(n, 6) % 40, CASE WHEN hash(n, 7) % 3 = 0 THEN 'and more' END
        )
        ELSE concat_ws(' ', 'neu' || hash(n, 5) % 40, 'größe', 'schön')
    END AS comment
FROM range({ROWS_A_DAY * DAYS}) AS reviews (n)
"""
RETURNS = """
CREATE TABLE returns AS
SELECT
    review_id,
    local_date,
    hash(review_id) % 100 < 15
        + 45 * (coalesce(comment, '') LIKE 'bad%')::INT
        + 25 * (NOT coalesce(verified, true))::INT AS returned,
    event_time + INTERVAL 6 HOUR AS known_at
FROM reviews
"""
IMPUTER = {"type": "sklearn.impute.SimpleImputer", "params": {"add_indicator": True}}
ENCODER = {"type": "sklearn.preprocessing.OneHotEncoder", "params": {"handle_unknown": "ignore"}}
VECTORIZER = {"type": "sklearn.feature_extraction.text.TfidfVectorizer"}
MODEL: dict[str, Any] = {
    "name": "returns",
    "description": "Will the parcel come back?",
    "owners": ["team:parcels"],
    "features": {
        "table": "reviews",
        "entity": "review_id",
        "numeric": ["stars"],
        "categorical": ["channel"],
        "boolean": ["verified"],
        "text": ["comment"],
    },
    "label": {"table": "returns", "column": "returned"},
    "window": {"start": "2024-01-01"},
    "training": {
        "history": {"split": {"validation_days": 21, "test_days": 21}},
        "candidates": [
            {
                "name": "linear",
                "preprocessing": [
                    {"columns": "numeric"},
                    {"columns": "categorical", "steps": [ENCODER]},
                    {"columns": "boolean", "steps": [IMPUTER]},
                    {"columns": "text", "steps": [VECTORIZER]},
                ],
                "estimator": {
                    "type": "sklearn.linear_model.LogisticRegression",
                    "params": {"max_iter": 500},
                },
            }
        ],
        "tuning": {"trials": 1, "folds": 2},
    },
    "evaluation": {"permutation_rows": 300},
    "serving": {"golden_rows": 20, "max_text_characters": 300, "online_store": {}},
    "card": {"intended_use": "Tests.", "out_of_scope": "Parcels."},
}


@dataclass(frozen=True)
class Released:
    """What a training left behind."""

    deployment: Deployment
    spec: ModelSpec
    registered: RegisteredCandidate
    card: WrittenCard
    packaged: PackagedRelease

    @property
    def profile_names(self) -> tuple[str, ...]:
        return load_profile(self.deployment.registry, self.champion.release).bins.names

    @property
    def champion(self) -> Any:
        return load_champion(self.deployment, self.spec.name)

    def watched(self, name: str) -> WatchedWindow:
        window, place = window_named(self.spec.window, name), self.deployment.settings
        scored = score_window(
            self.spec, window, self.champion, place.published, place.predictions, NOW
        )
        return self.watch(scored)

    def watch(self, scored: Any) -> WatchedWindow:
        registry, release = self.deployment.registry, self.champion.release
        reference, profile = load_reference(registry, release), load_profile(registry, release)
        return watch_drift(self.deployment, self.spec, scored, reference, profile)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Released:
    home = tmp_path_factory.mktemp("kinds")
    deployment = Deployment(read_settings({"MLOPS_HOME": str(home)}), moment_of=lambda model: NOW)
    place, spec = deployment.settings, ModelSpec.model_validate(MODEL)
    warehouse = home / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(REVIEWS)
        connection.execute(RETURNS)
    for table in ("reviews", "returns"):
        publish_table(warehouse, table, "local_date", place.published, ["review_id"])
    deployment.ledger.create_schema()
    put_blank_registry(home)
    training_set = snapshot_training_set(spec, place.published, place.training_sets, FITTED)
    candidate = train_candidate(deployment, spec, training_set, {})
    evaluated, _ = evaluate_candidate(spec, candidate, None, deployment.registry)
    judged = judge_candidate(spec, evaluated)
    assert judged.verdict.outcome == "promote", judged.verdict.reason
    registered = register_candidate(deployment, spec, judged, {})
    decision = NewDecision(kind="promote", reason="It passes.", actor="gate")
    release = release_version(
        deployment, Promotion(spec.name, registered.identity, decision, expected_sequence=None)
    )
    standing = DeployedVersion.released(release)
    card = write_model_card(deployment, spec, registered, standing, {})
    packaged = package_release(deployment, spec, registered, standing, card, "test")
    return Released(deployment, spec, registered, card, packaged)


@pytest.fixture(scope="module")
def server(released: Released) -> Iterator[RunningBento]:
    place, spec = released.deployment.settings, released.spec
    export_online(released.deployment, spec, datetime.now(UTC))
    environment = {
        "MLOPS_SERVING_LOG": str(place.prediction_log(spec.name)),
        "MLOPS_SERVING_ONLINE_STORE": str(place.online_store(spec.name)),
    }
    bento = released.packaged.bento
    with running_bento(bento.tag, place.bentoml_home, environment=environment) as running:
        yield running


def ask(server: RunningBento, route: str, body: Any) -> tuple[int, Any]:
    connection = server.connection()
    connection.request("POST", route, json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def row(**changes: Any) -> dict[str, Any]:
    return {
        "stars": 3,
        "channel": "web",
        "verified": True,
        "comment": "good word1",
        **changes,
    }


def test_a_version_that_is_registered_again_has_the_reference_that_is_sealed(
    released: Released,
) -> None:
    identity = released.registered.identity
    assert identity.reference is not None
    assert released.champion.release.reference == identity.reference
    again = register_candidate(released.deployment, released.spec, released.registered.judged, {})
    assert again.identity == identity
    load_reference(released.deployment.registry, released.champion.release)


def test_the_training_set_holds_booleans_as_numbers_and_texts_as_strings(
    released: Released,
) -> None:
    columns = released.registered.judged.evaluated.candidate.training_set.columns
    types = {column.name: column.type for column in columns}
    assert (types["verified"], types["comment"]) == ("double", "string")


def test_the_schema_tells_the_kinds_apart(released: Released) -> None:
    *_, verified, comment = released.registered.features.columns
    assert verified == BooleanColumn(name="verified", missing_allowed=True)
    assert comment == TextColumn(name="comment", missing_allowed=True, max_characters=300)


def test_served_equals_offline_through_the_pipeline_and_says_why_it_is_not_compiled(
    released: Released,
) -> None:
    parity = released.packaged.parity
    assert parity.rows > 3000
    assert parity.max_difference <= 1e-12
    assert not parity.compiled
    assert parity.fallback_reason == "comment: is free text, which only the pipeline itself reads."
    assert released.packaged.not_explained == parity.fallback_reason


def test_the_model_learnt_from_the_new_kinds(released: Released) -> None:
    importances = released.registered.judged.evaluated.evaluation.importances
    leading = {importance.feature for importance in importances[:2]}
    assert leading == {"verified", "comment"}


def test_the_card_lists_features_by_kind(released: Released) -> None:
    markdown, html, stored = (file.read_text() for file in released.card.files)
    assert "| Boolean features | verified |" in markdown
    assert "| Text features | comment |" in markdown
    assert "<th>Text features</th><td>comment</td>" in html
    assert json.loads(stored)["model_details"]["features"] == {
        "numeric": ["stars"],
        "categorical": ["channel"],
        "boolean": ["verified"],
        "text": ["comment"],
    }


def test_mlflow_takes_what_a_client_sends(released: Released) -> None:
    import mlflow

    fetched = fetched_version(released.deployment.registry, "returns", 1)
    served = mlflow.pyfunc.load_model(str(fetched.directory))
    types = {column.name: column.type.name for column in served.metadata.get_input_schema()}
    assert types == {
        "stars": "double",
        "channel": "string",
        "verified": "boolean",
        "comment": "string",
    }
    example = served.metadata.load_input_example(str(fetched.directory))
    assert {type(value) for value in example["verified"].dropna()} == {bool}
    assert served.predict(example).shape == (5, 2)


def test_true_and_false_are_answered_and_nothing_like_them(server: RunningBento) -> None:
    probabilities = {}
    for value in (True, False, None):
        status, answer = ask(server, "/v1/predict", row(verified=value))
        assert status == 200
        probabilities[value] = answer["probability"]
    assert probabilities[False] > probabilities[True]
    for value in (0, 1, "true", 1.0):
        status, problem = ask(server, "/v1/predict", row(verified=value))
        assert status == 422
        assert problem["errors"] == [
            {"field": "verified", "value": repr(value), "fix": "Send true or false."}
        ]


def test_a_text_that_is_too_long_is_refused_with_its_length_and_the_limit(
    server: RunningBento,
) -> None:
    assert ask(server, "/v1/predict", row(comment="x" * 300))[0] == 200
    status, problem = ask(server, "/v1/predict", row(comment="x" * 301))
    assert status == 422
    [error] = problem["errors"]
    assert error["field"] == "comment"
    assert error["fix"] == "String should have at most 300 characters; it has 301."


def test_a_missing_text_is_an_empty_one_and_unseen_words_are_answered(
    server: RunningBento,
) -> None:
    answers = [
        ask(server, "/v1/predict", row(comment=comment))[1]["probability"]
        for comment in (None, "", 'never "heard" of, größer')
    ]
    assert answers[0] == answers[1]


def test_an_entity_is_answered_from_the_store_in_its_kinds(
    released: Released, server: RunningBento
) -> None:
    location = released.deployment.settings.online_store("returns")
    store = OnlineStore.open(location, released.registered.features, timedelta(days=1))
    entity = f"r{ROWS_A_DAY * DAYS - 1}"
    kinds = {name: type(value) for name, value in store.lookup(entity).features.items()}
    store.close()
    assert kinds["stars"] is float
    assert kinds["verified"] in {bool, type(None)}
    assert ask(server, "/v1/predict_by_entity", {"review_id": entity})[0] == 200


def test_what_was_served_lands_is_scored_again_and_makes_a_window(
    released: Released, server: RunningBento
) -> None:
    deployment, spec = released.deployment, released.spec
    calm = range(ROWS_A_DAY * 84, ROWS_A_DAY * 84 + 60)
    for number in calm:
        sent = row(review_id=f"r{number}", verified=[True, False, None][number % 3])
        assert ask(server, "/v1/predict", sent)[0] == 200
    landed = land_served(deployment, spec, datetime.now(UTC))
    assert landed.parity.passed, landed.parity.reason
    assert landed.parity.compared >= len(calm)
    scored = take_served_window(deployment, spec, window_named(spec.window, CALM))
    assert scored is not None
    predictions = pq.read_table(scored.path)
    assert str(predictions.schema.field("sent_verified").type) == "bool"
    drift = {column.column: column for column in released.watch(scored).drift.columns}
    assert drift["verified"].null_share == pytest.approx(1 / 3)


def test_a_logged_request_is_replayed_with_the_values_that_were_sent(
    released: Released, server: RunningBento
) -> None:
    status, answer = ask(server, "/v1/predict", row(verified=False, comment=None))
    assert status == 200
    replayed = replay_request(released.deployment, released.spec, answer["request_id"])
    assert replayed.agrees
    assert replayed.rows[0].features == row(stars=3.0, verified=False, comment=None)


def test_no_text_is_stored_with_what_windows_are_compared_with(released: Released) -> None:
    release = released.champion.release
    folder: Path = fetched_directory(released.deployment.registry, release.run_id, FOLDER)
    held_out = pq.read_table(folder / "held_out.parquet")
    assert "comment" not in held_out.column_names
    assert {"comment length", "comment unknown words"} <= set(held_out.column_names)
    assert "comment" not in released.profile_names


def test_a_calm_week_is_silent_and_new_words_and_flags_ring(released: Released) -> None:
    calm = released.watched(CALM)
    assert calm.drift.features.alarm is False
    assert not {"comment length", "comment unknown words"} & set(calm.quality.empty_columns)
    broken = {column.column: column for column in released.watched(BROKEN).drift.columns}
    drifted = {name for name, column in broken.items() if column.drifted}
    assert {"verified", "comment unknown words", "comment length"} <= drifted
    assert "stars" not in drifted


def test_the_page_shows_what_is_derived_of_a_text_and_never_the_text(
    released: Released,
) -> None:
    watched = released.watched(BROKEN)
    folder = fetched_directory(released.deployment.registry, watched.run_id, "reports")
    page = (folder / f"{date.fromisoformat(BROKEN)}.html").read_text()
    assert "comment unknown words" in page
    assert not re.search(r"\b(neu|word)\d", page)
