"""YAML files are read as Dagster's loader reads them, or left to it."""

import math
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster_shared.yaml_utils import parse_yamls_with_source_position
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.spec.declarations import _Loader, plainly_declared_specs

MODEL_TYPE = "mlops_platform.components.ModelLifecycleComponent"
LANDING = "type: mlops_platform.components.FolderLandingComponent\nattributes: {table: visits}\n"


def _write(file: Path, *documents: Mapping[str, Any] | str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    texts = [text if isinstance(text, str) else yaml.safe_dump(text) for text in documents]
    file.write_text("---\n".join(texts))
    return file


def _model(attributes: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    return {"type": MODEL_TYPE, "attributes": {**deepcopy(attributes), **changes}}


def _names(folder: Path) -> list[str] | None:
    specs = plainly_declared_specs(folder)
    return None if specs is None else [spec.name for spec in specs]


def test_models_are_found_in_dagsters_order_among_what_declares_none(tmp_path, attributes) -> None:
    _write(tmp_path / "visits" / "defs.yaml", LANDING)
    _write(
        tmp_path / "b" / "defs.yml",
        _model(attributes, name="b_1"),
        LANDING,
        _model(attributes, name="b_2"),
    )
    _write(tmp_path / "a" / "deeper" / "component.yaml", _model(attributes, name="a"))
    _write(tmp_path / ".hidden" / "defs.yaml", _model(attributes, name="hidden"))
    # A folder with a declaration is no folder of declarations.
    _write(tmp_path / "b" / "under" / "defs.yaml", _model(attributes, name="under"))
    (tmp_path / "__init__.py").touch()
    (tmp_path / "notes.md").write_text("of no interest")
    assert _names(tmp_path) == ["a", "b_1", "b_2"]


def test_templates_are_filled(tmp_path, attributes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUSTOMERS", "crm")
    described = _model(attributes, description="Of {{ env.CUSTOMERS }}.")
    _write(tmp_path / "churn" / "defs.yaml", described)
    (spec,) = plainly_declared_specs(tmp_path) or ()
    assert spec.description == "Of crm."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "type: [",
        "just a text",
        "type: dagster.DefsFolderComponent\n",
        "type: .a_component_of_this_folder.Ours\n",
        "type: somewhere.else.OurOwnModels\n",
        f"{LANDING}post_processing: {{}}\n",
        f"{LANDING}requirements: {{env: [A]}}\n",
        f"{LANDING}template_vars_module: .variables\n",
        f"{LANDING}colour: red\n",
        f"{LANDING}---\n",
        f"type: {MODEL_TYPE}\n",
        f"type: {MODEL_TYPE}\nattributes: {{name: churn}}\n",
        f"{LANDING}---\ntype: {MODEL_TYPE}\nattributes: {{name: !!binary aGVsbG8=}}\n",
    ],
)
def test_what_is_wrong_or_unusual_is_left_to_dagster(tmp_path, attributes, text: str) -> None:
    _write(tmp_path / "churn" / "defs.yaml", _model(attributes))
    assert _names(tmp_path) == ["churn"]
    _write(tmp_path / "other" / "defs.yaml", text)
    assert _names(tmp_path) is None


def test_a_contradiction_between_sections_is_left_to_dagster(tmp_path, attributes) -> None:
    subgroups = {"subgroups": ["not_a_column"]}
    _write(tmp_path / "churn" / "defs.yaml", _model(attributes, evaluation=subgroups))
    assert _names(tmp_path) is None


def test_python_files_are_left_to_dagster(tmp_path, attributes) -> None:
    _write(tmp_path / "churn" / "defs.yaml", _model(attributes))
    (tmp_path / "models.py").write_text("x = 1")
    assert _names(tmp_path) is None


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
TREES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def _same(mine: Any, theirs: Any) -> bool:
    """Equal, of equal types, and NaN equals NaN."""
    if type(mine) is not type(theirs):
        return False
    if isinstance(mine, float) and math.isnan(mine):
        return math.isnan(theirs)
    if isinstance(mine, dict):
        return list(mine) == list(theirs) and all(_same(mine[key], theirs[key]) for key in mine)
    if isinstance(mine, list):
        return len(mine) == len(theirs) and all(map(_same, mine, theirs))
    return bool(mine == theirs)


def _read_both(text: str) -> tuple[list[Any], list[Any]]:
    theirs = [tree.value for tree in parse_yamls_with_source_position(text)]
    return list(yaml.load_all(text, _Loader)), theirs


@given(TREES, st.sampled_from([None, False, True]))
def test_any_tree_is_parsed_as_dagster_parses_it(tree: Any, flow: bool | None) -> None:
    assert _same(*_read_both(yaml.safe_dump(tree, default_flow_style=flow)))


@pytest.mark.parametrize(
    "text",
    [
        *("2013-01-07", "2013-01-07T00:00:00Z", "'2013-01-07'", "2013-01-07 05:00:00 +01:00"),
        *("010", "0o10", "0x1F", "1_000", "1:30", "1e3", "1.0e+3", ".5", "-.inf", "12e-4", "0b11"),
        *("yes", "off", "Null", "~", "", "'~'", "# nothing", "[a, 'b', \"c\"]", "{a: 1, a: 2}"),
        "base: &base {a: 1, b: 2}\nmine: {<<: *base, b: 3}",
        "- &anchor [1, 2]\n- *anchor",
        "a: >-\n  folded\n  text\nb: |\n  kept\n  lines\n",
        "a: 1\n---\nb: 2013-01-07\n",
        "2013-01-07: a date for a key",
    ],
)
def test_texts_of_all_kinds_are_parsed_as_dagster_parses_them(text: str) -> None:
    assert _same(*_read_both(text))
