"""How a scanned table, what was found in it, and what is made of it are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from rich.text import Text

from mlops_platform.cli.console import console, counted, folding_grid, folding_table, say

if TYPE_CHECKING:
    from mlops_platform.data.profiling.finding import Finding
    from mlops_platform.data.profiling.profile import ColumnProfile, TableProfile
    from mlops_platform.usecases.leakage.split_scores import SplitScores
    from mlops_platform.usecases.scaffold.choices import Choices

STYLES: Final = {"refuse": "bold red", "warn": "yellow", "note": "dim"}
SIGNS: Final = {"refuse": "✗", "warn": "!", "note": "·"}
TITLES: Final = {"number": "number", "category": "category", "boolean": "yes/no"}
FEW: Final = 3


def show_profile(profile: TableProfile) -> None:
    """Rows, days and every column."""
    days = f", {profile.first_day} to {profile.last_day}" if profile.first_day else ""
    console.print(
        Text.assemble(
            (profile.source, "bold"),
            f"\n{profile.rows:,} rows, {counted(len(profile.columns), 'column')}{days}\n",
        )
    )
    table = folding_table({"column": 22, "is": 9, "missing": 7, "values": None})
    table.show_lines = False
    for column in profile.columns:
        table.add_row(
            Text(column.name),
            TITLES.get(column.kind, column.kind),
            _missing(column),
            _values(column),
        )
    console.print(table)


def show_findings(findings: Iterable[Finding]) -> None:
    """Each with its sign, and what mends it below."""
    listed = list(findings)
    if listed:
        console.print()
    grid = folding_grid()
    for finding in listed:
        style = "dim" if finding.level == "note" else ""
        grid.add_row(Text(SIGNS[finding.level], STYLES[finding.level]), Text(finding.text, style))
        if finding.fix and finding.level != "note":
            grid.add_row("", Text.assemble(("-> ", "cyan"), finding.fix))
    console.print(grid)


def saved_text(share: float) -> str:
    """Of a loss, such as `12%`."""
    return f"{share:.0%}" if share >= 0 else f"nothing ({-share:.0%} are lost)"


def show_scores(scores: SplitScores) -> None:
    """The most persuasive numbers there are; none where the model has learnt nothing."""
    console.print()
    if not scores.tells:
        say(
            f"A small model learns nothing from {scores.rows:,} rows, not even on a random split "
            f"({-scores.random_saved:.0%} more {scores.loss_name} than the "
            f"{scores.baseline_name}): how much later rows differ is not known yet. Training "
            "tunes and calibrates, and may find more."
        )
        return
    console.print(
        Text.assemble(
            "On a random split a small model saves ",
            (f"{scores.random_saved:.0%}", "bold"),
            f" of the {scores.loss_name} of the {scores.baseline_name}, on the split by time ",
            (saved_text(scores.time_saved), "bold"),
            f" ({scores.rows:,} rows): the second is what production sees.",
        )
    )


def show_choices(choices: Choices) -> None:
    """What will be made, in a few lines, each with its reason."""
    console.print()
    grid = folding_grid(2)
    for title, choice, because in _chosen(choices):
        grid.add_row(Text(title, "bold"), Text.assemble(choice, (f"  {because}", "dim")))
    for kind in ("numeric", "categorical", "boolean", "text"):
        named = [column.output for column in choices.columns if column.kind == kind]
        if named:
            grid.add_row(Text(kind, "bold"), ", ".join(named))
    if choices.rolling:
        grid.add_row(Text("rolling", "bold"), ", ".join(mean.name for mean in choices.rolling))
    for column in choices.columns:
        if column.role != "feature":
            kept = Text.assemble(column.output, (f"  {column.reason}", "dim"))
            grid.add_row(Text(column.role, "yellow"), kept)
    console.print(grid)
    if any(column.role == "sensitive" for column in choices.columns):
        console.print(Text("--keep COLUMN makes a feature of one that is none.", "dim"))


def show_lost_without_clock(known_at_landing: bool) -> None:
    """What cannot be had of these data."""
    console.print()
    if known_at_landing:
        console.print(
            "The label is known when it lands: of what landed at once nothing tells what was known "
            "earlier, so past windows cannot be replayed, and no feature may use past outcomes."
        )
        return
    console.print(
        "Rows have no time. It works, and this is lost: no split by time, so nothing proves that a "
        "feature was known before its outcome; no replay of the past, no backtest of retraining, "
        "no rolling features. If there is a time, add --time."
    )


def _chosen(choices: Choices) -> Sequence[tuple[str, str, str]]:
    reasons = choices.reasons
    known = choices.known_at or "when it lands"
    time = choices.event_time or "none"
    zone = "" if choices.event_time is None else f" ({choices.timezone})"
    clocks = (
        ()
        if choices.clock_change == "refuse"
        else (("clocks", choices.clock_change, reasons.get("clock_change", "")),)
    )
    return (
        ("model", choices.model, f"in the domain {choices.domain}"),
        ("label", choices.label, reasons.get("label.column", "")),
        ("task", str(choices.task["type"]), reasons.get("task", "")),
        ("time", f"{time}{zone}", reasons.get("features.event_time", "")),
        *clocks,
        ("known at", known, reasons.get("label.known_at", "")),
        ("entity", ", ".join(choices.entity), reasons.get("features.entity", "")),
        ("windows", choices.cadence, reasons.get("window.cadence", "")),
    )


def _missing(column: ColumnProfile) -> Text:
    if not column.missing:
        return Text("")
    share = 100 * column.missing / column.rows
    return Text("<0.1 %" if share < 0.1 else f"{share:.1f} %", "yellow" if share >= 5 else "")


def _values(column: ColumnProfile) -> Text:
    if column.kind == "empty":
        return Text("none", "dim")
    if column.is_constant:
        return Text(f"always {column.minimum}")
    if column.kind in {"number", "moment", "date"}:
        written = f", written {column.time_format}" if column.time_format else ""
        return Text.assemble(f"{column.minimum} to {column.maximum}", (written, "dim"))
    examples = ", ".join(column.examples[:FEW])
    return Text(f"{column.distinct:,}: {examples}{', ...' if column.distinct > FEW else ''}")
