"""`mlops why`: the ledger in words."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

import click
from rich.padding import Padding
from rich.text import Text

from mlops_platform.cli.console import answer, console, json_option, say_losses
from mlops_platform.clock import moment_text
from mlops_platform.errors import DataError
from mlops_platform.usecases.deployment import open_deployment

if TYPE_CHECKING:
    from mlops_platform.data.windows import Window
    from mlops_platform.spec import ModelSpec
    from mlops_platform.usecases.reporting.timeline import Paragraph
    from mlops_platform.usecases.window.records import ModelWindows


@click.command()
@click.argument("model")
@click.argument("window", required=False)
@json_option
def command(model: str, window: str | None, as_json: bool) -> None:
    """Tell what served, what was decided and why, from the ledger.

    WINDOW is any day in a monitored window, such as 2013-06-10. Without it: every release and the
    last 20 decisions.
    """
    from mlops_platform.components.known_models import known_model
    from mlops_platform.components.window_records import recorded_windows
    from mlops_platform.usecases.ledger.anchors import lost_rows, require_ledger
    from mlops_platform.usecases.reporting.timeline import history_text
    from mlops_platform.usecases.reporting.window import window_text

    deployment = open_deployment()
    require_ledger(deployment)
    ledger = deployment.ledger
    lost = [anchor.told for anchor in lost_rows(deployment, model)]
    if not as_json:
        say_losses(model, lost)
    spec = known_model(ledger, model)
    now, replayed = deployment.moment_of(model), deployment.is_replayed(model)
    if window is None:
        name, title, story = None, model, history_text(ledger, model)
    else:
        windows = recorded_windows(model)
        monitored = _window_with(_day(window), model, spec, windows, now)
        name = monitored.name
        title = f"{model} in the window {name}: {_days(monitored)}"
        story = window_text(ledger, model, monitored, windows, spec.task.outputs if spec else ())
    if as_json:
        answer(
            {
                "model": model,
                **({"lost": lost} if lost else {}),
                "window": name,
                "as_of": now.isoformat(),
                "replayed": replayed,
                "story": [paragraph.model_dump(mode="json") for paragraph in story],
            }
        )
        return
    reached = " A replay has reached this moment." if replayed else ""
    _tell(title, f"As of {moment_text(now)}.{reached}", story)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"'{text}' is no date. Write it like 2013-06-10.") from error


def _window_with(
    day: date, model: str, spec: "ModelSpec | None", windows: "ModelWindows", now: datetime
) -> "Window":
    """The scored window that a day lies in.

    Raises:
        DataError: there is none; says why and what to do.
    """
    from mlops_platform.data.windows import ended_windows

    scored_window = windows.with_day(day)
    if scored_window is not None:
        return scored_window
    names = list(windows.scored)
    scored = f"those from {names[0]} to {names[-1]} are" if names else "none is yet"
    ended = ended_windows(spec.window, now) if spec else []
    missing = next((window for window in ended if window.start <= day < window.end), None)
    if missing is None:
        raise DataError(
            f"no window of {model} with {day} in it had ended at {moment_text(now)}; "
            f"{scored} scored."
        )
    raise DataError(
        f"the window {missing.name} of {model}, which {day} lies in, has not been scored. "
        f"`mlops doctor` says how to score it if it is due; {scored} scored."
    )


def _days(window: "Window") -> str:
    if window.start == window.last_day:
        return f"{window.start:%A %-d %B %Y}"
    return f"{window.start:%A %-d %B} to {window.last_day:%A %-d %B %Y}"


def _tell(title: str, as_of: str, story: "Sequence[Paragraph]") -> None:
    console.print(Text(title, style="bold"))
    console.print(as_of, markup=False, highlight=False)
    for paragraph in story:
        console.print()
        console.print(Text(paragraph.heading, style="bold"))
        for line in paragraph.lines:
            console.print(_indented(Text(line), 2))
        for decision in paragraph.decisions:
            head = Text.assemble(
                decision.at, "  ", (decision.done, "bold"), f", by {decision.actor}"
            )
            console.print(_indented(head, 2))
            for line in (decision.reason, *decision.rules):
                console.print(_indented(Text(line), 6))
            if decision.evidence:
                console.print(_indented(Text(f"on: {decision.evidence}", style="dim"), 6))


def _indented(text: Text, columns: int) -> Padding:
    return Padding(text, (0, 0, 0, columns), expand=False)
