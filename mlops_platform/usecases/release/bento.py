"""Packs a version as a self-contained Bento, after proving that it answers the same."""

from __future__ import annotations

from mlops_platform.artifacts.model_store import load_model
from mlops_platform.ledger.challenger import CHALLENGE, packaged, standing_challenger
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import BentoIdentity, NewDecision
from mlops_platform.record import Record
from mlops_platform.serving.contents import PackedRelease
from mlops_platform.serving.packing.packaging import BuiltBento
from mlops_platform.serving.packing.parity import Parity
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.candidate.training_rows import split_rows
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.release.card import WrittenCard
from mlops_platform.usecases.release.register import RegisteredCandidate
from mlops_platform.usecases.release.signing import sign_bento
from mlops_platform.usecases.version.deployed import DeployedVersion

BENTO_FILE = "bento.json"
"""What the release's MLflow run tells of its Bento: tag and digests."""


class PackagedRelease(Record):
    """A champion or challenger with its Bento and the proof of parity at packaging.

    Args:
        not_explained: why the service refuses to explain; None where it explains.
    """

    release: DeployedVersion
    bento: BuiltBento
    parity: Parity
    not_explained: str | None = None


def package_release(
    deployment: Deployment,
    spec: ModelSpec,
    registered: RegisteredCandidate,
    release: DeployedVersion,
    card: WrittenCard,
    actor: str,
) -> PackagedRelease:
    """Prove parity on the training set's rows, build the Bento and write it to the ledger.

    Raises:
        ServingError: the serving path does not answer what the pipeline answers.
    """
    from mlops_platform.serving.golden import choose_golden_rows
    from mlops_platform.serving.packing.packaging import BentoRequest, build_bento
    from mlops_platform.serving.packing.parity import prove_form, why_not_explained

    registered.require_standing_as(release)
    model = load_model(registered.directory, registered.digests)
    split = split_rows(spec, registered.judged.evaluated.candidate.training_set)
    schema = registered.features
    parity, form = prove_form(schema, spec.task, model, split.everything)
    golden = choose_golden_rows(schema, spec.task, model, split.test, spec.serving.golden_rows)
    not_explained = why_not_explained(schema, spec.task, model, golden, split.test, form)
    bento = build_bento(
        BentoRequest(
            release=_packed(spec, registered, release, parity, not_explained),
            features=schema,
            model_directory=registered.directory,
            digests=registered.digests,
            golden_rows=golden,
            compiled_form=form,
            model_card=card.files,
            anchor=_anchor(deployment.ledger, release),
        ),
        deployment.settings.bentoml_home,
    )
    with deployment.registry.resume_run(release.run_id) as run:
        run.log_text(BENTO_FILE, bento.to_stored(exclude={"path"}))
    built = BentoIdentity(tag=bento.tag, digest=bento.digest)
    recorded = record_bento(deployment.ledger, release, built, actor)
    sign_bento(built, deployment.settings)
    return PackagedRelease(
        release=recorded, bento=bento, parity=parity, not_explained=not_explained
    )


def record_bento(
    ledger: Ledger, standing: DeployedVersion, bento: BentoIdentity, actor: str
) -> DeployedVersion:
    """Write the Bento of a version to the ledger; writing it again changes nothing.

    A challenger has no release to which it could be attached, so that a decision tells it; its
    promotion takes it over.
    """
    if standing.role == "champion":
        released = ledger.record_packaging(standing.model, standing.sequence, bento, actor)
        return DeployedVersion.released(released)
    challenger = standing_challenger(ledger, standing.model)
    on_trial = challenger is not None and challenger.challenge == standing.decision_id
    if challenger is not None and on_trial and challenger.bento != bento:
        decision = NewDecision(
            kind="package",
            reason=f"The Bento of the challenger, version {standing.version}, is built.",
            actor=actor,
            evidence={CHALLENGE: standing.decision_id, **packaged(bento)},
        )
        ledger.record_decision(standing.model, decision)
    return standing.model_copy(update={"bento_tag": bento.tag, "bento_digest": bento.digest})


def _anchor(ledger: Ledger, standing: DeployedVersion) -> str:
    """Hash of what made it stand: of its release, or of the decision that put it on trial."""
    if standing.role == "champion":
        [row, *_] = ledger.release_rows(standing.model, standing.sequence)
    else:
        [row] = ledger.decision_rows([standing.decision_id])
    return row.hash


def _packed(
    spec: ModelSpec,
    registered: RegisteredCandidate,
    release: DeployedVersion,
    parity: Parity,
    not_explained: str | None,
) -> PackedRelease:
    training_set = registered.judged.evaluated.candidate.training_set
    return PackedRelease(
        model=spec.name,
        version=str(release.version),
        sequence=release.sequence,
        task=spec.task,
        constants=release.fitted.constants if release.fitted else registered.constants,
        training_set_hash=training_set.hash,
        run_id=release.run_id,
        serving=spec.serving,
        compiled=parity.compiled,
        not_compiled=parity.fallback_reason,
        explained=not_explained is None,
        not_explained=not_explained,
    )
