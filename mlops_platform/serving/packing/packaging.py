"""Builds the Bento of a release: everything it needs, and nothing else."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import mlops_platform
from mlops_platform.artifacts.bentos import COMPILED_CODE, bento_digest
from mlops_platform.artifacts.model_store import packages_of_model
from mlops_platform.errors import ServingError
from mlops_platform.files import replacing_file, sha256_of_file, write_json, write_text
from mlops_platform.formats.home_path import HomePath
from mlops_platform.record import Record
from mlops_platform.serving.contents import (
    ANCHOR,
    COMPILED_FORM,
    DIGESTS,
    GOLDEN_ROWS,
    MODEL,
    PACKED_FORMAT,
    RELEASE,
    SCHEMA,
    PackedRelease,
    bento_folder,
)
from mlops_platform.serving.golden import GoldenRows
from mlops_platform.serving.requirements import environment_hash, serving_requirements
from mlops_platform.serving.schema import FeatureSchema

PLATFORM = Path(mlops_platform.__file__).resolve().parent
SERVING = PLATFORM / "serving"
PACKED_MODULES = (
    *("__init__.py", "column_kind.py", "errors.py", "files.py", "record.py"),
    *("privacy.py", "section.py", "told_apart.py"),
    *("artifacts/*.py", "formats/*.py", "spec/**/*.py"),
    *(
        module.relative_to(PLATFORM).as_posix()
        for module in sorted((PLATFORM / "tasks").rglob("*.py"))
        # What draws an evaluation; a service has none.
        if module.stem != "figures"
    ),
    *(
        module.relative_to(PLATFORM).as_posix()
        for module in sorted(SERVING.rglob("*.py"))
        # What builds and tries Bentos is in none.
        if "packing" not in module.parts and module.stem != "bento_entry"
    ),
)
REQUIREMENTS = "requirements.txt"
BENTOFILE = "bentofile.yaml"


class BentoRequest(Record):
    """A release and everything that its Bento must hold.

    Args:
        model_directory: what `artifacts.save_model` wrote, and `digests` what it returned.
        compiled_form: what was proved to answer as the pipeline does; None where that serves.
        model_card: files of the model card, packed under their own names.
        anchor: hash of the ledger's row for which it is packed; None where there is none.
    """

    release: PackedRelease
    features: FeatureSchema
    model_directory: Path
    digests: dict[str, str]
    golden_rows: GoldenRows
    compiled_form: bytes | None = None
    model_card: tuple[Path, ...] = ()
    anchor: str | None = None


class BuiltBento(Record):
    """A Bento in the store.

    Args:
        path: its folder, which `bentoml serve` takes as well as the tag.
        digest: of the whole Bento; None of one that was built before it was kept.
        files: SHA-256 of every packed file, by its path under `src`.
        seconds: what building took; next to nothing where it was there already.
    """

    tag: str
    path: HomePath
    files: dict[str, str]
    schema_hash: str
    environment_hash: str
    seconds: float
    digest: str | None = None


def bento_tag(model: str, version: str) -> str:
    """Name the Bento of one registered version."""
    return f"{model}:v{version}"


def build_bento(request: BentoRequest, bentoml_home: Path) -> BuiltBento:
    """Build the Bento of a release into BentoML's store, or find it there.

    Raises:
        ServingError: BentoML fails, or the store holds other contents under the same tag.
    """
    started = time.perf_counter()
    tag = bento_tag(request.release.model, request.release.version)
    name, version = tag.split(":")
    path = bento_folder(bentoml_home, tag)
    bentoml_home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=bentoml_home) as scratch:
        sources = Path(scratch, "src")
        _assemble(request, sources, version)
        files = _digests_of(sources)
        if not path.is_dir():
            built = _build(sources, Path(scratch, "home"), name, version)
            _publish(built, path)
    _require_same_files(tag, files, path)
    return BuiltBento(
        tag=tag,
        path=path,
        files=files,
        schema_hash=request.features.schema_hash,
        environment_hash=environment_hash((path / "src" / REQUIREMENTS).read_text()),
        seconds=time.perf_counter() - started,
        digest=bento_digest(path),
    )


def _assemble(request: BentoRequest, sources: Path, version: str) -> None:
    for pattern in PACKED_MODULES:
        for module in sorted(PLATFORM.glob(pattern)):
            _copy(module, sources / PLATFORM.name / module.relative_to(PLATFORM))
    _copy(SERVING / "bento_entry.py", sources / "service.py")
    shutil.copytree(request.model_directory, sources / MODEL)
    for card in request.model_card:
        _copy(card, sources / card.name)
    for name, record in (
        (RELEASE, request.release),
        (SCHEMA, request.features),
        (GOLDEN_ROWS, request.golden_rows),
    ):
        write_text(sources / name, record.to_stored(stored_format=PACKED_FORMAT))
    write_json(sources / DIGESTS, request.digests)
    if request.compiled_form is not None:
        with replacing_file(sources / COMPILED_FORM) as temporary:
            temporary.write_bytes(request.compiled_form)
    if request.anchor is not None:
        write_json(sources / ANCHOR, {"hash": request.anchor})
    requirements = serving_requirements(packages_of_model(request.model_directory))
    write_text(sources / REQUIREMENTS, requirements)
    # JSON is YAML.
    write_json(sources / BENTOFILE, _bentofile(request, version, requirements.splitlines()))


def _bentofile(request: BentoRequest, version: str, packages: list[str]) -> dict[str, Any]:
    release = request.release
    return {
        "service": "service:service",
        "name": release.model,
        "description": f"# {release.model} {version}\n\nPredicts `{request.features.label}`.",
        "labels": {"training_set_hash": release.training_set_hash},
        # Not `requirements_txt`: BentoML refuses files below a hidden folder, as `.mlops` is one.
        "python": {"packages": packages, "lock_packages": False},
    }


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _digests_of(sources: Path) -> dict[str, str]:
    return {
        file.relative_to(sources).as_posix(): sha256_of_file(file)
        for file in sorted(sources.rglob("*"))
        # BentoML writes its own version of the build options.
        if file.is_file() and file.name != BENTOFILE and COMPILED_CODE not in file.parts
    }


def _build(sources: Path, bentoml_home: Path, name: str, version: str) -> Path:
    """Run BentoML in a store of its own; returns the Bento's folder.

    A subprocess, because a second build in one process would reuse the first model's service
    module; a store of its own, because BentoML fills the folder in place and a killed build would
    leave half a Bento under its final name.
    """
    finished = subprocess.run(  # noqa: S603 - our own interpreter
        [
            *(sys.executable, "-m", "bentoml", "build", str(sources), "--version", version),
            # Named, because BentoML looks for it in visible folders only.
            *("--bentofile", str(sources / BENTOFILE)),
        ],
        env=os.environ | {"BENTOML_HOME": str(bentoml_home), "BENTOML_DO_NOT_TRACK": "True"},
        cwd=sources,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        output = (finished.stdout + finished.stderr).strip().splitlines()[-20:]
        raise ServingError(f"{name}:{version}: BentoML could not build it:\n" + "\n".join(output))
    return bento_folder(bentoml_home, f"{name}:{version}")


def _publish(built: Path, path: Path) -> None:
    """Move a finished Bento into the store; an equal one that was quicker stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        built.rename(path)
    except OSError:
        if not path.is_dir():
            raise
    write_text(path.parent / "latest", path.name)


def _require_same_files(tag: str, files: dict[str, str], path: Path) -> None:
    stored = _digests_of(path / "src")
    differing = sorted(name for name, _ in files.items() ^ stored.items())
    if differing:
        raise ServingError(
            f"{tag}: {path} holds other contents than this release ({', '.join(differing[:5])}); "
            "release a new version, or remove that Bento with "
            f"`BENTOML_HOME={shlex.quote(str(path.parents[2]))} bentoml delete {tag}`."
        )
