"""Names are identifiers, whatever a file or a label is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mlops_platform.section import Identifier
from mlops_platform.usecases.scaffold.proposing.names import (
    TakenNames,
    free_domain,
    identifier_of,
    label_name_of,
    table_name,
)

IDENTIFIER = TypeAdapter(Identifier)


@given(st.text())
def test_any_text_makes_a_name(text: str) -> None:
    for name in (identifier_of(text), table_name(text), label_name_of(text)):
        assert IDENTIFIER.validate_python(name) == name


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("/data/Taxi Trips 2024.csv.gz", "taxi_trips_2024"),
        ("orders.parquet", "orders"),
        ("public.orders", "public_orders"),
        ("2024.csv", "t_2024"),
        ("日本.csv", "data"),
    ],
)
def test_a_source_gives_its_name(source: str, name: str) -> None:
    assert table_name(source) == name


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Is Late", "is_late"),
        ('"Arr Delay" > 15', "arr_delay_above_15"),
        ("(delay >= 15)", "delay_at_least_15"),
        ("status = 'late'", "status_is_late"),
        ("case when a then b end", "target"),
        ("a > 1 and b < 2", "target"),
    ],
)
def test_a_label_gives_its_name(label: str, name: str) -> None:
    assert label_name_of(label) == name


def test_a_name_is_free_in_the_end() -> None:
    taken = TakenNames(domains=("a", "a_2"))
    assert free_domain("a", taken) == "a_3"
    assert free_domain("b", taken) == "b"
