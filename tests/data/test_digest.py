import hashlib
import struct
import time
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_platform.data import digest
from mlops_platform.data.digest import _lengths, _text, parquet_digest, table_digest
from mlops_platform.errors import DataError

# No deadline: the first example pays for imports, and the machine may be busy.
PROPERTY = settings(max_examples=60)
COLUMNS = {
    "string": (pa.string(), st.text(max_size=5)),
    "number": (pa.float64(), st.floats()),
    "count": (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    "flag": (pa.bool_(), st.booleans()),
    "day": (pa.date32(), st.dates()),
    "moment": (
        pa.timestamp("us", tz="UTC"),
        st.datetimes().map(lambda moment: moment.replace(microsecond=0)),
    ),
}
SCHEMA = pa.schema([(name, kind) for name, (kind, _) in COLUMNS.items()])
ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | values for name, (_, values) in COLUMNS.items()}),
    max_size=8,
)


def table_of(rows: list[dict[str, object]], schema: pa.Schema = SCHEMA) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema)


def canonical(value: object) -> object:
    """A value as it can be compared: all NaN are one, zero has no sign, 1.0 is not True."""
    if isinstance(value, float):
        return ("float", "nan" if value != value else value + 0.0)
    return (type(value).__name__, value)


def content(table: pa.Table) -> list[list[object]]:
    return [[canonical(value) for value in row.values()] for row in table.to_pylist()]


@PROPERTY
@given(ROWS, ROWS)
def test_digests_are_equal_exactly_when_the_rows_are(
    one: list[dict[str, object]], other: list[dict[str, object]]
) -> None:
    left, right = table_of(one), table_of(other)
    assert (table_digest(left) == table_digest(right)) == (content(left) == content(right))


@PROPERTY
@given(ROWS, st.integers(1, 8), st.integers(0, 8))
def test_chunks_and_slices_do_not_matter(
    rows: list[dict[str, object]], size: int, cut: int
) -> None:
    table = table_of(rows)
    batches = table.to_batches(max_chunksize=size)
    chunked = pa.Table.from_batches(batches, schema=SCHEMA)
    assert table_digest(chunked) == table_digest(table)
    assert table_digest(table.slice(cut)) == table_digest(table_of(rows[cut:]))
    assert table_digest(table.slice(0, cut)) == table_digest(table_of(rows[:cut]))


@PROPERTY
@given(ROWS)
def test_the_way_a_type_is_stored_does_not_matter(rows: list[dict[str, object]]) -> None:
    table = table_of(rows)
    expected = table_digest(table)
    for column, kind in (
        ("string", pa.dictionary(pa.int8(), pa.string())),
        ("string", pa.large_string()),
        ("string", pa.string_view()),
        ("moment", pa.timestamp("s", tz="America/New_York")),
        ("moment", pa.timestamp("ms", tz="UTC")),
        ("day", pa.date64()),
    ):
        position = SCHEMA.get_field_index(column)
        stored = table.set_column(position, column, table[column].cast(kind))
        assert stored.schema.field(column).type == kind
        assert table_digest(stored) == expected


@settings(PROPERTY, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, st.integers(1, 8), st.integers(1, 8))
def test_a_file_that_is_read_piece_by_piece_has_the_digest_of_its_rows_as_a_whole(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: list[dict[str, object]],
    group: int,
    piece: int,
) -> None:
    monkeypatch.setattr(digest, "PIECE_ROWS", piece)
    table, file = table_of(rows), tmp_path / "rows.parquet"
    pq.write_table(table, file, row_group_size=group)
    assert parquet_digest(file) == table_digest(table)
    encoded = table.set_column(0, "string", table["string"].dictionary_encode())
    pq.write_table(encoded, file, row_group_size=group)
    assert parquet_digest(file) == table_digest(table)


@PROPERTY
@given(ROWS, st.randoms())
def test_the_order_of_rows_and_of_columns_matters(
    rows: list[dict[str, object]], random: object
) -> None:
    table = table_of(rows)
    backwards = table_of(rows[::-1])
    assert (table_digest(backwards) == table_digest(table)) == (
        content(backwards) == content(table)
    )
    assert table_digest(table.select(SCHEMA.names[::-1])) != table_digest(table)


def test_names_and_types_matter_even_without_rows() -> None:
    digests = {
        table_digest(pa.schema([(name, kind)]).empty_table())
        for name in ("a", "b")
        for kind in (
            pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.bool_(), pa.string(),
            pa.date32(), pa.timestamp("us"), pa.timestamp("us", tz="UTC"), pa.null(),
        )
    }  # fmt: skip
    assert len(digests) == 20


