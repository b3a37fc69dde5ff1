"""What is not exported, and the sentence that says why."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from mlops_platform.errors import SettingsError
from mlops_platform.exporting.export import publish, refuse_taken
from mlops_platform.exporting.manifest import Form
from mlops_platform.exporting.onnx_form.form import onnx_model
from mlops_platform.exporting.python_form import form
from mlops_platform.exporting.python_form.form import python_program
from mlops_platform.exporting.python_form.linker import linked
from mlops_platform.exporting.refusal import NotExportable
from mlops_platform.exporting.verification import Said, compare, served
from mlops_platform.serving.schema import CategoricalColumn
from mlops_platform.tasks.binary_classification.task import BinaryClassification
from mlops_platform.tasks.multiclass_classification.costs import MistakeCosts
from tests.exporting.conftest import binary_version, proved, some_rows
from tests.serving.scoring.compiled.test_model import fit, one_hot, scaled

FORMS: tuple[Form, ...] = ("python", "onnx")


class OnlyServed(BinaryClassification):
    """A task that says nothing of leaving the platform."""

    @property
    def row_answer(self) -> Any:
        return None

    def graph_answer(self, *_: Any) -> Any:
        return None


def test_a_task_that_needs_the_platform_is_refused() -> None:
    version = replace(binary_version("logistic"), task=OnlyServed())

    with pytest.raises(NotExportable, match=r"needs the platform\. Serve it"):
        python_program(version)
    with pytest.raises(NotExportable, match=r"no form as a graph\. Serve it"):
        onnx_model(version)


@pytest.mark.parametrize("form", FORMS)
def test_an_estimator_without_a_plain_form_is_refused_by_its_name(form: Form) -> None:
    model = fit(scaled(StandardScaler(), one_hot()), KNeighborsClassifier())
    version = replace(binary_version("logistic"), pipeline=model)

    with (
        pytest.raises(NotExportable, match="KNeighborsClassifier has no compiled form"),
        proved(version, form),
    ):
        pass


def test_too_many_nodes_and_too_deep_trees_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    version = binary_version("forest")

    monkeypatch.setattr(form, "MAX_DEPTH", 2)
    with pytest.raises(NotExportable, match="splits deep"):
        python_program(version)
    monkeypatch.setattr(form, "MAX_NODES", 100)
    with pytest.raises(NotExportable, match=r"nodes.*or export it to ONNX"):
        python_program(version)


def test_a_category_that_a_tensor_cannot_tell_from_missing_is_refused() -> None:
    version = binary_version("logistic")
    *columns, last = version.schema.columns
    assert isinstance(last, CategoricalColumn)
    columns.append(last.model_copy(update={"categories": ("", "EWR")}))
    schema = version.schema.model_copy(update={"columns": tuple(columns)})

    with pytest.raises(NotExportable, match="origin: has the empty text as a category"):
        onnx_model(replace(version, schema=schema))


class _Moved:
    """A pipeline that answers beside what was read of it."""

    def __init__(self, model: Any, by: float) -> None:
        self._model, self._by = model, by

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def predict_proba(self, features: Any) -> Any:
        return self._model.predict_proba(features) * [[1 - self._by] * 2]


@pytest.mark.parametrize("form", FORMS)
def test_what_answers_otherwise_is_refused_and_not_written(form: Form, tmp_path: Path) -> None:
    version = binary_version("logistic")
    moved = replace(version, pipeline=_Moved(version.pipeline, 1e-5))
    target = tmp_path / "exported"

    with (
        pytest.raises(NotExportable, match=r"numbers differ by .* \(allowed 1e-06\)"),
        proved(moved, form) as export,
    ):
        publish(export, target)

    assert list(tmp_path.iterdir()) == []


def test_a_decision_that_does_not_follow_from_the_numbers_is_refused() -> None:
    version, rows = binary_version("logistic"), some_rows(binary_version("logistic"))
    expected = served(version, rows.all, shown=True)
    # Numbers that differ by rounding are no excuse for another decision.
    wrong = [
        Said(
            tuple(number * (1 - 1e-15) for number in said.numbers),
            {"probability": said.answer["probability"], "decision": not said.answer["decision"]},
        )
        for said in expected
        if said.answer is not None
    ]

    with pytest.raises(NotExportable, match="the same numbers are decided otherwise"):
        compare(version, rows, expected, wrong, shown=True)


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is there already"):
        refuse_taken(tmp_path)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx.helper", None)
    monkeypatch.setitem(sys.modules, "onnx", None)

    with pytest.raises(NotExportable, match=r"mlops-platform\[onnx\]"):
        onnx_model(binary_version("logistic"))


def test_what_needs_more_than_the_standard_library_is_not_linked() -> None:
    with pytest.raises(NotExportable, match="needs pydantic, which is not of the standard library"):
        linked(MistakeCosts)
