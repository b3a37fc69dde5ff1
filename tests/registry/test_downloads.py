"""What a server sends is gone once it was read, whatever happens; files of this machine stay."""

import tempfile
from pathlib import Path

import pytest

from mlops_platform.errors import RegistryError
from mlops_platform.registry import registry as module
from mlops_platform.registry.registry import Registry
from tests.documents.cases import Case, refuse_undocumented
from tests.registry.conftest import Judged

READ = Case(
    "files of a version or a run that an MLflow server sends",
    "each read left another copy in the temporary folder",
    "deleted once they were read",
    "",
)
FAILED = Case(
    "the same, where reading them fails",
    "the copy stayed as well",
    "deleted all the same",
    "Restore the artifact store",
)
CASES = [READ, FAILED]


@pytest.fixture
def downloads(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder, into which MLflow downloads as it does from a server."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def run_id(registry: Registry, downloads: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    with registry.training_run("downloads", "run", {}) as run:
        run.log_text("notes/card.md", "# Card")
    monkeypatch.setattr(module, "is_server", lambda uri: True)
    return run.run_id


@pytest.mark.parametrize("case", [READ], ids=lambda case: case.given)
def test_what_a_server_sent_is_gone_once_it_was_read(registry, run_id, downloads, case):
    with registry.fetched_directory(run_id, "notes") as directory:
        assert directory.is_relative_to(downloads)
        assert (directory / "card.md").read_text() == "# Card"
    assert list(downloads.iterdir()) == []


@pytest.mark.parametrize("case", [FAILED], ids=lambda case: case.given)
def test_it_is_gone_after_an_error_too(registry, run_id, downloads, case):
    with (
        pytest.raises(RegistryError, match=case.reads),
        registry.fetched_directory(run_id, "nothing"),
    ):
        pass
    with pytest.raises(ValueError, match="damaged"), registry.fetched_directory(run_id, "notes"):
        raise ValueError("damaged")
    assert list(downloads.iterdir()) == []


def test_files_of_a_version_are_gone_as_well(registry, judged: Judged, downloads, monkeypatch):
    with registry.training_run("sent", "run", {}) as run:
        version = registry.register_version(
            "sent", run.run_id, judged.directory, judged.digests, judged.description, {}
        )
    monkeypatch.setattr(module, "is_server", lambda uri: True)
    with registry.fetched_version("sent", version.version) as fetched:
        assert fetched.directory.is_relative_to(downloads)
        assert {path.name for path in fetched.directory.iterdir()} >= set(judged.digests)
    assert list(downloads.iterdir()) == []


def test_the_cases_are_documented():
    refuse_undocumented("Statistics and serving", CASES)
