"""The packed form of a model: to the bit what was compiled, and nothing but numbers and names."""

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from mlops_platform.errors import ArtifactError
from mlops_platform.serving.explaining.class_explainer import ClassExplainer
from mlops_platform.serving.explaining.explainer import Explainer
from mlops_platform.serving.frames import rows_of
from mlops_platform.serving.scoring.compiled import stored_form as stored_form_module
from mlops_platform.serving.scoring.compiled import trees
from mlops_platform.serving.scoring.compiled.columns import Lookup, Number
from mlops_platform.serving.scoring.compiled.linear import LinearTerms, Slope
from mlops_platform.serving.scoring.compiled.links import Isotonic, Sigmoid
from mlops_platform.serving.scoring.compiled.model import compile_model, compile_plain
from mlops_platform.serving.scoring.compiled.plain_model import (
    PlainHead,
    PlainModel,
    plain_model,
)
from mlops_platform.serving.scoring.compiled.stored_form import read_form, stored_form
from mlops_platform.serving.scoring.compiled.trees import TreeliteTrees
from tests.serving.scoring.compiled.test_classes import HISTOGRAM, finished
from tests.serving.scoring.compiled.test_model import (
    MAKERS,
    ROWS,
    SCHEMA,
    one_hot,
    scaled,
    strange,
)

NAMES = ("logistic", "histogram", "histogram, temperature", "gradient", "forest")


@pytest.fixture(scope="module")
def made() -> Callable[[str], Any]:
    """Each model, fitted once."""
    models: dict[str, Any] = {}

    def make(name: str) -> Any:
        return models[name] if name in models else models.setdefault(name, MAKERS[name]())

    return make


def packed_and_read(model: Any, **options: Any) -> PlainModel:
    """What a worker has of a model."""
    plain = read_form(stored_form(plain_model(model, SCHEMA, **options)))
    assert plain is not None
    return plain


@pytest.mark.parametrize("name", NAMES)
def test_what_was_packed_answers_and_explains_to_the_bit_what_was_compiled(
    made: Callable[[str], Any], name: str
) -> None:
    model, rows = made(name), rows_of(SCHEMA, ROWS[:100]) + strange()[:30]
    plain = packed_and_read(model)
    compiled, packed = compile_model(model, SCHEMA), compile_plain(plain)
    assert [packed.numbers(row) for row in rows] == [compiled.numbers(row) for row in rows]
    if name != "histogram, temperature":
        background = rows[:20]
        of_model = Explainer.of(model, SCHEMA, background)
        of_form = Explainer.of(plain, SCHEMA, background)
        assert [of_form.explain(row) for row in rows[:10]] == [
            of_model.explain(row) for row in rows[:10]
        ]


@pytest.mark.parametrize("estimator", [LogisticRegression(max_iter=500), HISTOGRAM])
def test_so_does_a_model_of_several_classes(estimator: Any) -> None:
    columns = scaled(StandardScaler(), one_hot(sparse_output=False))
    _, model = finished(estimator, columns, "temperature")
    rows = rows_of(SCHEMA, ROWS[:50])
    plain = packed_and_read(model, every_class=True)
    compiled = compile_model(model, SCHEMA, every_class=True)
    packed = compile_plain(plain)
    assert [packed.numbers(row) for row in rows] == [compiled.numbers(row) for row in rows]
    of_model = ClassExplainer.of(model, SCHEMA, rows[:20])
    of_form = ClassExplainer.of(plain, SCHEMA, rows[:20])
    assert of_form.explanations(rows[3]) == of_model.explanations(rows[3])


def test_so_do_trees_that_are_too_many_to_be_compiled(
    made: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "MAX_NODES", 10)
    model, rows = made("forest"), rows_of(SCHEMA, ROWS[:100])
    packed = compile_plain(packed_and_read(model))
    assert isinstance(packed.heads[0].score, TreeliteTrees)
    assert packed.numbers_of(rows) == compile_model(model, SCHEMA).numbers_of(rows)


@pytest.mark.parametrize("name", NAMES)
def test_one_model_is_packed_to_the_same_bytes_again(
    made: Callable[[str], Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "MAX_NODES", 300)
    model = made(name)
    assert stored_form(plain_model(model, SCHEMA)) == stored_form(plain_model(model, SCHEMA))


def bits(number: float) -> bytes:
    return struct.pack("<d", number)


FLOATS = st.floats(allow_nan=True, allow_infinity=True)
KEYS = st.text(max_size=5) | st.floats(allow_nan=False) | st.booleans() | st.none()


@settings(max_examples=200)
@given(FLOATS, FLOATS, st.dictionaries(KEYS, FLOATS, max_size=5), st.lists(FLOATS, max_size=3))
def test_every_number_and_every_key_is_read_as_it_was(
    intercept: float, default: float, table: dict[Any, float], knots: list[float]
) -> None:
    terms = LinearTerms(
        intercept,
        (Slope("rate", default, intercept, float("nan")),),
        (Lookup("carrier", table, default),),
    )
    plain = PlainModel((PlainHead(terms, Isotonic(tuple(knots), tuple(knots))),))
    read = read_form(stored_form(plain))
    assert read is not None
    [head] = read.heads
    assert isinstance(head.score, LinearTerms)
    assert isinstance(head.link, Isotonic)
    [slope], [lookup] = head.score.slopes, head.score.tables
    numbers = [head.score.intercept, slope.shift, slope.factor, lookup.default, *head.link.raw]
    assert list(map(bits, numbers)) == list(
        map(bits, [intercept, default, intercept, default, *knots])
    )
    assert [(key, type(key)) for key in lookup.table] == [(key, type(key)) for key in table]
    assert list(map(bits, lookup.table.values())) == list(map(bits, table.values()))


def test_a_changed_or_cut_form_is_refused(made: Callable[[str], Any]) -> None:
    form = stored_form(plain_model(made("logistic"), SCHEMA))
    changed = [form[:at] + bytes([form[at] ^ 1]) + form[at + 1 :] for at in range(0, len(form), 97)]
    for wrong in (*changed, form[:-1], form[:40], b"", b"\xc1"):
        with pytest.raises(ArtifactError, match="Restore the Bento"):
            read_form(wrong)


def test_a_form_of_another_format_is_left_to_the_pipeline(
    made: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    form = stored_form(plain_model(made("logistic"), SCHEMA))
    monkeypatch.setattr(stored_form_module, "FORMAT", 2)
    assert read_form(form) is None


@pytest.mark.parametrize(
    "column",
    [
        Number("rate", 0.0, (("**", 2.0),)),  # type: ignore[arg-type]
        Number("rate", "__import__('os')"),  # type: ignore[arg-type]
        Number(["rate"]),  # type: ignore[arg-type]
    ],
)
def test_what_would_be_more_than_numbers_and_names_in_compiled_source_is_refused(
    made: Callable[[str], Any], column: Any
) -> None:
    [head] = plain_model(made("histogram"), SCHEMA).heads
    assert not isinstance(head.score, LinearTerms)
    strange_score = replace(head.score, columns=(column, *head.score.columns[1:]))
    form = stored_form(PlainModel((PlainHead(strange_score, Sigmoid(1.0, 0.0)),)))
    with pytest.raises(ArtifactError, match="was changed, or is none"):
        read_form(form)
