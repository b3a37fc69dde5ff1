"""What a backtest leaves behind: report, table, pictures, and the history it recommends."""

from pathlib import Path

from mlops_platform.files import replacing_file, write_text
from mlops_platform.monitoring.policy.history_choice import RecommendedHistory
from mlops_platform.usecases.backtest.replay import PolicyBacktest
from mlops_platform.usecases.retraining.recommended_history import record_recommendation

RECORD_FILE, REPORT_FILE, TABLE_FILE = "backtest.json", "report.md", "policies.csv"


def keep_backtest(found: PolicyBacktest, directory: Path, records: Path) -> dict[str, bytes]:
    """Write everything over what an earlier backtest left there.

    Args:
        directory: of the report.
        records: where trainings look for the recommended history.

    Returns:
        PNG bytes by name.
    """
    pictures = _write_report(found, directory)
    recommended = RecommendedHistory(days=found.recommendation.history_days, made_at=found.made_at)
    record_recommendation(records, found.model, recommended)
    return pictures


def _write_report(found: PolicyBacktest, directory: Path) -> dict[str, bytes]:
    from mlops_platform.monitoring.policy.backtest.picture import benefit_by_fits
    from mlops_platform.monitoring.policy.backtest.report import (
        csv_of,
        history_name,
        markdown_of,
    )

    histories = dict.fromkeys(one.history_days for one in found.outcomes)
    pictures = {
        f"benefit, {history_name(days)}": benefit_by_fits(
            [one for one in found.outcomes if one.history_days == days]
        )
        for days in histories
    }
    for name, png in pictures.items():
        with replacing_file(directory / f"{name}.png") as temporary:
            temporary.write_bytes(png)
    shown = "\n".join(f"![{name}](<{name}.png>)" for name in pictures)
    table = markdown_of(found.outcomes, found.recommendation)
    first, last = found.windows[0], found.windows[-1]
    title = f"# Policies of {found.model}, {first.start} to {last.last_day}"
    write_text(directory / REPORT_FILE, f"{title}\n\n{table}\n{shown}\n")
    write_text(directory / TABLE_FILE, csv_of(found.outcomes))
    write_text(directory / RECORD_FILE, found.to_stored())
    return pictures
