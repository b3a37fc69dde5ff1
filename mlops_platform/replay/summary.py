"""What a replay did, on one screen: 40 lines of 80 columns in which nothing is cut."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

from mlops_platform.monitoring.alerting.incident import Incident
from mlops_platform.replay.places import all_incidents, places
from mlops_platform.replay.words import Words

COLUMNS, MOST_LINES, MOST_RETRAININGS = 80, 40, 3
WIDTHS = (12, 3, 7, 9, 9, 0)
LOSSES = ("loss_served", "loss_frozen", "loss_baseline")

Row = Mapping[str, Any]


def summary_lines(
    summary: Mapping[str, Any], incidents: Iterable[Incident], words: Words, folder: Path
) -> list[str]:
    """The summary for a newcomer: headings, and what stands below them, which is indented.

    Args:
        summary: as `Story.play` returns it.
        incidents: of the model, those that are over too.
        folder: where all of it is.
    """
    champion = _first_champion(summary, words)
    further = ["", "Look further", *places(summary, folder)]
    if not summary["windows"]:
        return [*champion, *further]
    happened = [*_retrainings(summary, words), _alerts(incidents)]
    room = MOST_LINES - len(champion) - len(happened) - len(further)
    return [*champion, *_windows(summary, room, words), *happened, *further]


def _first_champion(summary: Mapping[str, Any], words: Words) -> list[str]:
    training_set, test = summary["training_set"], summary["test"]
    return [
        f"First champion of {summary['model']}: version {summary['version']}, {summary['winner']}",
        *_wrapped(
            f"Trained on {training_set['rows']:,} {words.rows} from {training_set['first_day']} to "
            f"{training_set['last_day']}, {words.facts(training_set, ' of them')}. "
            f"{words.loss.capitalize()} on its test {test['loss']:.4f}, of the {words.baseline} "
            f"{test['baseline_loss']:.4f}. {summary['reason']}"
        ),
    ]


def _windows(summary: Mapping[str, Any], room: int, words: Words) -> list[str]:
    """A line for each window; where there is no room, the oldest without an event give way."""
    rows, frozen = summary["windows"], f"v{summary['version']} frozen"
    events = {row["start"]: _event(row, summary["retrainings"]) for row in rows}
    fits = len(words.loss) <= WIDTHS[0]
    legend = f"{'' if fits else f'{words.loss}, '}lower is better; * provisional"
    loss = words.loss.capitalize() if fits else "Loss"
    heading = (loss, "by", "served", frozen, words.baseline, legend)
    before = ["", _columns(*heading)]
    after = [_columns(f"  all {words.window}s", "", *_over_all(rows), "")]
    too_many = len(before) + len(rows) + len(after) - room
    left_out: set[str] = set()
    if too_many > 0:
        oldest_first = sorted(events, key=lambda start: (bool(events[start]), start))
        left_out = set(oldest_first[: too_many + 1])
        after.append(f"  {_counted(len(left_out), words.window)} more in the tables")
    shown = [_window(row, events[row["start"]]) for row in rows if row["start"] not in left_out]
    return [*before, *shown, *after]


def _window(row: Row, event: str) -> str:
    served, *others = (_figure(row[name]) for name in LOSSES)
    served += "" if row["mature"] else "*"
    return _columns(f"  {row['start']}", f"v{row['version']}", served, *others, event)


def _columns(*cells: str) -> str:
    padded = (f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True))
    return "  ".join(padded).rstrip()


def _over_all(rows: Sequence[Row]) -> list[str]:
    """Each loss over all rows of the measured windows."""
    measured = _measured(rows)
    count = sum(row["rows"] for row in measured)
    return [
        _figure(sum(row[name] * row["rows"] for row in measured) / count if count else None)
        for name in LOSSES
    ]


def _event(row: Row, retrainings: Sequence[Row]) -> str:
    outcomes = [
        _outcome(retraining)
        for retraining in retrainings
        if retraining["decided_after"] == row["start"]
    ]
    return ", ".join([*outcomes, *(["drift alarm"] if row["drift_alarm"] else [])])


def _outcome(retraining: Row) -> str:
    if retraining["promoted"]:
        return f"v{retraining['to']} released"
    verdict = str(retraining["verdict"])
    return {"reject": "retrain rejected", "failed": "retrain failed"}.get(verdict, verdict)


def _retrainings(summary: Mapping[str, Any], words: Words) -> list[str]:
    """The verdict on each, and what it was worth, whatever it was worth."""
    rows = summary["retrainings"]
    promoted = sum(row["promoted"] for row in rows)
    lines = ["", f"Retraining: asked for {_counted(len(rows), 'time')}, promoted {promoted}"]
    for row in rows[-MOST_RETRAININGS:]:
        came_of = _worth(summary, row, words.window) if row["promoted"] else row["reason"]
        lines += _wrapped(f"{row['decided_after']}: {came_of}")
    return lines


def _worth(summary: Mapping[str, Any], retraining: Row, window: str) -> str:
    rows = _measured(summary["windows"])
    own = [row for row in rows if row["version"] == retraining["to"]]
    better = sum(row["loss_served"] < row["loss_frozen"] for row in own)
    return (
        f"{_outcome(retraining)}, better than v{summary['version']} frozen in {better} of its "
        f"{_counted(len(own), window)}."
    )


def _alerts(incidents: Iterable[Incident]) -> str:
    are_open = [incident.is_open for incident in incidents]
    opened, resolved = _counted(len(are_open), "incident"), are_open.count(False)
    return f"Alerts: {opened} opened, {resolved} resolved: {all_incidents()}"


def _measured(rows: Sequence[Row]) -> list[Row]:
    """Windows of which some labels are in."""
    return [row for row in rows if None not in (row[name] for name in LOSSES)]


def _figure(loss: float | None) -> str:
    return "–" if loss is None else f"{loss:.4f}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _wrapped(text: str) -> list[str]:
    """Lines broken only between words, however long one is."""
    return wrap(
        text,
        COLUMNS,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
