"""A record that was written is read back unchanged."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mlops_platform.record import Record


class Measured(Record):
    """A number with a name."""

    name: str
    value: float


@given(st.text(), st.floats())
def test_any_number_survives_json(name: str, value: float) -> None:
    read = Measured.model_validate_json(Measured(name=name, value=value).model_dump_json())

    assert read.name == name
    assert read.value == value or (math.isnan(read.value) and math.isnan(value))


def test_a_record_cannot_be_changed_or_extended() -> None:
    measured = Measured(name="log_loss", value=0.5)

    with pytest.raises(ValidationError):
        measured.value = 0.4  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Measured.model_validate({"name": "log_loss", "value": 0.5, "unit": "nat"})
