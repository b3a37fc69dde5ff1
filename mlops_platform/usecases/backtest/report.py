"""What a backtest leaves behind: report, table, pictures, and the history it recommends."""

from pathlib import Path

from mlops_platform.files import replacing_file, write_text
from mlops_platform.monitoring.policy.history_choice import RecommendedHistory
from mlops_platform.spec.retraining.retraining import REFIT
from mlops_platform.usecases.backtest.replay import PolicyBacktest
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.retraining.recommended_history import record_recommendation

RECORD_FILE, REPORT_FILE, TABLE_FILE = "backtest.json", "report.md", "policies.csv"


def keep_backtest(deployment: Deployment, backtest: PolicyBacktest) -> dict[str, bytes]:
    """Write everything over what an earlier backtest left there.

    Returns:
        PNG bytes by name.
    """
    pictures = _write_report(backtest, deployment.settings.backtest(backtest.model))
    recommended = RecommendedHistory(
        days=backtest.recommendation.history_days, made_at=backtest.made_at
    )
    record_recommendation(deployment.settings.records, backtest.model, recommended)
    return pictures


def _write_report(backtest: PolicyBacktest, directory: Path) -> dict[str, bytes]:
    from mlops_platform.monitoring.policy.backtest.picture import benefit_by_fits
    from mlops_platform.monitoring.policy.backtest.report import (
        csv_of,
        history_name,
        markdown_of,
    )

    drawn = dict.fromkeys((each.history_days, each.update) for each in backtest.outcomes)
    pictures = {
        f"benefit, {history_name(days)}{'' if update == REFIT else f', {update}'}": benefit_by_fits(
            [
                outcome
                for outcome in backtest.outcomes
                if outcome.history_days == days
                and (outcome.update == update or outcome.in_hindsight)
            ]
        )
        for days, update in drawn
    }
    for name, png in pictures.items():
        with replacing_file(directory / f"{name}.png") as temporary:
            temporary.write_bytes(png)
    shown = "\n".join(f"![{name}](<{name}.png>)" for name in pictures)
    table = markdown_of(backtest.outcomes, backtest.recommendation)
    first, last = backtest.windows[0], backtest.windows[-1]
    title = f"# Policies of {backtest.model}, {first.start} to {last.last_day}"
    write_text(directory / REPORT_FILE, f"{title}\n\n{table}\n{shown}\n")
    write_text(directory / TABLE_FILE, csv_of(backtest.outcomes))
    write_text(directory / RECORD_FILE, backtest.to_stored())
    return pictures
