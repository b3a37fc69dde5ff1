"""What `mlops serve` verifies before it starts a server."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from mlops_platform.artifacts.bentos import bento_digest
from mlops_platform.artifacts.digests import digest_directory
from mlops_platform.errors import ArtifactError, LedgerError, MlopsError
from mlops_platform.files import write_json
from mlops_platform.ledger.records import BentoIdentity
from mlops_platform.serving.contents import DIGESTS, GOLDEN_ROWS, MODEL, RELEASE, bento_folder
from mlops_platform.usecases.service.serve import champions_bento

if TYPE_CHECKING:
    from tests.usecases.conftest import Lifecycle


@pytest.fixture
def packed(lifecycle: "Lifecycle", pack: Callable[..., str]) -> Path:
    """The Bento of the champion."""
    identity = lifecycle.register()
    lifecycle.promote(identity)
    tag = pack(identity, 1)
    folder = bento_folder(lifecycle.deployment.settings.bentoml_home, tag)
    bento = BentoIdentity(tag=tag, digest=bento_digest(folder))
    lifecycle.ledger.record_packaging(lifecycle.model, 1, bento, "bento")
    return folder


def test_the_champions_bento_is_the_one_of_the_ledger(lifecycle: "Lifecycle", packed: Path) -> None:
    bento = champions_bento(*lifecycle.scope)
    assert (bento.path, bento.digest) == (packed, bento_digest(packed))


def _swap(lifecycle: "Lifecycle", packed: Path, pack: Callable[..., str]) -> None:
    """Another version's model, golden rows and digests take the place of its own."""
    other = bento_folder(lifecycle.deployment.settings.bentoml_home, pack(lifecycle.register(), 2))
    for name in (GOLDEN_ROWS, DIGESTS):
        shutil.copy(other / "src" / name, packed / "src" / name)
    shutil.rmtree(packed / "src" / MODEL)
    shutil.copytree(other / "src" / MODEL, packed / "src" / MODEL)
    assert json.loads((packed / "src" / DIGESTS).read_bytes()) == digest_directory(
        packed / "src" / MODEL
    )


@pytest.mark.fault(
    "`mlops serve` finds a Bento whose model, golden rows and digests were swapped together",
    "it does not start it",
)
def test_a_bento_that_was_swapped_is_not_started(
    lifecycle: "Lifecycle",
    packed: Path,
    pack: Callable[..., str],
    observe: Callable[[str], None],
) -> None:
    _swap(lifecycle, packed, pack)
    with pytest.raises(ArtifactError, match="the ledger says"):
        champions_bento(*lifecycle.scope)
    # A packaging of before digests were kept vouches for the model's files.
    old = BentoIdentity(tag=f"{lifecycle.model}:v1")
    lifecycle.ledger.record_packaging(lifecycle.model, 1, old, "bento")
    with pytest.raises(ArtifactError, match=r"'.*' has SHA-256"):
        champions_bento(*lifecycle.scope)
    observe("`... has the digest ..., and the ledger says ...`; nothing is started")


def test_a_changed_threshold_is_found_in_a_packaging_of_before(
    lifecycle: "Lifecycle", packed: Path
) -> None:
    old = BentoIdentity(tag=f"{lifecycle.model}:v1")
    lifecycle.ledger.record_packaging(lifecycle.model, 1, old, "bento")
    file = packed / "src" / RELEASE
    write_json(file, json.loads(file.read_bytes()) | {"constants": {"threshold": 0.99}})
    with pytest.raises(ArtifactError, match=r"answers with \{'threshold': 0.99\}"):
        champions_bento(*lifecycle.scope)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE releases SET constants = '{}'",
        "UPDATE packagings SET bento_digest = 'x'",
        "DELETE FROM packagings",
    ],
)
def test_nothing_is_served_by_a_ledger_that_was_changed(
    lifecycle: "Lifecycle", packed: Path, statement: str
) -> None:
    with create_engine(lifecycle.deployment.settings.ledger_url).begin() as connection:
        for name in ("releases_no_update", "packagings_no_update", "packagings_no_delete"):
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text(statement))
    with pytest.raises(MlopsError) as refused:
        champions_bento(*lifecycle.scope)
    assert isinstance(refused.value, LedgerError)
