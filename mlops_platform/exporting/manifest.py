"""Manifest: what lies beside an exported file, and says what it is and how it was proved."""

from __future__ import annotations

import platform
from importlib.metadata import version as installed
from typing import Final, Literal

from mlops_platform.exporting.speed import Speed
from mlops_platform.exporting.verification import Verification
from mlops_platform.record import Record
from mlops_platform.serving.schema import FeatureSchema

MANIFEST: Final = "manifest.json"
Form = Literal["python", "onnx"]


class Manifest(Record):
    """What was exported.

    Args:
        origin: what answers name as their source: model, version, release, adjustment.
        model_digests: SHA-256 of the files of the version, as the ledger pins them.
        training_set: hash of the rows that the version was fitted on.
        files: SHA-256 of each file, by its name.
        bytes: size of all files.
        constants: what turns numbers of the model into answers.
        needs: packages that whoever runs it must install; none for Python.
        measured_with: interpreter, packages and machine of the measurements.
    """

    form: Form
    task: str
    origin: dict[str, str | int]
    model_digests: dict[str, str]
    training_set: str
    files: dict[str, str]
    bytes: int
    features: FeatureSchema
    constants: dict[str, float]
    verified: Verification
    speed: Speed
    needs: tuple[str, ...]
    measured_with: dict[str, str]


def surroundings(packages: tuple[str, ...]) -> dict[str, str]:
    """What an export was measured with."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        **{package: installed(package) for package in packages},
    }
