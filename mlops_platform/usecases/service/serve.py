"""From the ledger to the server of a model's champion: which Bento, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from mlops_platform.errors import LedgerError, SettingsError
from mlops_platform.ledger.challenger import first_champion_advice
from mlops_platform.ledger.records import Release
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.ledger.anchors import require_whole_ledger
from mlops_platform.usecases.ledger.retirement import refuse_retired

LOOPBACK: Final = "127.0.0.1"
DRAIN_FILE: Final = "draining"
"""In the server's own state: while it exists, the service is not ready."""
_TOKENS: Final = ("MLOPS_SERVING_TOKENS", "MLOPS_SERVING_TOKENS_FILE")


@dataclass(frozen=True)
class ServedBento:
    """The Bento of the champion, verified.

    Args:
        path: its folder, which `bentoml serve` takes.
        digest: of the whole of it.
        drain_seconds: time that requests in flight have once the server stops.
    """

    release: Release
    path: Path
    digest: str
    drain_seconds: int


def champions_bento(deployment: Deployment, model: str) -> ServedBento:
    """The Bento that the ledger names for the champion, by a chain that is whole.

    Raises:
        LedgerError: nothing was released, the release has no Bento, the model is retired, or the
            ledger was changed or has lost rows.
        ServingError: the store does not hold it, or only in part.
        ArtifactError: something of it was changed after it was packed.
    """
    from mlops_platform.artifacts.bentos import bento_digest
    from mlops_platform.usecases.version.packed import packed_release

    refuse_retired(deployment.ledger, model)
    require_whole_ledger(deployment, model)
    release = deployment.ledger.current_release(model)
    if release is None:
        raise LedgerError(
            f"{model!r} has no champion to serve: "
            f"{first_champion_advice(deployment.ledger, model)}."
        )
    if release.bento_tag is None:
        raise LedgerError(
            f"release {release.sequence} of {model!r} has no Bento yet. "
            f"`mlops doctor` tells how to build it."
        )
    path, contents = packed_release(deployment.settings, release, release.bento_tag)
    digest = release.bento_digest or bento_digest(path)
    return ServedBento(release, path, digest, contents.release.serving.drain_seconds)


def checked_host(host: str, environment: Mapping[str, str]) -> str:
    """The address to listen on, as BentoML takes it.

    Raises:
        SettingsError: it is no address, or others can reach it and there is no token to ask for.
    """
    try:
        address = ip_address(LOOPBACK if host == "localhost" else host)
    except ValueError as error:
        raise SettingsError(
            f"--host: '{host}' is no IP address. Write 127.0.0.1, or 0.0.0.0 for every interface."
        ) from error
    if not address.is_loopback and not any(environment.get(name) for name in _TOKENS):
        raise SettingsError(
            f"--host: others can reach {address}, and no token is set, so that nobody could be let "
            f"in. Set {' or '.join(_TOKENS)}, or serve on {LOOPBACK}."
        )
    return str(address)


def server_environment(
    environment: Mapping[str, str],
    bento: ServedBento,
    current: Settings,
    bentoml_home: Path,
    workers: int | None,
) -> dict[str, str]:
    """The server's environment: the caller's, completed by what the deployment knows.

    A worker that starts later trusts the packed version by the digest that was verified now. With
    a key, its public half is written for the workers.

    Args:
        bentoml_home: state of this server alone; two servers in one would mix their metrics, and
            drain together.
        workers: None for as many as the model's YAML says.
    """
    model = bento.release.model
    defaults = {
        "BENTOML_DO_NOT_TRACK": "True",
        "MLOPS_SERVING_POINTER": str(current.release_pointer(model)),
        "MLOPS_SERVING_CHALLENGER": str(current.challenger_pointer(model)),
        "MLOPS_SERVING_BENTOS": str(current.bentoml_home),
        "MLOPS_SERVING_LOG": str(current.prediction_log(model)),
        "MLOPS_SERVING_ONLINE_STORE": str(current.online_store(model)),
        "MLOPS_SERVING_TRUST_PACKED": bento.digest,
    }
    if current.signing_key is not None:
        from mlops_platform.artifacts.signatures import public_key_of

        public_key = bentoml_home / "public_key.pem"
        public_key.write_bytes(public_key_of(current.signing_key))
        defaults["MLOPS_SERVING_PUBLIC_KEY"] = str(public_key)
    own = {
        "BENTOML_HOME": str(bentoml_home),
        # BentoML leaves folders behind.
        "TMPDIR": str(bentoml_home),
        "MLOPS_SERVING_DRAIN_FILE": str(bentoml_home / DRAIN_FILE),
    }
    variables = {**defaults, **environment, **own}
    if workers is not None:
        options = (
            f"{environment.get('BENTOML_CONFIG_OPTIONS', '')} services.{model}.workers={workers}"
        )
        variables["BENTOML_CONFIG_OPTIONS"] = options.strip()
    return variables
