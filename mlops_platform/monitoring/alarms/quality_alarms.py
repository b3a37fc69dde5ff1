"""From the quality of a window's data to alarms."""

from mlops_platform.monitoring.alarms.alarm import Alarm, alarm, judged
from mlops_platform.monitoring.quality.window_quality import WindowQuality
from mlops_platform.spec import LevelsSpec, QualitySpec

QUALITY_CHECKS = (
    "row_volume",
    "value_ranges",
    "repeated_entities",
    "missing_days",
    "empty_columns",
)


def quality_alarms(quality: WindowQuality, spec: QualitySpec) -> tuple[Alarm, ...]:
    """One alarm per name of `QUALITY_CHECKS`."""
    volume, ranges, repeated, days, columns = QUALITY_CHECKS
    ratio, (furthest, share) = quality.rows_ratio, quality.furthest
    usual = ratio is None or spec.fewest_rows <= ratio <= spec.most_rows
    volume_found = (
        "not judged: no day of the reference is published any longer"
        if ratio is None
        else f"{ratio:.2f} times the rows of a median day"
    )
    missing = ", ".join(map(str, quality.missing_days))
    empty = ", ".join(quality.empty_columns)
    beyond = (
        f"{100 * share:.1f} % of {furthest} are beyond what the reference held"
        if furthest
        else "every number is within what the reference held"
    )
    return (
        _exact(volume, ratio, spec, volume_found, wrong=not usual),
        judged(ranges, share, spec.out_of_range, beyond),
        _exact(repeated, quality.repeated, spec, f"{quality.repeated} rows repeat an entity"),
        _exact(days, len(quality.missing_days), spec, f"days without rows: {missing or 'none'}"),
        _exact(
            columns, len(quality.empty_columns), spec, f"columns without values: {empty or 'none'}"
        ),
    )


def _exact(
    check: str, value: float | None, spec: QualitySpec, finding: str, *, wrong: bool | None = None
) -> Alarm:
    """Fail where something is wrong: by default, where there is any of it."""
    failed = bool(value) if wrong is None else wrong
    return alarm(check, value, LevelsSpec(), finding, failed=spec.severity if failed else None)
