"""How a task composes the entities of what one request names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.tasks import Expansion
from mlops_platform.tasks.forecasting.task import Forecasting

NAMES = st.text(st.characters(exclude_characters="|"), min_size=1, max_size=8)


def expansion(template: str, last: int = 2) -> Expansion:
    return Expansion("forecast", template, "step", last)


def test_one_entity_is_composed_for_every_count() -> None:
    composed = expansion("{series}|{origin}|{step}")

    assert composed.fields == ("series", "origin")
    assert composed.fault is None
    # What a request names is text, and no template.
    assert composed.entities({"series": "a{b}", "origin": "c"}) == ["a{b}|c|1", "a{b}|c|2"]
    assert composed.pattern({"origin": "c"}) == (None, "|", "c", "|", None)


@given(st.lists(st.tuples(NAMES, NAMES), unique=True, min_size=2, max_size=5))
def test_no_two_requests_name_one_entity_where_no_name_has_the_separator(
    asked: list[tuple[str, str]],
) -> None:
    composed = expansion("{series}|{origin}|{step}", last=7)

    entities = [
        entity
        for series, origin in asked
        for entity in composed.entities({"series": series, "origin": origin})
    ]

    assert len(set(entities)) == 7 * len(asked)


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("{series}|{origin}", "must name `{step}` once"),
        ("{series}|{step}|{step}", "must name `{step}` once"),
        ("{step}", "beside it what a request names"),
        ("", "must name `{step}` once"),
        ("{series}|{}|{step}", "It is no template"),
        ("{series}|{0}|{step}", "It is no template"),
        ("{series.__class__}|{step}", "It is no template"),
        ("{series!r}|{step}", "must name `{step}` once"),
        ("{series:>9}|{step}", "must name `{step}` once"),
        ("{series|{step}", "It is no template"),
        ("{series}{origin}|{step}", "Put a character between two names"),
        ("{series}{origin}||{step}", "Put a character between two names"),
    ],
)
def test_what_composes_no_entity_is_refused_with_an_example(template: str, found: str) -> None:
    options = {"horizon": 7, "season": 7, "seasonal_naive": "last_week", "entity": template}

    faults = Forecasting.model_validate(options).faults()

    [fault] = [str(fault) for fault in faults] if template else [expansion(template).fault]
    assert fault is not None
    assert found in fault
    assert "{series}|{origin}|{step}" in fault
