"""MLflow's artifact repository for locations that are relative to the home.

MLflow finds it by the entry point `mlflow.artifact_repository` of this package.
"""

from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from mlops_platform.registry.locations import path_at


class HomeArtifactRepository(LocalArtifactRepository):
    """Files below the home of the deployment that the tracking URI names."""

    def __init__(
        self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
    ) -> None:
        path = path_at(artifact_uri, tracking_uri)
        super().__init__(path.as_uri(), tracking_uri=tracking_uri, registry_uri=registry_uri)
