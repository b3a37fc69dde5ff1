"""One YAML file is all that a model needs, and a mistake in it is refused where it stands."""

import dagster as dg
import pytest

from mlops_platform.errors import MlopsError
from mlops_platform.training.check import check_candidates

MODEL = """\
type: mlops_platform.components.ModelLifecycleComponent

attributes:
  name: late_flights
  description: Will it be late?
  owners: ["team:tests"]
  features:
    table: flight_features
    entity: flight_id
    numeric: [distance_miles, plane_seats]
    categorical: [carrier]
  task: {type: binary_classification, calibration: sigmoid}
  label: {table: flight_labels, column: is_late}
  window: {cadence: weekly, start: 2013-01-07, timezone: America/New_York}
  training:
    history: {span: {rolling_days: 60}}
    tuning: {trials: 4, seed: 1}
    candidates:
      - name: linear
        preprocessing:
          - columns: numeric
            steps: [{type: sklearn.impute.SimpleImputer}]
          - columns: categorical
            steps: [{type: sklearn.preprocessing.OneHotEncoder, params: {handle_unknown: ignore}}]
        estimator:
          type: sklearn.linear_model.LogisticRegression
          params: {max_iter: 100}
  evaluation:
    subgroups: [carrier]
  gate:
    limits: {roc_auc: 0.6}
  alerting:
    channels:
      - {type: log, name: log}
    severities: {warn: ticket}
  card:
    intended_use: Tests.
    out_of_scope: Everything else.
"""

