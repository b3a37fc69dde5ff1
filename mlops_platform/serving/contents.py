"""What a Bento holds beside its code: files of the release, written at packaging, read at start."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict

from mlops_platform.record import Record
from mlops_platform.serving.golden import GoldenRows
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.spec.serving import ServingSpec
from mlops_platform.tasks import TaskSpec

MODEL = "model"
RELEASE = "packed_release.json"
SCHEMA = "schema.json"
DIGESTS = "digests.json"
GOLDEN_ROWS = "golden_rows.json"
COMPILED_FORM = "compiled_form.msgpack"
"""What the compiled model is made of; models without one have none, and older Bentos."""
ANCHOR = "ledger_anchor.json"
"""Hash of the ledger's row for which a Bento was packed; services do not read it."""
PACKED_FORMAT = 4
"""Of every record in a Bento: services that were packed earlier follow what is packed today, and
read no newer format than their own. It is raised when one of the records changes."""
STORED_AS_FOLDED = ConfigDict(
    alias_generator=lambda name: name.replace("compiled", "folded"),
    validate_by_name=True,
    serialize_by_alias=True,
)
"""JSON keeps the word of before: services that were packed earlier read what is packed today."""


class PackedRelease(Record):
    """The release that a Bento serves, and how.

    Args:
        sequence: number of the release in the ledger.
        task: what the model predicts, and how it is answered.
        constants: what turns the numbers of the model into predictions, until the release is
            adjusted.
        training_set_hash: name of the training set that the version was fitted on.
        run_id: the MLflow run that it comes from.
        serving: how the service answers, as the model's YAML says it.
        compiled: whether single rows may be scored by the compiled scorer; else the plain pipeline.
        not_compiled: why the plain pipeline serves.
        explained: whether contributions were proved exact, so that `/v1/explain` may answer.
        not_explained: why it does not.
    """

    model_config = STORED_AS_FOLDED

    model: str
    version: str
    sequence: int
    task: TaskSpec
    constants: dict[str, float]
    training_set_hash: str
    run_id: str | None = None
    serving: ServingSpec = ServingSpec()
    compiled: bool = False
    not_compiled: str | None = None
    explained: bool = False
    not_explained: str | None = None


@dataclass(frozen=True)
class Contents:
    """The files of one Bento, read; the model itself stays on disk until it is loaded.

    Args:
        digest: of the whole Bento; None where nobody asked for it.
        sealed: whether somebody vouches for the whole Bento. For one that was packed before its
            digest was kept, the ledger vouches for the files of the model alone.
    """

    model_directory: Path
    release: PackedRelease
    features: FeatureSchema
    digests: dict[str, str]
    golden_rows: GoldenRows
    digest: str | None = None
    sealed: bool = True


def bento_folder(bentoml_home: Path, tag: str) -> Path:
    """Where BentoML's store keeps a Bento; the folder `src` in it holds the contents."""
    name, _, version = tag.partition(":")
    return bentoml_home / "bentos" / name / version


def read_contents(root: Path) -> Contents:
    """Read what lies under `root`, the `src` folder of a Bento."""
    return Contents(
        model_directory=root / MODEL,
        release=PackedRelease.from_stored((root / RELEASE).read_bytes()),
        features=FeatureSchema.from_stored((root / SCHEMA).read_bytes()),
        digests=json.loads((root / DIGESTS).read_bytes()),
        golden_rows=GoldenRows.from_stored((root / GOLDEN_ROWS).read_bytes()),
    )
