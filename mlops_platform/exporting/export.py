"""A version in some form: proved first, then written whole or not at all."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, NamedTuple

from mlops_platform.errors import SettingsError
from mlops_platform.exporting.compared_rows import compared_rows
from mlops_platform.exporting.manifest import MANIFEST, Form, Manifest, surroundings
from mlops_platform.exporting.verification import compare, served
from mlops_platform.files import new_directory, replacing_file, sha256_of_file, write_text

if TYPE_CHECKING:
    import pandas as pd

    from mlops_platform.exporting.exportable import Exportable
    from mlops_platform.exporting.speed import Speed
    from mlops_platform.exporting.verification import Said
    from mlops_platform.serving.frames import Row

NEEDS: Final[Mapping[Form, tuple[str, ...]]] = {"python": (), "onnx": ("onnxruntime", "numpy")}
ZIP: Final = ".zip"
ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""Of every entry, so that the same files make the same archive."""


class Provenance(NamedTuple):
    """Where a version comes from, for its manifest."""

    model_digests: Mapping[str, str]
    training_set: str


class ProvedExport(NamedTuple):
    """Files that answer what the pipeline answers, not published yet."""

    manifest: Manifest
    folder: Path


@contextmanager
def proved_export(
    version: Exportable, provenance: Provenance, form: Form, rows: pd.DataFrame
) -> Iterator[ProvedExport]:
    """A version in some form, in a folder that is gone afterwards.

    Args:
        rows: of its training set, with which it is compared.

    Raises:
        NotExportable: it has no such form, or one that answers otherwise.
    """
    with TemporaryDirectory(prefix="mlops-export-") as scratch:
        folder = Path(scratch)
        manifest = _proved(version, provenance, form, rows, folder)
        write_text(folder / MANIFEST, manifest.to_stored())
        yield ProvedExport(manifest, folder)


def refuse_taken(target: Path) -> None:
    """Refuse to write where something is.

    Raises:
        SettingsError: there is.
    """
    if target.exists():
        raise SettingsError(
            f"--output: {target} is there already. Name another place, or remove it."
        )


def publish(export: ProvedExport, target: Path) -> None:
    """Write a proved export to a new folder, or to a zip where the name ends so."""
    files = sorted(export.folder.iterdir())
    if target.suffix == ZIP:
        with replacing_file(target) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for file in files:
                entry = zipfile.ZipInfo(file.name, ZIP_TIME)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
        return
    with new_directory(target) as temporary:
        for file in files:
            shutil.copyfile(file, temporary / file.name)


def _proved(
    version: Exportable, provenance: Provenance, form: Form, rows: pd.DataFrame, folder: Path
) -> Manifest:
    file = _written(version, form, folder)
    compared = compared_rows(version.schema, rows)
    expected = served(version, compared.all, shown=form == "python")
    exported = _asked(version, form, file, compared.all)
    verified = compare(version, compared, expected, exported, shown=form == "python")
    answered = [
        row for row, said in zip(compared.all, expected, strict=True) if said.answer is not None
    ]
    return Manifest(
        form=form,
        task=version.task.kind,
        origin=dict(version.origin),
        model_digests=dict(provenance.model_digests),
        training_set=provenance.training_set,
        files={file.name: sha256_of_file(file)},
        bytes=file.stat().st_size,
        features=version.schema,
        constants=dict(version.constants),
        verified=verified,
        speed=_measured(form, file, answered),
        needs=NEEDS[form],
        measured_with=surroundings(NEEDS[form]),
    )


def _written(version: Exportable, form: Form, folder: Path) -> Path:
    if form == "python":
        from mlops_platform.exporting.python_form.form import PROGRAM, python_program

        write_text(folder / PROGRAM, python_program(version))
        return folder / PROGRAM
    from mlops_platform.exporting.onnx_form.form import GRAPH, onnx_model

    (folder / GRAPH).write_bytes(onnx_model(version))
    return folder / GRAPH


def _asked(version: Exportable, form: Form, file: Path, rows: Sequence[Row]) -> list[Said]:
    if form == "python":
        from mlops_platform.exporting.python_process import ask_program

        return ask_program(file.parent, rows)
    from mlops_platform.exporting.onnx_process import ask_graph

    return ask_graph(version, file, rows)


def _measured(form: Form, file: Path, rows: Sequence[Row]) -> Speed:
    if form == "python":
        from mlops_platform.exporting.python_process import measure_program

        return measure_program(file.parent, rows)
    from mlops_platform.exporting.onnx_process import measure_graph

    return measure_graph(file, rows)