@pytest.mark.parametrize(
    ("values", "kind"),
    [([0], pa.int64()), ([0.0], pa.float64()), ([""], pa.string()), ([False], pa.bool_())],
)
def test_null_is_not_zero_and_not_empty(values: list[object], kind: pa.DataType) -> None:
    present, absent = (
        pa.table({"a": pa.array(values, kind)}),
        pa.table({"a": pa.array([None], kind)}),
    )
    assert table_digest(present) != table_digest(absent)


def test_text_cannot_move_from_one_value_to_the_next() -> None:
    assert table_digest(pa.table({"a": ["ab", "c"]})) != table_digest(pa.table({"a": ["a", "bc"]}))


def test_text_is_read_at_the_offset_of_a_slice() -> None:
    strings = pa.array(["abc", "de", "f"], pa.large_string()).slice(1, 1)
    lengths, text = _lengths(strings), _text(strings)
    assert (lengths.tolist(), bytes(text)) == ([2], b"de")


def test_the_sign_of_zero_and_the_payload_of_nan_do_not_matter() -> None:
    quiet, payload = (
        struct.unpack("<d", struct.pack("<Q", bits))[0]
        for bits in (0x7FF8 << 48, 0xFFF8000000000123)
    )
    one = pa.table({"a": pa.array(np.array([0.0, quiet]))})
    other = pa.table({"a": pa.array(np.array([-0.0, payload]))})
    assert one["a"].combine_chunks().buffers()[1] != other["a"].combine_chunks().buffers()[1]
    assert table_digest(one) == table_digest(other)


def test_what_lies_under_a_null_does_not_matter() -> None:
    def under_null(values: np.ndarray) -> pa.Table:
        return pa.table({"a": pa.array(values, mask=np.array([False, True]))})

    assert table_digest(under_null(np.array([1, 2]))) == table_digest(under_null(np.array([1, 9])))
    hidden = pa.StringArray.from_buffers(
        2, pa.py_buffer(struct.pack("<3i", 0, 1, 5)), pa.py_buffer(b"xhide"), pa.py_buffer(b"\x01")
    )
    assert hidden.to_pylist() == ["x", None]
    assert table_digest(pa.table({"a": hidden})) == table_digest(pa.table({"a": ["x", None]}))


def test_times_finer_than_a_microsecond_are_refused() -> None:
    fine = pa.table({"a": pa.array([1], pa.timestamp("ns"))})
    with pytest.raises(DataError, match="Round times to whole microseconds"):
        table_digest(fine)


def test_a_nested_column_is_refused_by_name() -> None:
    with pytest.raises(DataError, match="column 'tags' has type list"):
        table_digest(pa.table({"tags": [["a"]]}))


def test_the_encoding_is_the_documented_one() -> None:
    """Hashes of stored training sets must stay valid: these bytes may never change."""
    moment = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    first = {"string": "é", "number": 0.5, "count": -1, "flag": True, "moment": moment}
    table = table_of([first | {"day": date(1970, 1, 3)}, {"count": 7}])
    header = (
        b'{"version": 1, "rows": 2, "columns": [["string", "string"], ["number", "double"], '
        b'["count", "int32"], ["flag", "bool"], ["day", "date32[day]"], '
        b'["moment", "timestamp[us, tz=UTC]"]]}'
    )
    one_valid = b"\x01\x00"
    encoding = (
        struct.pack("<q", len(header)) + header,
        one_valid + struct.pack("<2q", 2, 0) + "é".encode(),
        one_valid + struct.pack("<2d", 0.5, 0),
        b"\x01\x01" + struct.pack("<2i", -1, 7),
        one_valid + b"\x01\x00",
        one_valid + struct.pack("<2i", 2, 0),
        one_valid + struct.pack("<2q", 1_000_000, 0),
    )
    assert table_digest(table) == hashlib.sha256(b"".join(encoding)).hexdigest()


def test_a_training_set_of_a_year_is_digested_within_a_second() -> None:
    rows, columns = 240_000, 22
    table = pa.table({f"n{i}": np.arange(rows) / 7 for i in range(columns)})
    for name in ("a", "b", "c"):
        table = table.append_column(name, pa.array(["2013-01-01-UA1545-EWR"] * rows))
    began = time.process_time()
    table_digest(table)
    assert time.process_time() - began < 1
