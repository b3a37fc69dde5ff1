"""The outcome of a backtest as a table: for the page, as Markdown and as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO
from typing import Any, Final

from mlops_platform.monitoring.policy.backtest.outcome import PolicyOutcome, ResampledFigure
from mlops_platform.monitoring.policy.backtest.recommendation import PolicyRecommendation
from mlops_platform.spec.retraining.retraining import REFIT


def table_rows(outcomes: Sequence[PolicyOutcome]) -> list[dict[str, str | float | bool]]:
    """One row per policy, history and gate, the cheapest first; and by update, if there are any."""
    by_update = any(outcome.update != REFIT for outcome in outcomes)
    ordered = sorted(outcomes, key=lambda outcome: outcome.cost.value)
    return [_row(outcome, by_update=by_update) for outcome in ordered]


NOTHING_RELEASED: Final = (
    "**The gate released no fit of any policy**, so that with it all of them are the first "
    "champion, and this recommends nothing. Every fit has the recipe that the search chose on the "
    "first training's rows: see whether that one passes the gate later, and what the same moments "
    "are worth without it."
)


def markdown_of(outcomes: Sequence[PolicyOutcome], recommended: PolicyRecommendation) -> str:
    """The recommendation in words, and the table of every policy."""
    rows = table_rows(outcomes)
    header = list(rows[0])
    gated = [outcome for outcome in outcomes if outcome.gated]
    nothing_released = gated and not any(outcome.releases for outcome in gated)
    lines = [
        recommendation_text(recommended),
        *(["", NOTHING_RELEASED] if nothing_released else []),
        "",
        f"| {' | '.join(header)} |",
        f"| {' | '.join('---' for _ in header)} |",
        *(f"| {' | '.join(_cell(value) for value in row.values())} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def csv_of(outcomes: Sequence[PolicyOutcome]) -> str:
    """Every figure of every policy, with the ends of the intervals."""
    text = StringIO()
    rows = [_flat(outcome) for outcome in outcomes]
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def recommendation_text(recommended: PolicyRecommendation) -> str:
    """The recommendation, and how sure it is."""
    taught = "" if recommended.update == REFIT else f" by `{recommended.update}`"
    best = (
        f"Recommended: **{recommended.policy}**{taught} on "
        f"{history_name(recommended.history_days)}, "
        f"the cheapest in {recommended.probability_cheapest:.0%} of the resampled pasts."
    )
    if recommended.saving <= 0:
        return f"{best} It is what is declared."
    return (
        f"{best} It would have cost {recommended.saving:.4g} per window less than what is "
        f"{recommended.compared_with}, and less than that in "
        f"{recommended.probability_cheaper:.0%} of them."
    )


def history_name(days: int | None) -> str:
    """What a history is called."""
    return "all history" if days is None else f"{days} days"


def _row(outcome: PolicyOutcome, *, by_update: bool) -> dict[str, str | float | bool]:
    return {
        "policy": outcome.policy,
        **({"update": outcome.update} if by_update else {}),
        "history": history_name(outcome.history_days),
        "gate": "–" if outcome.in_hindsight else "yes" if outcome.gated else "no",
        "fits": outcome.fits,
        "releases": outcome.releases,
        "loss": _with_interval(outcome.loss, ".4f"),
        "share of weekly": _with_interval(outcome.share_of_weekly, ".0%"),
        "cost per window": _with_interval(outcome.cost, ".4g"),
        "CPU s": round(outcome.cpu_seconds, 1),
        "regret to weekly": f"{outcome.regret:+.4f}",
        "regret to hindsight": f"{outcome.regret_to_best:+.4f}",
    }


def _with_interval(value: ResampledFigure, style: str) -> str:
    return f"{value.value:{style}} ({value.low:{style}} to {value.high:{style}})"


def _cell(value: str | float | bool) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _flat(outcome: PolicyOutcome) -> dict[str, Any]:
    plain = outcome.model_dump(exclude={"loss_by_window", "cost_by_window"})
    plain["update"] = outcome.update
    flat: dict[str, Any] = {}
    for name, value in plain.items():
        if isinstance(value, dict):
            ends = {f"{name}_{end}": value[end] for end in ("low", "high")}
            flat |= {name: value["value"], **ends}
        else:
            flat[name] = " ".join(value) if isinstance(value, tuple) else value
    return flat
