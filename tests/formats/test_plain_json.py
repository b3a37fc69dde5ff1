"""What leaves the platform as JSON is JSON, also where a number is none."""

import ast
import json
from math import inf, nan
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_platform.components.model_lifecycle.presentation import browsable, table
from mlops_platform.files import write_json
from mlops_platform.formats.plain_json import plain_json
from mlops_platform.record import Record
from mlops_platform.settings import PROJECT_ROOT
from tests.documents.cases import Case, refuse_undocumented

PACKAGE = PROJECT_ROOT / "mlops_platform"
SPEAKING = ("cli", "demo", "notifying", "replay", "serving/http")
"""Rooms whose JSON is read by others."""
CELL = Case(
    "NaN in a table of an asset's page",
    "`NaN`, with which a browser shows no table",
    "a dash",
    "–",
)
NUMBER = Case(
    "an infinite number on an asset's page, or in a check",
    "`Infinity`, which the page's query refuses",
    "a sign",
    "∞",
)
COMMAND = Case(
    "NaN in `--json` of a command, in `/v1/model` or in a model card",
    "`NaN`, which jq and browsers refuse",
    "null",
    "null",
)
FILE = Case(
    "NaN in a file for other programs, such as the demo's `summary.json` or an artifact of MLflow",
    "`NaN`, which jq and browsers refuse",
    "null",
    "null",
)
CASES = [CELL, NUMBER, COMMAND, FILE]
FACTS: dict[str, Any] = {"loss": nan, "far": [inf, {"near": -inf}], "rows": 3, "name": "größe"}


class Measured(Record):
    """A record with numbers that may be none."""

    loss: float
    facts: dict[str, Any]


def strictly(text: str) -> Any:
    """JSON as a browser reads it."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=40)
@given(values)
def test_whatever_is_written_is_read_strictly(value):
    strictly(plain_json(value))


@pytest.mark.parametrize("case", [CELL], ids=lambda case: case.given)
def test_a_table_holds_a_dash(case):
    shown = table([{"loss": nan, "rows": 3}]).records[0].data
    assert strictly(json.dumps(shown)) == {"loss": case.reads, "rows": 3}


@pytest.mark.parametrize("case", [NUMBER], ids=lambda case: case.given)
def test_metadata_are_what_a_browser_takes(case):
    kept = dg.MetadataValue.md("text")
    shown = browsable({**FACTS, "lift": inf, "nested": dg.MetadataValue.json(FACTS), "text": kept})
    assert shown["lift"] == case.reads
    assert shown["text"] is kept
    assert strictly(json.dumps(shown["nested"].data))["far"] == [None, {"near": None}]
    strictly(json.dumps({name: shown[name] for name in (*FACTS, "lift")}))


@pytest.mark.parametrize("case", [COMMAND], ids=lambda case: case.given)
def test_a_record_is_told_with_nulls_and_stored_as_it_is(case):
    measured = Measured(loss=nan, facts=FACTS)
    assert f'"loss": {case.reads}' in measured.to_public(indent=2)
    assert strictly(measured.to_public())["facts"]["far"] == [None, {"near": None}]
    assert repr(Measured.from_stored(measured.to_stored())) == repr(measured)


@pytest.mark.parametrize("case", [FILE], ids=lambda case: case.given)
def test_files_for_others_hold_nulls(tmp_path: Path, case):
    write_json(tmp_path / "summary.json", FACTS)
    text = (tmp_path / "summary.json").read_text(encoding="utf-8")
    assert strictly(text)["loss"] is None
    assert case.reads in text


def test_every_page_of_an_asset_goes_through_the_same_door():
    for file in sorted((PACKAGE / "components" / "model_lifecycle").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for keyword in node.keywords if isinstance(node, ast.Call) else ():
                if keyword.arg == "metadata":
                    assert "browsable(" in ast.unparse(keyword.value), f"{file}:{node.lineno}"


def test_rooms_that_speak_to_others_write_no_json_of_their_own():
    for room in SPEAKING:
        for file in sorted((PACKAGE / room).rglob("*.py")):
            text = file.read_text(encoding="utf-8")
            assert "json.dumps(" not in text.replace("orjson.dumps(", ""), file
            assert "model_dump_json(" not in text, file


def test_the_cases_are_documented():
    refuse_undocumented("Statistics and serving", CASES)
