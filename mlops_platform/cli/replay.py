"""`mlops replay`: the past windows of a model, as they would have been, in one process."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from mlops_platform.cli.by_hand import by_hand
from mlops_platform.cli.console import answer, console, counted, json_option, say
from mlops_platform.settings import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops_platform.data.windows import Window
    from mlops_platform.driving.by_hand import ByHand
    from mlops_platform.replay.story import Story

DAY = click.DateTime(formats=["%Y-%m-%d"])
ACTOR = "mlops replay"


@click.command()
@click.argument("model")
@click.option(
    "--from",
    "first",
    type=DAY,
    metavar="DAY",
    help="On which the first window starts  [default: after enough history for a split]",
)
@click.option(
    "--to", "last", type=DAY, metavar="DAY", help="Last day of it all  [default: the last landed]"
)
@json_option
def command(model: str, first: datetime | None, last: datetime | None, as_json: bool) -> None:
    """Replay the past windows of MODEL: a first champion, then window by window what followed.

    Nothing that was known later is used. Interrupted and started again it goes on where it was,
    with a later --to beyond that.
    """
    from mlops_platform.cli.demo import alerts_off_the_console
    from mlops_platform.cli.home.heal import heal
    from mlops_platform.driving.by_hand import latest_outcome
    from mlops_platform.replay.replayed_model import NothingReleased

    with alerts_off_the_console(), by_hand(model, ACTOR, quiet=as_json) as running:
        heal(running.driver.instance)
        windows = _windows(running, first, last)
        story = _story(running, windows)
        say(
            f"{model}: a first champion at the midnight of {story.first_training}, then "
            f"{counted(len(windows), 'window')} to {windows[-1].last_day}"
        )
        try:
            summary = story.play(running.driver, running.display)
        except NothingReleased:
            outcome = latest_outcome(running.model.spec, running.deployment.ledger)
            say(f"{outcome.text} There is no champion to replay; `mlops why {model}` tells more.")
            document = outcome.model_dump(mode="json")
        else:
            _show(story, summary, running)
            document = summary
    if as_json:
        answer(document)


def _windows(
    running: "ByHand", first: datetime | None, last: datetime | None
) -> "Sequence[Window]":
    """What is replayed, kept for the next call."""
    from mlops_platform.replay.plan import Past, keep_plan, kept_plan, planned_windows

    spec, folder = running.model.spec, settings().replays(running.model.name)
    past = Past.of(running.driver, running.model, settings(), datetime.now(UTC))
    kept = kept_plan(folder)
    windows = planned_windows(
        spec,
        past,
        kept,
        first.date() if first else None,
        last.date() if last else None,
    )
    _refuse_other_history(running, begun=kept is not None)
    keep_plan(folder, windows)
    return windows


def _refuse_other_history(running: "ByHand", *, begun: bool) -> None:
    from mlops_platform.replay.replayed_model import refuse_history

    refuse_history(running.deployment, running.model.name, own_replay=begun)


def _story(running: "ByHand", windows: "Sequence[Window]") -> "Story":
    from mlops_platform.replay.story import Story
    from mlops_platform.replay.words import Words

    model = running.model
    folder, words = settings().replays(model.name), Words.of(model.spec)
    return Story(model, windows[0].start, windows, folder, words)


def _show(story: "Story", summary: dict[str, object], running: "ByHand") -> None:
    from mlops_platform.replay.summary import summary_lines
    from mlops_platform.usecases.incidents.acknowledge import incidents_in

    incidents = incidents_in(running.deployment.incident_log, story.model.name).values()
    console.print()
    for line in summary_lines(summary, incidents, story.words, story.folder):
        style = "bold" if line[:1].strip() else ""
        console.print(line, style=style, soft_wrap=True, markup=False, highlight=False)
