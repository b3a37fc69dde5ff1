"""A profile's file says what its bins are, also where an older version has written it."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.drift.profile.bins import ColumnBins
from mlops_platform.monitoring.drift.profile.profile import FittedBins
from mlops_platform.monitoring.drift.profile.stored import (
    PROFILE_FILE,
    read_profile,
    write_profile,
)

NUMBERS = st.floats(allow_nan=False)
FORMER_KINDS = {"grid": "uniform", "values": "values", "categories": "categories"}


@given(
    kind=st.sampled_from(list(FORMER_KINDS)),
    low=NUMBERS,
    scale=st.none() | NUMBERS,
    atoms=st.lists(NUMBERS),
)
def test_the_cells_of_an_older_version_are_the_same_bins(kind, low, scale, atoms):
    cells = {"column": "x", "kind": kind, "low": low, "width": 0.5, "scale": scale, "atoms": atoms}
    read = FittedBins.from_stored(json.dumps({"format": 1, "columns": [cells]}))

    assert read.columns == (
        ColumnBins(
            column="x",
            kind=FORMER_KINDS[kind],
            low=low,
            width=0.5,
            scale=scale,
            point_masses=tuple(atoms),
        ),
    )


def test_a_file_of_an_older_version_is_read(profiled, make_traffic, tmp_path: Path):
    profile = profiled(make_traffic(21, 0))
    write_profile(tmp_path, profile)
    table = pq.read_table(tmp_path / PROFILE_FILE)
    columns = [bins.model_dump(mode="json") for bins in profile.bins.columns]
    for column in columns:
        column["atoms"] = column.pop("point_masses")
    former = json.dumps({"columns": columns}).encode()
    schema = table.schema.with_metadata({b"cells": former})
    with pq.ParquetWriter(tmp_path / PROFILE_FILE, schema) as writer:
        for name in profile.bins.names:
            writer.write_table(profile.counts[name].cast(pa.schema(list(schema))).cast(schema))

    assert read_profile(tmp_path).bins == profile.bins
