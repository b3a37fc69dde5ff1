"""Packs the champion as a self-contained Bento, after proving that it answers the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.artifacts.model_store import load_model
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Release
from mlops_platform.record import Record
from mlops_platform.serving.contents import PackedRelease
from mlops_platform.serving.packaging import BuiltBento
from mlops_platform.serving.parity import Parity
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.document import WrittenCard
from mlops_platform.usecases.register import RegisteredCandidate
from mlops_platform.usecases.train import split_rows

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_platform.registry.registry import Registry

BENTO_FILE = "bento.json"
"""What the release's MLflow run tells of its Bento: tag, path, digests."""


class PackagedRelease(Record):
    """A release with its Bento and the proof of parity at packaging."""

    release: Release
    bento: BuiltBento
    parity: Parity


def package_release(
    spec: ModelSpec,
    registered: RegisteredCandidate,
    release: Release,
    card: WrittenCard,
    ledger: Ledger,
    registry: Registry,
    bentoml_home: Path,
    actor: str,
) -> PackagedRelease:
    """Prove parity on the training set's rows, build the Bento and write it to the ledger.

    Raises:
        ServingError: the serving path does not answer what the pipeline answers.
    """
    from mlops_platform.serving.golden import choose_golden_rows
    from mlops_platform.serving.packaging import BentoRequest, build_bento
    from mlops_platform.serving.parity import check_parity

    registered.require_released_as(release)
    model = load_model(registered.directory, registered.digests)
    split = split_rows(spec, registered.judged.evaluated.candidate.training_set)
    parity = check_parity(registered.features, model, split.everything)
    bento = build_bento(
        BentoRequest(
            release=_packed(spec, registered, release),
            features=registered.features,
            model_directory=registered.directory,
            digests=registered.digests,
            golden_rows=choose_golden_rows(
                registered.features, model, split.test, spec.serving.golden_rows
            ),
            model_card=card.files,
        ),
        bentoml_home,
    )
    with registry.resume_run(release.run_id) as run:
        run.log_dict(BENTO_FILE, bento.model_dump(mode="json"))
    packaged = ledger.record_packaging(spec.name, release.sequence, bento.tag, actor)
    return PackagedRelease(release=packaged, bento=bento, parity=parity)


def _packed(spec: ModelSpec, registered: RegisteredCandidate, release: Release) -> PackedRelease:
    training_set = registered.judged.evaluated.candidate.training_set
    return PackedRelease(
        model=spec.name,
        version=str(release.version),
        sequence=release.sequence,
        threshold=registered.threshold,
        training_set_hash=training_set.hash,
        serving=spec.serving,
    )
