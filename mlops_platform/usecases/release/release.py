"""The one release: the ledger first, then what follows it."""

from dataclasses import dataclass

from mlops_platform.artifacts.digests import verify_directory
from mlops_platform.ledger.records import (
    BentoIdentity,
    NewDecision,
    Release,
    Seen,
    VersionIdentity,
)
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.ledger.anchors import (
    lost_releases,
    refuse_losses,
    require_whole_ledger,
)
from mlops_platform.usecases.ledger.hold import refusing_held
from mlops_platform.usecases.release.reconcile import reconcile
from mlops_platform.usecases.release.roll_back import refuse_rolled_back


@dataclass(frozen=True)
class Promotion:
    """A version that is to become the champion, and what must still be true when it does.

    Args:
        identity: the version, pinned by what was judged.
        decision: why, and who decided.
        expected_sequence: sequence of the champion that the version was judged against, None
            where there was none.
        bento: Bento of this very version, where one was built already.
        after: decisions that it rests on, beside those that hold the model.
        automatic: no person asks for it, so that it does not release what is frozen.
    """

    model: str
    identity: VersionIdentity
    decision: NewDecision
    expected_sequence: int | None
    bento: BentoIdentity | None = None
    after: tuple[Seen, ...] = ()
    automatic: bool = False


def release_version(deployment: Deployment, promotion: Promotion) -> Release:
    """Make a registered version the champion; a version that is the champion already stays it.

    A crash after the ledger's transaction leaves stale projections, which the next `reconcile`
    repairs; a second call with the same version writes no second release.

    Raises:
        RegistryError: the version does not exist.
        ArtifactError: its files are not those that its identity names.
        LedgerError: the version was rolled back once, or the ledger was changed or has lost rows;
            nothing was written.
        HeldError: the model is retired, or frozen and nobody asks; nothing was written.
        ReleaseConflict: another version was released meanwhile, or something was decided after
            `promotion.after`; nothing was written.
    """
    ledger, model, identity = deployment.ledger, promotion.model, promotion.identity
    release = ledger.current_release(model)
    if release is None or release.version != identity.version:
        with refusing_held(ledger, model, automatic=promotion.automatic) as not_held:
            require_whole_ledger(deployment, model)
            refuse_losses(model, lost_releases(deployment, model))
            refuse_rolled_back(ledger.releases(model), identity.version)
            verify_registered(deployment, model, identity)
            release = ledger.release(
                model,
                identity,
                promotion.decision,
                expected_sequence=promotion.expected_sequence,
                bento=promotion.bento,
                after=[*promotion.after, *not_held],
            )
    reconcile(deployment, model)
    return release


def verify_registered(deployment: Deployment, model: str, identity: VersionIdentity) -> None:
    """Compare the files that the registry has of a version with its identity.

    Raises:
        RegistryError: the version does not exist.
        ArtifactError: its files are others.
    """
    with deployment.registry.fetched_version(model, identity.version) as fetched:
        verify_directory(fetched.directory, identity.digests)
