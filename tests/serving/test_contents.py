"""What a Bento holds beside its code."""

import json

from mlops_platform.serving.contents import PACKED_FORMAT, PackedRelease
from mlops_platform.serving.golden import GoldenRow
from mlops_platform.serving.packing.parity import Parity
from mlops_platform.tasks import DEFAULT_TASK


def test_what_is_packed_says_its_format_and_keeps_the_word_of_before():
    release = PackedRelease(
        model="m",
        version="1",
        sequence=1,
        task=DEFAULT_TASK,
        constants={"threshold": 0.5},
        training_set_hash="5e7",
        not_compiled="PCA has no compiled form",
    )
    stored = json.loads(release.to_stored(stored_format=PACKED_FORMAT))
    assert stored["format"] == PACKED_FORMAT
    assert (stored["folded"], stored["not_folded"]) == (False, "PCA has no compiled form")
    assert "compiled" not in stored
    assert PackedRelease.from_stored(json.dumps(stored)) == release

    parity = Parity(rows=1, refused_rows=0, max_difference=0.0, compiled_max_difference=1e-16)
    assert json.loads(parity.to_stored())["folded_max_difference"] == 1e-16
    assert Parity.from_stored(parity.to_stored()) == parity


def test_what_was_packed_before_there_were_tasks_is_read_as_a_binary_classifier():
    stored = {"model": "m", "version": "1", "sequence": 1, "training_set_hash": "5e7"}
    assert PackedRelease.from_stored(json.dumps(stored | {"threshold": 0.5})) == PackedRelease(
        **stored, task=DEFAULT_TASK, constants={"threshold": 0.5}
    )
    row = {"features": {"distance": 1.0}, "probability": 0.25}
    assert GoldenRow.from_stored(json.dumps(row)).numbers == (0.25,)
