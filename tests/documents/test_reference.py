"""The reference is what its program writes, and leaves no key and no command without a word."""

from pathlib import Path

import pytest

from deploy.docs.reference.architecture import layers, picture
from deploy.docs.reference.commands import commands_of
from deploy.docs.reference.keys import MODEL, declared_types
from deploy.docs.reference.pages import pages
from deploy.docs.reference.schema import Reading
from mlops_platform.cli import COMMANDS, main
from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.spec import ModelSpec

PAGES = dict(pages())
TYPES = list(declared_types())
SCHEMA = {
    "$defs": {
        "Limit": {"properties": {"min": {"type": "number", "minimum": 0, "description": "Least."}}},
        "Never": {"properties": {"rule": {"const": "never"}}},
        "Daily": {"properties": {"rule": {"const": "daily"}, "hours": {"type": "integer"}}},
    },
    "properties": {
        "limits": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Limit"}},
        "rules": {
            "type": "array",
            "items": {"anyOf": [{"$ref": "#/$defs/Never"}, {"$ref": "#/$defs/Daily"}]},
        },
        "folder": {"type": "string", "default": "__DAGSTER_UNSET_DEFAULT__"},
        "seed": {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"\{\{"}]},
    },
    "required": ["seed"],
}


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_a_page_is_current(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == PAGES[file], (
        "write the reference anew: `make reference`"
    )


@pytest.mark.parametrize("declared", TYPES, ids=lambda declared: declared.name)
def test_no_key_lacks_a_description(declared) -> None:
    lacking = [
        f"{section.heading} {key.name}"
        for section in declared.sections
        for key in section.keys
        if not key.description
    ]
    assert lacking == []


@pytest.mark.parametrize("declared", TYPES, ids=lambda declared: declared.name)
def test_every_section_has_an_address_of_its_own(declared) -> None:
    anchors = [section.anchor for section in declared.sections]
    assert len(set(anchors)) == len(anchors)


def test_every_section_of_a_model_is_there() -> None:
    (model,) = [declared for declared in TYPES if declared.name.endswith(MODEL)]
    definitions = ModelSpec.model_json_schema()["$defs"].values()
    keys = sum(len(section.get("properties", {})) for section in definitions)
    assert model.count == keys + len(ModelSpec.model_fields) > 240


def test_every_command_is_there_and_says_what_it_does() -> None:
    commands = list(commands_of(main, "mlops"))
    assert {f"mlops {name}" for name in COMMANDS} <= {command.name for command in commands}
    assert [command.name for command in commands if not command.about] == []


def test_alternatives_lists_and_maps_are_told_apart() -> None:
    top, *below = Reading(SCHEMA, {"folder": "x"}).sections
    assert [key.kind for key in top.keys] == [
        "map of names to [limits.NAME](#limitsname)",
        "list of [rules[] with rule: never](#rules-with-rule-never) or "
        "[rules[] with rule: daily](#rules-with-rule-daily)",
        "text",
        "whole number",
    ]
    assert [(key.default, key.required) for key in top.keys[2:]] == [("x", False), ("", True)]
    assert [section.heading for section in below] == [
        "`limits.NAME`",
        "`rules[]` with `rule: never`",
        "`rules[]` with `rule: daily`",
    ]
    assert below[0].keys[0].kind == "number ≥ 0"


def test_the_picture_shows_every_room_of_the_package() -> None:
    shown = {name for layer in layers() for name in layer}
    package = PROJECT_ROOT / "mlops_platform"
    rooms = {path.stem for path in package.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert rooms - {"__init__", "__pycache__"} == shown
    assert all(f">{name}</text>" in picture() for name in shown)
