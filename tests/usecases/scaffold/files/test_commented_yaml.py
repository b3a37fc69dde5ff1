"""What is written is read as what was meant, with each reason above what it explains."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.usecases.scaffold.files.commented_yaml import (
    WIDTH,
    commented_yaml,
    neutral,
)

texts = st.text(max_size=150) | st.sampled_from(
    ["NA", "no", "1e3", "2024-01-01", "- a", "a: b", "#x", "'", '"', " a", "a ", "~", "{a}", "a, b"]
)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts | st.dates(min_value=date(1000, 1, 1))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(texts, values, max_size=5))
def test_it_is_read_as_what_was_meant(document: dict[str, Any]) -> None:
    read = yaml.safe_load(commented_yaml(document, {}))
    assert (read or {}) == document


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), values, max_size=3), texts)
def test_no_reason_changes_what_is_read(document: dict[str, Any], reason: str) -> None:
    reasons = dict.fromkeys(("a", "b", "b.0", "c.a", "c.b.0"), reason)
    assert (yaml.safe_load(commented_yaml(document, reasons)) or {}) == document


def test_reasons_stand_above_what_they_explain() -> None:
    document = {"model": {"name": "own", "columns": ["a", "b"], "steps": [{"type": "x"}]}}
    reasons = {
        "model.columns": "One\nTwo",
        "model.columns.1": "It is late.",
        "model.steps.0.type": "A step.",
        "model.nothing": "Nobody sees it.",
    }
    assert commented_yaml(document, reasons).splitlines() == [
        "model:",
        "  name: own",
        "",
        "  # One",
        "  # Two",
        "  columns:",
        "    - a",
        "    # It is late.",
        "    - b",
        "",
        "  steps:",
        "    - # A step.",
        "      type: x",
    ]


def test_short_values_stand_on_a_line_and_long_prose_is_folded() -> None:
    prose = "word " * 40 + "end"
    written = commented_yaml({"short": {"a": 1, "b": [1, 2]}, "long": prose}, {})
    assert written.startswith("short: {a: 1, b: [1, 2]}\nlong: >-\n  word")
    assert all(len(line) <= WIDTH for line in written.splitlines())


@pytest.mark.parametrize("value", [1e-05, 1e22, 0.1, 5.0])
def test_numbers_are_numbers_for_every_reader(value: float) -> None:
    read = yaml.safe_load(commented_yaml({"value": value}, {}))["value"]
    assert (type(read), read) == (float, value)


def test_no_template_engine_finds_a_template() -> None:
    assert neutral("{{ a }} {% b %} {# c #} {d}") == "{ { a }} { % b %} { # c #} {d}"
