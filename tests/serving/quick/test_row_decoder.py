"""What the decoder takes it reads as the typed request does, and it takes nothing else."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from mlops_platform.serving.http.batch_body import BatchBody
from mlops_platform.serving.http.problems import Problem
from mlops_platform.serving.http.request import request_types
from mlops_platform.serving.quick.row_decoder import RowDecoder
from mlops_platform.serving.schema import (
    LARGEST_NUMBER,
    BooleanColumn,
    CategoricalColumn,
    FeatureSchema,
    NumericColumn,
    TextColumn,
)

# Names that Python and msgspec keep for themselves, and one that is not of ASCII.
SCHEMA = FeatureSchema(
    model="kinds",
    entity="class",
    label="is_late",
    columns=(
        NumericColumn(name="__init__", missing_allowed=True, minimum=0, maximum=1),
        NumericColumn(name="f2", missing_allowed=False, minimum=0, maximum=1),
        CategoricalColumn(name="größe", missing_allowed=True, categories=("a",)),
        BooleanColumn(name="entity", missing_allowed=True),
        TextColumn(name="note", missing_allowed=False, max_characters=5),
    ),
)
WIDTH = 100
WIDE = FeatureSchema(
    model="wide",
    entity="key",
    label="is_late",
    columns=tuple(
        NumericColumn(name=f"n{at}", missing_allowed=False, minimum=0, maximum=1)
        for at in range(WIDTH)
    ),
)
ROW = {"__init__": 0.5, "f2": 1, "größe": "a", "entity": True, "note": "x"}
DECODER = RowDecoder(SCHEMA)
TYPED = request_types(SCHEMA, 1).row
BATCHES, MOST_ROWS = RowDecoder(SCHEMA, 3), 3
BODY = BatchBody(request_types(SCHEMA, MOST_ROWS), ("class", "größe", "note"))


def read(typed: TypeAdapter[dict[str, Any]], schema: FeatureSchema, body: bytes) -> Any:
    """What the typed request makes of a body, as a text that tells 1 from 1.0 and 0.0 from -0.0."""
    row = typed.validate_json(body)
    return repr(([row[name] for name in schema.names], row.get(schema.entity)))


def decoded(decoder: RowDecoder, body: bytes) -> str | None:
    row = decoder.row(body)
    return None if row is None else repr((list(row.values), row.entity))


@pytest.mark.parametrize("entity", [{}, {"class": None}, {"class": "k"}])
@pytest.mark.parametrize("missing", [{}, {"__init__": None, "größe": None, "entity": None}])
def test_a_usual_row_is_taken(entity: dict[str, Any], missing: dict[str, Any]) -> None:
    body = json.dumps(entity | ROW | missing, ensure_ascii=False).encode()
    assert decoded(DECODER, body) == read(TYPED, SCHEMA, body)


@pytest.mark.parametrize(
    "changes",
    [
        {"f2": None},
        {"f2": "1"},
        {"f2": True},
        {"f2": 2 * LARGEST_NUMBER},
        {"entity": 1},
        {"note": "xxxxxx"},
        {"größe": "a" * 257},
        {"größe": 1},
        {"class": 1},
        {"surplus": 1},
        {"größe": 'a"b'},
        {"größe": "a\nb"},
    ],
)
def test_what_is_wrong_or_holds_an_escape_is_not(changes: dict[str, Any]) -> None:
    assert DECODER.row(json.dumps(ROW | changes, ensure_ascii=False).encode()) is None


@pytest.mark.parametrize("again", ['"f2":1', '"class":"b"', '"class":null', '"größe":null'])
@pytest.mark.parametrize("entity", [{}, {"class": None}, {"class": "a"}])
def test_a_name_that_is_there_twice_is_not(again: str, entity: dict[str, Any]) -> None:
    if not entity and "class" in again:
        again = f"{again},{again}"
    body = json.dumps(ROW | entity, ensure_ascii=False)
    for repeated in (f"{body[:-1]},{again}}}", f"{{{again},{body[1:]}"):
        assert DECODER.row(repeated.encode()) is None


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b"{}{}", b"\xef\xbb\xbf{}", b'"', b"\xff", b"{" * 5000]
)
def test_what_is_no_row_is_not(body: bytes) -> None:
    assert DECODER.row(body) is None


PARTS = st.sampled_from(
    [
        *(
            '{"__init__":',
            '"f2":',
            '"größe":',
            '"entity":',
            '"note":',
            '"class":',
            "{",
            "}",
            "[",
            "]",
        ),
        *(
            ",",
            ":",
            '"',
            "\\",
            "\\u0061",
            "\\ud800",
            "null",
            "true",
            "1",
            "-0",
            "-0.0",
            "1e400",
            "1E5",
        ),
        *("NaN", "Infinity", " ", "\n", "\t", "\0", "é", "𝕏", "01", "1.", ".5", "9" * 30, "1e-400"),
    ]
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=6), st.just("a" * 257)
)
BODIES = st.one_of(
    st.builds(
        lambda changes, spaces, plain: json.dumps(
            ROW | changes, ensure_ascii=plain, indent=spaces
        ).encode("utf-8", "surrogatepass"),
        st.dictionaries(st.sampled_from([*ROW, "class", "more"]), VALUES, max_size=4),
        st.none() | st.integers(0, 2),
        st.booleans(),
    ),
    st.lists(PARTS, max_size=12).map(lambda parts: "".join(parts).encode()),
    st.tuples(st.integers(0, 80), st.binary(max_size=3)).map(
        lambda cut: (body := json.dumps(ROW).encode())[: cut[0]] + cut[1] + body[cut[0] + 1 :]
    ),
)


@given(BODIES)
@settings(max_examples=400, deadline=None)
def test_whatever_it_takes_the_typed_request_takes_to_the_same_values(body: bytes) -> None:
    taken = decoded(DECODER, body)
    if taken is not None:
        assert taken == read(TYPED, SCHEMA, body)


ROWS = st.lists(st.dictionaries(st.sampled_from([*ROW, "class"]), VALUES, max_size=2), max_size=4)


def columns_of(rows: list[dict[str, Any]], names: list[str]) -> dict[str, list[Any]]:
    return {name: [row.get(name) for row in rows] for name in names}


@given(
    ROWS,
    st.booleans(),
    st.booleans(),
    st.none() | st.tuples(st.sampled_from([*ROW, "class", "more"]), st.lists(VALUES, max_size=4)),
    st.sampled_from(["", ',"rows":[]', ',"columns":{}', ',"more":1', " "]),
)
@settings(max_examples=300, deadline=None)
def test_whatever_batch_it_takes_is_read_to_the_same_rows_by_either_form(
    changes: list[dict[str, Any]],
    plain: bool,
    with_keys: bool,
    another: tuple[str, list[Any]] | None,
    end: str,
) -> None:
    rows = [ROW | {"class": "k"} | change for change in changes]
    names = [*ROW, *(["class"] if with_keys else [])]
    columns = columns_of(rows, names)
    if another is not None:
        columns[another[0]] = another[1]
    forms = {"rows": [{name: row[name] for name in names} for row in rows]}, {"columns": columns}
    for form in forms:
        text = json.dumps(form, ensure_ascii=plain)
        body = (text[:-1] + end + "}").encode("utf-8", "surrogatepass")
        taken = BATCHES.batch(body)
        try:
            expected = [
                ([row[name] for name in SCHEMA.names], row.get("class")) for row in BODY.rows(body)
            ]
        except Problem:
            assert taken is None
            continue
        if taken is not None:
            values = zip(*taken.columns, strict=True)
            read_rows = [(list(row), key) for row, key in zip(values, taken.entities, strict=True)]
            assert repr(read_rows) == repr(expected)
        else:
            assert "\\" in body.decode("utf-8", "surrogatepass"), body


@pytest.mark.parametrize("names", [list(ROW), [*ROW, "class"]])
@pytest.mark.parametrize(
    "again", ['"f2":[1]', '"class":["b"],"class":["b"]', '"größe":[null]', '"note":["x"]']
)
def test_a_column_that_is_there_twice_is_not_taken(names: list[str], again: str) -> None:
    body = json.dumps({"columns": columns_of([ROW | {"class": "a"}], names)}, ensure_ascii=False)
    assert BATCHES.batch(body.encode()) is not None
    assert BATCHES.batch(f"{body[:-2]},{again}}}}}".encode()) is None


def number_texts(count: int) -> list[str]:
    """Numbers as JSON may write them, most of them with more digits than a float has."""
    rng = random.Random(5)

    def digits(least: int, most: int) -> str:
        return "".join(rng.choices("0123456789", k=rng.randint(least, most)))

    def text() -> str:
        way = rng.random()
        if way < 0.25:
            return repr(rng.uniform(-1, 1) * 10 ** rng.randint(-30, 30))
        if way < 0.5:
            return f"{digits(1, 25).lstrip('0') or '0'}.{digits(1, 30)}"
        if way < 0.75:
            exponent = f"{rng.choice('eE')}{rng.choice(('', '+', '-'))}{digits(1, 3)}"
            return f"-{rng.randint(0, 9)}.{digits(1, 20)}{exponent}"
        if way < 0.9:
            return rng.choice(("", "-")) + (digits(1, 31).lstrip("0") or "0")
        # Half way between two floats, where the last digit decides.
        whole = 2**53 + 2 * rng.getrandbits(40)
        return f"{whole + 1}{rng.choice(('', '.0', '.' + '0' * 20 + '1', '.000'))}"

    return [text() for _ in range(count)]


def test_number_texts_are_read_to_the_last_bit() -> None:
    decoder, typed = RowDecoder(WIDE), request_types(WIDE, 1).row
    names, usual = WIDE.names, dict.fromkeys(WIDE.names, "1")

    def body_of(texts: dict[str, str]) -> bytes:
        return ("{" + ",".join(f'"{name}":{text}' for name, text in texts.items()) + "}").encode()

    texts = ["-0", "-0.0", "0e5", "1e-400", "-1e-400", "5e-324", *number_texts(20_000)]
    compared = 0
    for start in range(0, len(texts), WIDTH):
        some = dict(zip(names, texts[start : start + WIDTH], strict=False))
        bodies = [body_of(usual | some)]
        if decoder.row(bodies[0]) is None:  # one of them is refused: the others are not
            bodies = [body_of(usual | {name: text}) for name, text in some.items()]
        for body in bodies:
            taken = decoded(decoder, body)
            if taken is None:
                with pytest.raises(ValidationError):
                    typed.validate_json(body)
            else:
                assert taken == read(typed, WIDE, body)
                compared += len(some) if len(bodies) == 1 else 1
    assert compared > 18_000