MISTAKES = {
    "an unknown section": (
        "    candidates:\n",
        "    colour: red\n    candidates:\n",
        ("training.colour", "'red'", "Name a known attribute: history, max_rows, candidates"),
    ),
    "a misspelt attribute": (
        "calibration: sigmoid",
        "calibraton: sigmoid",
        ("task.calibraton", "'sigmoid'", "Did you mean 'calibration'?"),
    ),
    "a number out of range": (
        "{trials: 4, seed: 1}",
        "{trials: 0, seed: 1}",
        ("training.tuning.trials", "input_value=0", "greater than or equal to 1"),
    ),
    "a column that the feature table lacks": (
        "[distance_miles, plane_seats]",
        "[distance_miles, plane_seat]",
        ("features.numeric.1", "'plane_seat'", "Did you mean 'plane_seats'?"),
    ),
    "a column that the label table lacks": (
        "column: is_late}",
        "column: was_cheap}",
        ("label.column", "'was_cheap'", "Name a known column:"),
    ),
    "a table that nobody publishes": (
        "table: flight_features",
        "table: flight_feature",
        ("features.table", "'flight_feature'", "Did you mean 'flight_features'?"),
    ),
    "a column with two roles": (
        "categorical: [carrier]",
        "categorical: [carrier, plane_seats]",
        ("features", "'plane_seats' is named twice", "remove one of the mentions"),
    ),
    "a week that starts on a Tuesday": (
        "start: 2013-01-07",
        "start: 2013-01-08",
        ("window", "2013-01-08 is a Tuesday", "move `start` to a Monday"),
    ),
    "a time zone that does not exist": (
        "timezone: America/New_York",
        "timezone: America/Gotham",
        ("window.timezone", "'America/Gotham'", "use a name such as 'America/New_York'"),
    ),
    "a history that is shorter than its split": (
        "{rolling_days: 60}",
        "{rolling_days: 28}",
        ("training.history", "rolling_days=28", "lengthen `rolling_days` or shorten the split"),
    ),
    "a subgroup that is no declared column": (
        "subgroups: [carrier]",
        "subgroups: [origin]",
        ("evaluation.subgroups.0", "'origin'", "go to `sensitive`"),
    ),
    "two preprocessing entries for a column": (
        "- columns: numeric\n            steps: [{type: sklearn.impute.SimpleImputer}]",
        "- columns: [distance_miles]\n          - columns: numeric",
        ("training.candidates.0.preprocessing", "'distance_miles'", "keep one"),
    ),
    "a feature that nothing preprocesses": (
        "- columns: numeric",
        "- columns: [distance_miles]",
        ("training.candidates.0.preprocessing", "'plane_seats'", "add it to one"),
    ),
    "an estimator without a path": (
        "type: sklearn.linear_model.LogisticRegression",
        "type: LogisticRegression",
        ("training.candidates.0.estimator.type", "'LogisticRegression'", "match pattern"),
    ),
    "a detector that there once was": (
        "  alerting:\n",
        "  monitoring: {performance: {change_detection: {detectors: [adwin]}}}\n  alerting:\n",
        (
            "monitoring.performance.change_detection.detectors.0",
            "'adwin'",
            "remove it and use `cusum`",
        ),
    ),
    "the settings of a detector that there once was": (
        "  alerting:\n",
        "  monitoring: {performance: {change_detection: {hddm: {confidence: 0.1}}}}\n  alerting:\n",
        ("monitoring.performance.change_detection.hddm", "0.1", "remove it and use `cusum`"),
    ),
    "a channel of no known type": (
        "{type: log, name: log}",
        "{type: pigeon, name: log}",
        ("alerting.channels.0", "pigeon", "'log', 'webhook', 'slack', 'email'"),
    ),
    "a secret instead of the name of its variable": (
        "{type: log, name: log}",
        "{type: slack, name: chat, url_variable: https://example.org/hook}",
        ("alerting.channels.0", "url_variable", "Name the one that holds the secret"),
    ),
    "a severity that nobody knows": (
        "severities: {warn: ticket}",
        "severities: {warn: urgent}",
        ("alerting.severities.warn", "'urgent'", "'page', 'ticket' or 'off'"),
    ),
    "a severity of a check that the model does not have": (
        "severities: {warn: ticket}",
        "severities: {checks: {prediction_drfit: page}}",
        ("alerting.severities.checks", "'prediction_drfit'", "Did you mean 'prediction_drift'?"),
    ),
    "a feature that is called like the predictions": (
        "[distance_miles, plane_seats]",
        "[distance_miles, score]",
        ("features.numeric.1", "'score'", "rename it in the table"),
    ),
    "a task that nobody knows": (
        "type: binary_classification,",
        "type: binary_clasification,",
        ("task", "'binary_clasification'", "Did you mean 'binary_classification'?"),
    ),
    "a limit of a metric that the task does not have": (
        "limits: {roc_auc: 0.6}",
        "limits: {roc_acu: 0.6}",
        ("gate.limits.roc_acu", "'roc_acu'", "Did you mean 'roc_auc'?"),
    ),
    "a key that goes by another name now": (
        "limits: {roc_auc: 0.6}",
        "minimum: {roc_auc: 0.6}",
        ("gate.minimum", "'roc_auc'", "write `gate.limits`"),
    ),
    "an option that belongs to the task now": (
        "    tuning: {trials: 4, seed: 1}\n",
        "    costs: {false_negative: 3}\n    tuning: {trials: 4, seed: 1}\n",
        ("training.costs", "'false_negative'", "write `task.costs`"),
    ),
    "an undefined variable in a text": (
        "intended_use: Tests.",
        'intended_use: "Tests of {{ env.NOBODY_SETS_THIS }}."',
        ("card.intended_use", "env.NOBODY_SETS_THIS", "Set the environment variable"),
    ),
    "an undefined variable in a number": (
        "roc_auc: 0.6",
        'roc_auc: "{{ env.NOBODY_SETS_THIS }}"',
        ("gate.limits.roc_auc", "env.NOBODY_SETS_THIS", "Set the environment variable"),
    ),
    "an undefined variable where nothing means something": (
        "{rolling_days: 60}",
        '{rolling_days: "{{ env.NOBODY_SETS_THIS }}"}',
        (
            "training.history.span.rolling_days",
            "env.NOBODY_SETS_THIS",
            "Set the environment variable",
        ),
    ),
}

MISTAKES_OF_ESTIMATORS = {
    "an unknown estimator": (
        "sklearn.linear_model.LogisticRegression",
        "sklearn.linear_model.LogisticRegresion",
        ("training.candidates.0.estimator.type", "LogisticRegresion'", "LogisticRegression"),
    ),
    "a parameter that the estimator does not take": (
        "params: {max_iter: 100}",
        "params: {max_iters: 100}",
        ("training.candidates.0.estimator.params.max_iters", "100", "max_iter"),
    ),
    "a transformer in the estimator's place": (
        "type: sklearn.linear_model.LogisticRegression\n          params: {max_iter: 100}",
        "type: sklearn.preprocessing.StandardScaler",
        ("training.candidates.0.estimator.type", "StandardScaler'", "Name a classifier"),
    ),
    "a parameter whose value fails": (
        "params: {max_iter: 100}",
        "params: {max_iter: many}",
        ("training.candidates.0", "'linear'", "InvalidParameterError"),
    ),
}


def changed(old: str, new: str) -> tuple[str, int]:
    """The model with one change, and the line of the first difference."""
    assert MODEL.count(old) == 1
    text = MODEL.replace(old, new)
    pairs = zip(MODEL.splitlines(), text.splitlines(), strict=False)
    return text, 1 + [before == after for before, after in pairs].index(False)


