"""The one release: the ledger first, then what follows it."""

from pathlib import Path

from mlops_platform.artifacts.digests import verify_directory
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewDecision, Release, VersionIdentity
from mlops_platform.registry.registry import Registry
from mlops_platform.usecases.release.reconcile import reconcile
from mlops_platform.usecases.release.roll_back import refuse_rolled_back


def release_version(
    ledger: Ledger,
    registry: Registry,
    pointer: Path,
    model: str,
    identity: VersionIdentity,
    decision: NewDecision,
    *,
    expected_sequence: int | None,
    bento_tag: str | None = None,
    after: int | None = None,
) -> Release:
    """Make a registered version the champion; a version that is the champion already stays it.

    A crash after the ledger's transaction leaves stale projections, which the next `reconcile`
    repairs; a second call with the same version writes no second release.

    Args:
        pointer: where the model's release pointer belongs.
        identity: the version, pinned by what was judged.
        expected_sequence: sequence of the champion that the version was judged against, None
            where there was none.
        bento_tag: Bento of this very version, where one was built already.
        after: decision that must still be the newest about what stands, where that matters.

    Raises:
        RegistryError: the version does not exist.
        ArtifactError: its files are not those that `identity` names.
        LedgerError: the version was rolled back once; nothing was written.
        ReleaseConflict: another version was released meanwhile, or something was decided after
            `after`; nothing was written.
    """
    release = ledger.current_release(model)
    if release is None or release.version != identity.version:
        refuse_rolled_back(ledger.releases(model), identity.version)
        fetched = registry.fetch_version(model, identity.version)
        verify_directory(fetched.directory, identity.digests)
        release = ledger.release(
            model,
            identity,
            decision,
            expected_sequence=expected_sequence,
            bento_tag=bento_tag,
            after=after,
        )
    reconcile(ledger, registry, pointer, model)
    return release
