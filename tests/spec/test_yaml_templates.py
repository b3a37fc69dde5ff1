"""Templates read the environment, and nothing else."""

import pytest
from pydantic import ValidationError

from mlops_platform.spec.yaml_templates import render_templates, with_templates


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARE", "0.75")
    monkeypatch.setenv("DAYS", "30")
    monkeypatch.setenv("READER", "the night shift")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.delenv("NOBODY_SETS_THIS", raising=False)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ env.SHARE }}", 0.75),
        ("{{ env('DAYS') }}", 30),
        ("{{ env['DAYS'] }}", 30),
        ("{{ env('NOBODY_SETS_THIS', '7') }}", 7),
        ("{{ env('NOBODY_SETS_THIS', none) }}", None),
        ("{{ env('NOBODY_SETS_THIS', 'false') }}", "false"),
        ("{{ env('DAYS', '7') | int + 1 }}", 31),
        ("read by {{ env.READER }}", "read by the night shift"),
        ("no template: 12", "no template: 12"),
        ("", ""),
    ],
)
def test_a_template_becomes_what_the_environment_says(template: str, value: object) -> None:
    assert render_templates({"a": [template]}) == {"a": [value]}


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{ env.NOBODY_SETS_THIS }}", "env.NOBODY_SETS_THIS is not set. Set the environment"),
        ("since {{ env('NOBODY_SETS_THIS') }}", "env('NOBODY_SETS_THIS', '...')"),
        ("{{ DAYS }}", "{{ env.NAME }} or {{ env('NAME', 'default') }}"),
        ("{{ env.DAYS", "TemplateSyntaxError"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused_at_its_field(
    template: str, problem: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        render_templates({"gate": {"limits": [1, template]}})
    (error,) = refused.value.errors()
    assert error["loc"] == ("gate", "limits", 1)
    assert error["input"] == template
    assert problem in error["msg"]


def test_every_variable_that_is_not_set_is_told_at_once() -> None:
    with pytest.raises(ValidationError) as refused:
        render_templates(
            {"a": "{{ env.NOT_SET_1 }} {{ env.NOT_SET_2 }}", "b": "{{ env.NOT_SET_3 }}"}
        )
    assert [error["loc"] for error in refused.value.errors()] == [("a",), ("a",), ("b",)]


def test_a_schema_accepts_a_template_for_a_number() -> None:
    days, text = {"type": "integer", "title": "Days"}, {"type": "string"}
    template = {"type": "string", "pattern": r"\{\{"}
    widened = {"title": "Days", "anyOf": [{"type": "integer"}, template]}
    fields = {"days": days, "type": text}  # a field may be called `type`
    assert with_templates({"properties": fields}) == {"properties": {**fields, "days": widened}}
