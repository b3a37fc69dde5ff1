"""A loaded version of several classes explains its answers, and the command shows them."""

from datetime import UTC, datetime
from math import log
from pathlib import Path

import pytest

from mlops_platform.cli.service import explain as explain_command
from mlops_platform.serving.contents import Contents, PackedRelease
from mlops_platform.serving.explaining.prepare import prepare_explainer
from mlops_platform.serving.golden import choose_golden_rows
from mlops_platform.serving.scoring.scorer import Scorer
from mlops_platform.serving.served_version import ServedVersion
from mlops_platform.usecases.explanation.contributions import explain_row
from mlops_platform.usecases.explanation.record import ExplainedPrediction
from tests.serving.explaining.test_class_explainer import MODELS
from tests.serving.explaining.test_explainer import ROWS, SCHEMA

CONSTANTS = {"known_4": 0.0, "factor_1": 0.5, "factor_3": 3.0}


@pytest.fixture(scope="module")
def served() -> ServedVersion:
    task, model = MODELS["logistic"]()
    golden = choose_golden_rows(SCHEMA, task, model, ROWS, 5)
    release = PackedRelease(
        model="punctuality",
        version="1",
        sequence=1,
        task=task,
        constants=CONSTANTS,
        training_set_hash="ab" * 32,
        explained=True,
    )
    background = [row.features for row in golden.rows]
    return ServedVersion(
        Contents(Path(), release, SCHEMA, {}, golden),
        Scorer(SCHEMA, task, model),
        prepare_explainer(task, model, SCHEMA, background),
    )


def explained(served: ServedVersion) -> ExplainedPrediction:
    row = served.contents.golden_rows.rows[0].features
    answer, contributions = explain_row(served, row)
    return ExplainedPrediction(
        model="punctuality",
        source="a golden row",
        entity="f1",
        time=datetime(2013, 3, 1, tzinfo=UTC),
        role="champion",
        version="1",
        release=1,
        adjustment=0,
        answer=answer,
        difference=None,
        **contributions._asdict(),
    )


def test_each_known_class_adds_up_to_what_was_answered(served: ServedVersion) -> None:
    found = explained(served)

    assert found.is_explained
    assert found.additive is None
    logarithms = {
        name: log(found.answer[f"probability_{at}"])
        for at, name in enumerate(("early", "on time", "late"), 1)
    }
    mean = sum(logarithms.values()) / 3
    assert list(found.classes) == list(logarithms)
    for name, additive in found.classes.items():
        total = additive.base + sum(part.contribution for part in additive.contributions)
        # Beside the fourth class, which is given 1e-6 at least, the others have a little less.
        assert total == pytest.approx(logarithms[name] - mean, abs=1e-5)
        sizes = [abs(part.contribution) for part in additive.contributions]
        assert sizes == sorted(sizes, reverse=True)
    assert ExplainedPrediction.model_validate_json(found.to_public()) == found


def test_the_command_shows_the_likeliest_classes_beside_one_another(
    served: ServedVersion, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(explain_command, "MOST_CLASSES", 2)
    found = explained(served)

    explain_command._show_classes(found.classes)

    shown = " ".join(capsys.readouterr().out.split())
    ranked = sorted(found.classes, key=lambda name: -found.classes[name].total)
    assert f"--json has {ranked[2]} as well." in shown
    assert f"feature value {ranked[0]} {ranked[1]}" in shown
    for word in ("(base)", "carrier", "(explained score)"):
        assert word in shown
