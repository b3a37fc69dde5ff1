"""From the quality of a window's data to alarms."""

from mlops_platform.monitoring.alarms.alarm import Alarm, alarm, judged
from mlops_platform.monitoring.quality.day_volume import DayVolume
from mlops_platform.monitoring.quality.window_quality import WindowQuality
from mlops_platform.spec import LevelsSpec, QualitySpec

QUALITY_CHECKS = (VOLUME, RANGES, REPEATED, DAYS, COLUMNS) = (
    "row_volume",
    "value_ranges",
    "repeated_entities",
    "missing_days",
    "empty_columns",
)


def quality_alarms(quality: WindowQuality, spec: QualitySpec) -> tuple[Alarm, ...]:
    """One alarm per name of `QUALITY_CHECKS`."""
    furthest, share = quality.furthest
    missing = ", ".join(map(str, quality.missing_days))
    empty = ", ".join(quality.empty_columns)
    beyond = (
        f"{100 * share:.1f} % of {furthest} are beyond what the reference held"
        if furthest
        else "every number is within what the reference held"
    )
    return (
        _volume_alarm(quality, spec),
        judged(RANGES, share, spec.out_of_range, beyond),
        _exact(REPEATED, quality.repeated, spec, f"{quality.repeated} rows repeat an entity"),
        _exact(
            DAYS, len(quality.missing_days), spec, f"days that were not built: {missing or 'none'}"
        ),
        _exact(
            COLUMNS, len(quality.empty_columns), spec, f"columns without values: {empty or 'none'}"
        ),
    )


def _volume_alarm(quality: WindowQuality, spec: QualitySpec) -> Alarm:
    """Of the window as a whole, and of each of its days that was built."""
    ratio, factor = quality.rows_ratio, spec.day_factor
    findings = [_ratio_text(quality)]
    for volume in quality.day_volumes:
        fault = volume.fault(factor) if factor and volume.day not in quality.missing_days else None
        if fault is not None:
            findings.append(f"{fault} on {volume.day}, {_compared_text(volume)}")
    is_usual = ratio is None or spec.fewest_rows <= ratio <= spec.most_rows
    wrong = not is_usual or len(findings) > 1
    return _exact(VOLUME, ratio, spec, "; ".join(findings), wrong=wrong)


def _ratio_text(quality: WindowQuality) -> str:
    if quality.rows_ratio is not None:
        return f"{quality.rows_ratio:.2f} times the rows of comparable days"
    if quality.day_volumes:
        return "no rows are usual on these days"
    return "not judged: no day of the reference is published any longer"


def _compared_text(volume: DayVolume) -> str:
    which = "of its weekday" if volume.same_weekday else "of any weekday, for want of more,"
    return (
        f"which has {volume.rows:,} rows: {volume.compared} days {which} have {volume.usual:,.0f}"
    )


def _exact(
    check: str, value: float | None, spec: QualitySpec, finding: str, *, wrong: bool | None = None
) -> Alarm:
    """Fail where something is wrong: by default, where there is any of it."""
    failed = bool(value) if wrong is None else wrong
    return alarm(check, value, LevelsSpec(), finding, failed=spec.severity if failed else None)
