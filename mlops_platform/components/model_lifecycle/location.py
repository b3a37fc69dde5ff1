"""Errors of a model's YAML, each at its file and line."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import dagster as dg
from dagster_shared.yaml_utils.source_position import SourcePositionTree

from mlops_platform.errors import MlopsError, SpecError


@dataclass(frozen=True)
class YamlLocation:
    """Where a model was declared; `positions` is None where it was declared in Python."""

    source: str
    positions: SourcePositionTree | None

    @classmethod
    def of(cls, context: dg.ComponentLoadContext) -> Self:
        """The file that is being loaded. Dagster knows its lines only while it loads it."""
        return cls(str(context.path), context.resolution_context.source_position_tree)

    def refuse(self, errors: Iterable[SpecError]) -> None:
        """Raise all errors of the file at once.

        Raises:
            MlopsError: one line per error: file, line, field, value and fix.
        """
        lines = [f"{self._position(error.field)}: attributes.{error}" for error in errors]
        if lines:
            raise MlopsError("\n".join(lines))

    def _position(self, field: str) -> str:
        if self.positions is None:
            return self.source
        parts = [int(part) if part.isdigit() else part for part in field.split(".")]
        return str(self.positions.lookup_closest_and_path(["attributes", *parts], None)[0])
