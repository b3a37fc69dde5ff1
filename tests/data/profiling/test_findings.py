"""What is said of a table, and what mends it."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_platform.data.profiling.findings import findings


def _table(rows, **columns):
    lines = [",".join(columns)]
    lines += [",".join(str(make(row)) for make in columns.values()) for row in range(rows)]
    return "\n".join(lines) + "\n"


def _by_kind(profile):
    return {finding.kind: finding for finding in reversed(findings(profile))}


def test_every_finding_has_figures_and_a_fix(profiled):
    profile = profiled(
        _table(
            120,
            order_id=lambda row: row * 3,
            at=lambda row: f"2024-{1 + row // 28:02}-{1 + row % 28:02} 10:00:00",
            amount=lambda row: -999 if row % 20 == 0 else 10 + row % 37,
            colour=lambda row: "NULL" if row % 30 == 0 else ("red", "blue")[row % 2],
            k=lambda row: 7,
            email=lambda row: f"a{row % 9}@b.org",
            token=lambda row: f"x{row * 7919 % 1000:04}",
        )
    )
    said = _by_kind(profile)

    assert said["identifier"].fix == "--drop token"
    assert said["constant"].text == "'k' is always '7' in all 120 rows."
    assert said["personal"].fix == "sensitive: [email]"
    assert said["null_values"].fix == 'null_values: ["", "NULL"]'
    assert said["key"].fix == "key: [order_id]"
    assert said["key"].text == "order_id identifies a row."
    disguised = [finding for finding in findings(profile) if finding.kind == "disguised_missing"]
    assert [(finding.columns, finding.level) for finding in disguised] == [
        (("amount",), "warn"),
        (("colour",), "note"),
    ]
    assert "'-999' in 6 rows (5.0 %)" in disguised[0].text
    assert disguised[0].fix == 'missing_as of amount: ["-999"]'
    levels = [finding.level for finding in findings(profile)]
    assert levels == sorted(levels, key=("refuse", "warn", "note").index)


def test_duplicates_can_be_dropped_or_numbered(profiled):
    said = _by_kind(profiled("a,b\n" + "1,x\n2,y\n3,z\n" * 50))
    assert said["duplicates"].level == "warn"
    assert "147 rows (98 %)" in said["duplicates"].text
    assert "numbered_by: row_number" in str(said["duplicates"].fix)


def test_columns_that_are_a_key_together_identify_a_row(profiled):
    text = _table(400, shop=lambda row: row % 20, day=lambda row: row // 20, n=lambda row: 1)
    assert _by_kind(profiled(text))["key"].text == "shop and day identify a row."


def test_without_key_a_numbered_one_is_proposed(profiled):
    bits = {name: (lambda row, at=at: row >> at & 1) for at, name in enumerate("abcdef")}
    said = _by_kind(profiled(_table(64, **bits)))
    assert said["no_key"].fix == (
        "key: [a, b, c, d, e, f, row_number], duplicates: number, numbered_by: row_number"
    )


@pytest.mark.parametrize(("days", "level"), [(2, "refuse"), (20, "warn"), (40, None)])
def test_a_short_history_is_told(profiled, days, level):
    text = _table(
        400, at=lambda row: f"2024-{1 + row % days // 28:02}-{1 + row % days % 28:02}", n=str
    )
    said = _by_kind(profiled(text))
    assert (said["little_history"].level if "little_history" in said else None) == level


@pytest.mark.parametrize(("rows", "level"), [(20, "refuse"), (60, "warn"), (100, None)])
def test_few_rows_are_told(profiled, rows, level):
    said = _by_kind(profiled(_table(rows, n=lambda row: row % 7, m=str)))
    assert (said["little_data"].level if "little_data" in said else None) == level


def test_rows_to_come_are_told(profiled):
    text = _table(300, at=lambda row: f"{2124 if row == 5 else 2024}-01-{1 + row % 31:02}", n=str)
    said = _by_kind(profiled(text))
    assert said["future_rows"].level == "warn"
    assert said["future_rows"].columns == ("at",)
    assert "1 rows (0.3 %), the last at 2124-01-06" in said["future_rows"].text


def test_without_time_it_is_said_what_is_lost(profiled):
    said = _by_kind(
        profiled(
            _table(300, year=lambda n: 2013, month=lambda n: 1 + n % 12, day=lambda n: 1 + n % 28)
        )
    )
    assert said["no_time"].fix == '--time "make_date(year, month, day)"'


@pytest.mark.parametrize(
    ("values", "fix"),
    [
        (lambda row: f"202401{1 + row % 28:02}", "strptime(seen_at::VARCHAR, '%Y%m%d')"),
        (lambda row: f"{1 + row % 28:02}.01.2024", "strptime(seen_at, '%d.%m.%Y')"),
        (lambda row: f"1/{1 + row % 28}/2024 10:30", "strptime(seen_at, '%m/%d/%Y %H:%M')"),
        (lambda row: 1_704_067_200 + row, "to_timestamp(seen_at)"),
        (lambda row: 1_704_067_200_000 + row, "to_timestamp(seen_at / 1000)"),
    ],
)
def test_a_time_of_parquet_that_is_not_read_as_one_has_an_expression(scanned, values, fix):
    columns = {"seen_at": [values(row) for row in range(200)], "n": [row % 3 for row in range(200)]}
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content)
    table = scanned(content.getvalue(), "table.parquet")
    said = _by_kind(table.profile)
    assert said["unread_time"].fix == f'--time "{fix}"'
    first = table.sample({"moment": f"CAST(({fix}) AS TIMESTAMPTZ)"})["moment"].iloc[0]
    assert first.year == 2024


def test_an_unusual_dialect_is_the_line_that_declares_it(profiled):
    said = _by_kind(profiled("a;b\n1,5;x\n2,5;y\n"))
    assert said["dialect"].fix == 'csv: {delimiter: ";", decimal: ","}'
