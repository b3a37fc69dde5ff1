"""Features that a file lacks: what training had of them, and whether the file may be scored so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from mlops_platform.errors import DataError
from mlops_platform.usecases.prediction.feature_file import near_names_text
from mlops_platform.usecases.prediction.record import AbsentFeature

if TYPE_CHECKING:
    from mlops_platform.usecases.prediction.feature_file import FeatureFile

USUAL_SHARE: Final = 0.5
"""Share of the training rows from which on a model leans on a feature."""


def absent_features(file: FeatureFile) -> tuple[AbsentFeature, ...]:
    """What the file lacks, in the order of the features."""
    missing = file.predictor.missing
    return tuple(
        AbsentFeature(column=name, training_share=1 - missing[name] if name in missing else None)
        for name in file.absent
    )


def refuse_absent(file: FeatureFile) -> None:
    """Refuse a file without a feature that the model is used to.

    Raises:
        DataError: names each, with the share of the training rows that had a value.
    """
    absent = absent_features(file)
    if any(map(_is_usual, absent)):
        raise DataError(
            f"{file.path}: {absent_text(file, absent)} With --allow-missing the file is "
            "scored all the same, and these features as missing."
        )


def absent_text(file: FeatureFile, absent: Sequence[AbsentFeature]) -> str:
    """All of it in one line."""
    schema = file.predictor.schema
    is_sure = any(map(_is_usual, absent))
    scores = "scores are not those" if is_sure else "scores may not be those"
    near = near_names_text(file.absent, list(file.others))
    return (
        f"{len(absent)} of {len(schema.names)} features "
        f"{'is' if len(absent) == 1 else 'are'} absent: "
        f"{', '.join(f'{feature.column} ({_share_text(feature)})' for feature in absent)}. "
        f"So {scores} that the service would give: let the rows land and use "
        f"`mlops watch {schema.model}`, or ask the service by entity.{f' {near}' if near else ''}"
    )


def _is_usual(feature: AbsentFeature) -> bool:
    """Of a text it is not known how many rows had one: it is taken for usual."""
    return feature.training_share is None or feature.training_share >= USUAL_SHARE


def _share_text(feature: AbsentFeature) -> str:
    if feature.training_share is None:
        return "how many training rows had it is not known"
    return f"{100 * feature.training_share:.1f} % of the training rows had it"
