"""Exportable: a version with all that its answers follow from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_platform.exporting.refusal import NotExportable
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.scoring.compiled.columns import NotCompilable
from mlops_platform.tasks import Constants, Task

if TYPE_CHECKING:
    from mlops_platform.serving.scoring.compiled.plain_model import PlainModel


@dataclass(frozen=True)
class Exportable:
    """A finished version.

    Args:
        origin: what every answer names as its source: model, version, release, adjustment.
        pipeline: the fitted model as scikit-learn has it.
        constants: what turns its numbers into answers.
    """

    origin: Mapping[str, str | int]
    schema: FeatureSchema
    task: Task
    pipeline: Any
    constants: Constants

    def read(self) -> PlainModel:
        """The pipeline in plain form, however large: what is packed has limits of its own.

        Raises:
            NotExportable: a part of it has none.
        """
        from mlops_platform.serving.scoring.compiled.plain_model import plain_model

        try:
            return plain_model(
                self.pipeline,
                self.schema,
                every_class=self.task.states_every_class,
                limited=False,
            )
        except NotCompilable as error:
            raise NotExportable(f"{self.name} cannot be exported: {error}") from error

    @property
    def name(self) -> str:
        """Model and version, for a person."""
        return f"version {self.origin['version']} of {self.origin['model']}"