def section_line(text: str, line: int, field: str) -> int:
    """A mistake of a whole section or list is shown where that begins."""
    name = field.rpartition(".")[2]
    lines = text.splitlines()
    return next(at for at in range(line, 0, -1) if f"{name}:" in lines[at - 1])


@pytest.mark.parametrize(("old", "new", "shown"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_refused_with_file_line_field_value_and_fix(
    sandbox, old: str, new: str, shown: tuple[str, str, str]
) -> None:
    field, value, fix = shown
    text, line = changed(old, new)
    file = sandbox.declare("late_flights", text)
    refusal = sandbox.refusal()
    whole_section = field in {"features", "training.candidates.0.preprocessing"}
    expected = section_line(text, line, field) if whole_section else line
    assert f"{file}:{expected}" in refusal
    assert f"attributes.{field}" in refusal
    assert value in refusal
    assert fix in refusal


def test_all_contradictions_are_told_at_once(sandbox) -> None:
    text = MODEL.replace("subgroups: [carrier]", "subgroups: [origin, destination]")
    sandbox.declare("late_flights", text)
    first, second = sandbox.refusal().splitlines()
    assert "evaluation.subgroups.0: 'origin'" in first
    assert "evaluation.subgroups.1: 'destination'" in second


@pytest.mark.parametrize(
    ("old", "new", "shown"), MISTAKES_OF_ESTIMATORS.values(), ids=MISTAKES_OF_ESTIMATORS
)
def test_what_only_scikit_learn_knows_is_refused_by_the_check(
    sandbox, old: str, new: str, shown: tuple[str, str, str]
) -> None:
    field, value, fix = shown
    text, line = changed(old, new)
    file = sandbox.declare("late_flights", text)
    (model,) = sandbox.models()
    with pytest.raises(MlopsError) as refused:
        model.location.refuse(check_candidates(model.spec))
    expected = section_line(text, line, "- name") if field.endswith("candidates.0") else line
    assert f"{file}:{expected}: attributes.{field}" in str(refused.value)
    assert value in str(refused.value)
    assert fix in str(refused.value)


def test_the_environment_fills_templates_in_texts_and_numbers(
    sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIMUM", "0.75")
    monkeypatch.setenv("ITERATIONS", "250")
    monkeypatch.setenv("READER", "the night shift")
    text = (
        MODEL.replace("roc_auc: 0.6", 'roc_auc: "{{ env.MINIMUM }}"')
        .replace("max_iter: 100", 'max_iter: "{{ env.ITERATIONS }}"')
        .replace("intended_use: Tests.", 'intended_use: "Read by {{ env.READER }}."')
        .replace("seed: 1", "seed: \"{{ env('SEED', '7') }}\"")
    )
    sandbox.declare("late_flights", text)
    (model,) = sandbox.models()
    assert model.spec.gate.limits == {"roc_auc": 0.75}
    assert model.spec.training.candidates[0].estimator.params == {"max_iter": 250}
    assert model.spec.card.intended_use == "Read by the night shift."
    assert model.spec.training.tuning.seed == 7


def test_a_second_model_on_the_same_features_needs_yaml_only(sandbox, flight_delay: str) -> None:
    severe = flight_delay.replace("name: flight_delay", "name: severe_delay").replace(
        "column: is_late", "column: is_severely_late"
    )
    sandbox.declare("flight_delay", flight_delay)
    sandbox.declare("severe_delay", severe)
    definitions = sandbox.definitions()

    specs = {spec.key: spec for spec in definitions.resolve_all_asset_specs()}
    first, second = (
        {key.path[1]: spec for key, spec in specs.items() if key.path[0] == name}
        for name in ("flight_delay", "severe_delay")
    )
    assert first.keys() == second.keys() >= {"training_set", "gate", "champion", "bento"}
    groups = {"severe_delay", "severe_delay_windows", "severe_delay_upkeep"}
    assert {spec.group_name for spec in second.values()} == groups
    # Both read the shared tables, and nothing of each other.
    tables = {dg.AssetKey(["features", name]) for name in ("flight_features", "flight_labels")}
    assert {dep.asset_key for dep in second["training_set"].deps} == tables
    others = {dep.asset_key.path[0] for spec in second.values() for dep in spec.deps}
    assert others == {"features", "severe_delay"}
    stages = {tag for spec in second.values() for tag in spec.tags.items()}
    assert {("mlops/stage", "train"), ("mlops/stage", "watch")} <= stages


def test_two_models_of_one_name_are_refused(sandbox, flight_delay: str) -> None:
    sandbox.declare("flight_delay", flight_delay)
    sandbox.declare("a_copy", flight_delay)
    with pytest.raises(Exception, match="flight_delay"):
        sandbox.definitions().get_repository_def()
