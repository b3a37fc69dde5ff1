"""Whether what the windows of a version are compared with is what was released with it."""

from collections.abc import Iterator

from mlops_platform.errors import ArtifactError, RegistryError, is_of_a_server
from mlops_platform.ledger.challenger import standing_challenger
from mlops_platform.ledger.records import VersionIdentity
from mlops_platform.registry.registry import Registry
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.diagnosis.fault import Fault
from mlops_platform.usecases.diagnosis.looking import RESTORE
from mlops_platform.usecases.release.reference import verified_reference


def faults_of_references(deployment: Deployment, model: str) -> Iterator[Fault]:
    """Of the champion an error, of earlier versions and of a challenger a warning."""
    releases = deployment.ledger.releases(model)
    challenger = standing_challenger(deployment.ledger, model)
    pinned: list[VersionIdentity] = [*releases, *([] if challenger is None else [challenger])]
    for version in {each.version: each for each in pinned}.values():
        problem = _problem(deployment.registry, version)
        if problem is not None:
            serves = version.version == releases[-1].version if releases else False
            yield Fault(
                severity="error" if serves else "warning",
                what=problem,
                where=f"{model}, reference of version {version.version}",
                cure=RESTORE,
            )


def _problem(registry: Registry, version: VersionIdentity) -> str | None:
    """Why a reference is not the one that was released; nothing is known of older versions.

    Raises:
        RegistryError: its server does not answer.
    """
    if version.reference is None:
        return None
    try:
        with verified_reference(registry, version):
            return None
    except (ArtifactError, RegistryError) as error:
        if is_of_a_server(error):
            raise
        return str(error)
