"""A released version leaves as files, and the ledger knows that it did."""

import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from mlops_platform.artifacts.bentos import bento_digest
from mlops_platform.cli.release import export as export_command
from mlops_platform.data.digest import table_digest
from mlops_platform.data.parquet import stream_parquet
from mlops_platform.data.training_set import FILE, ROWS_FILE, TrainingSet
from mlops_platform.errors import DataError, LedgerError, SettingsError
from mlops_platform.files import sha256_of_file, write_text
from mlops_platform.ledger.records import BentoIdentity, Release
from mlops_platform.serving.contents import bento_folder
from mlops_platform.usecases.exporting.export import Exported, ExportRequest, export

if TYPE_CHECKING:
    from tests.usecases.conftest import Lifecycle


@pytest.fixture
def training_set(lifecycle: "Lifecycle", fitted: tuple[Any, pd.DataFrame]) -> str:
    """The rows of every version of the model, stored; their hash."""
    table = pa.table(
        {
            "flight_id": [f"f{at}" for at in range(len(fitted[1]))],
            **{name: fitted[1][name].to_numpy() for name in fitted[1].columns},
        }
    )
    digest = table_digest(table)
    folder = lifecycle.deployment.settings.training_sets / lifecycle.model / digest
    folder.mkdir(parents=True)
    stream_parquet([table], folder / ROWS_FILE)
    moment, day = datetime(2024, 1, 1, tzinfo=UTC), date(2024, 1, 1)
    described = TrainingSet(
        model=lifecycle.model,
        hash=digest,
        rows=table.num_rows,
        targets={},
        first_event_time=moment,
        last_event_time=moment,
        first_local_date=day,
        last_local_date=day,
        as_of=moment,
        history="all",
        columns=(),
        features_digest="f",
        labels_digest="l",
        path=folder,
    )
    write_text(folder / FILE, described.to_stored(exclude={"path"}))
    return digest


@pytest.fixture
def release(lifecycle: "Lifecycle", pack: Callable[..., str]) -> Callable[[str], Release]:
    """A new version of a training set, released and packed."""

    def released(training_set: str) -> Release:
        identity = lifecycle.register()
        promoted = lifecycle.promote(identity)
        changes = {"training_set_hash": training_set, "compiled": True}
        tag = pack(identity, promoted.sequence, **changes)
        # Sealed, as packaging does it: the version answers by its compiled form alone.
        folder = bento_folder(lifecycle.deployment.settings.bentoml_home, tag)
        bento = BentoIdentity(tag=tag, digest=bento_digest(folder))
        return lifecycle.ledger.record_packaging(lifecycle.model, promoted.sequence, bento, "tests")

    return released


@pytest.fixture
def exported(lifecycle: "Lifecycle", tmp_path: Path) -> Callable[..., Exported]:
    def exporting(version: int | None = None, name: str = "exported") -> Exported:
        target = tmp_path / name
        request = ExportRequest(lifecycle.model, "python", version, target, "alice")
        return export(lifecycle.deployment, request)

    return exporting


def test_the_ledger_knows_what_left(
    lifecycle: "Lifecycle",
    release: Callable[[str], Release],
    training_set: str,
    exported: Callable[..., Exported],
) -> None:
    champion = release(training_set)

    done = exported()

    [decision] = lifecycle.ledger.decisions(lifecycle.model, limit=1)
    assert (decision.kind, decision.actor) == ("export", "alice")
    assert decision.evidence["version"] == champion.version
    assert decision.evidence["verified_rows"] == 20_000
    [(name, digest)] = decision.evidence["files"].items()
    assert sha256_of_file(done.target / name) == digest
    assert done.manifest.training_set == training_set
    assert lifecycle.ledger.current_release(lifecycle.model) == champion


def test_another_version_is_exported_by_its_number(
    release: Callable[[str], Release], training_set: str, exported: Callable[..., Exported]
) -> None:
    first, second = release(training_set), release(training_set)

    assert exported(first.version).manifest.origin["version"] == str(first.version)
    assert exported(None, "now").manifest.origin["version"] == str(second.version)
    with pytest.raises(LedgerError, match="no Bento of version 99"):
        exported(99, "never")


def test_what_cannot_be_exported_leaves_nothing(
    lifecycle: "Lifecycle",
    release: Callable[[str], Release],
    exported: Callable[..., Exported],
    tmp_path: Path,
) -> None:
    with pytest.raises(LedgerError, match="no champion to export"):
        exported()
    release("ab" * 32)
    before = lifecycle.ledger.decisions(lifecycle.model, limit=None)

    with pytest.raises(DataError, match="missing or damaged"):
        exported()
    (tmp_path / "taken").mkdir()
    with pytest.raises(SettingsError, match="is there already"):
        exported(None, "taken")

    assert not (tmp_path / "exported").exists()
    assert lifecycle.ledger.decisions(lifecycle.model, limit=None) == before


def test_the_command_tells_what_was_proved(
    lifecycle: "Lifecycle",
    release: Callable[[str], Release],
    training_set: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    release(training_set)
    monkeypatch.setattr(export_command, "open_deployment", lambda: lifecycle.deployment)

    def run(*arguments: str) -> Result:
        command = [lifecycle.model, "--actor", "alice", *arguments]
        return CliRunner().invoke(export_command.command, command, catch_exceptions=False)

    shown = run("--format", "python", "-o", str(tmp_path / "scorer.zip"))
    assert shown.exit_code == 0
    for words in ("200 rows of its training set and 19,800 generated", "standard library alone"):
        assert words in shown.output
    document = json.loads(run("--format", "onnx", "-o", str(tmp_path / "graph"), "--json").output)
    assert document["needs"] == ["onnxruntime", "numpy"]
    assert document["verified"]["max_difference"] <= 1e-6
    assert zipfile.is_zipfile(tmp_path / "scorer.zip")
    assert (tmp_path / "graph" / "scorer.onnx").is_file()
