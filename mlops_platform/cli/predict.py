"""`mlops predict`: a file of features, scored with the champion."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from mlops_platform.cli.console import answer, console, json_option, say
from mlops_platform.data.landing.files.csv_dialect import Encoding
from mlops_platform.usecases.deployment import open_deployment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops_platform.tasks import Output
    from mlops_platform.usecases.prediction.csv_text import CsvFlags
    from mlops_platform.usecases.prediction.record import PredictedFile

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("model")
@click.argument("file", type=FILE)
@click.option(
    "-o",
    "--output",
    type=FILE,
    help="A .parquet or .csv file  [default: FILE.MODEL.predictions.parquet, beside FILE]",
)
@click.option(
    "--delimiter",
    help="Between two values of a CSV file, `tab` too  [default: as its landing, else ,]",
)
@click.option(
    "--decimal", help="Before the fraction of a number in it  [default: as its landing, else .]"
)
@click.option(
    "--encoding",
    type=click.Choice(get_args(Encoding)),
    help="Of its text  [default: as its landing, else utf-8]",
)
@click.option(
    "--null", "null_values", multiple=True, help="A text in it that means missing too, such as NA."
)
@click.option(
    "--allow-missing",
    is_flag=True,
    help="Score FILE though it lacks features that at least half of the training rows had.",
)
@json_option
def command(
    model: str,
    file: Path,
    output: Path | None,
    allow_missing: bool,
    as_json: bool,
    **written: Any,
) -> None:
    """Score FILE with the champion of MODEL: one row per entity, the model's features as columns.

    A file like those that land for the model is read as its landing declares: names of columns and
    text of CSV. A row that the service would refuse is refused, and so is a file without features
    that training mostly had; what training never saw is told.
    The output has the entity and all other columns of FILE that are no features, the version and
    its predictions.
    """
    from mlops_platform.components.known_models import known_model
    from mlops_platform.components.models import DEFS
    from mlops_platform.usecases.prediction.landing_format import landing_formats
    from mlops_platform.usecases.prediction.predict import default_output, predict_file
    from mlops_platform.usecases.prediction.predictor import load_predictor

    deployment = open_deployment()
    spec = known_model(deployment.ledger, model)
    predictor = load_predictor(deployment, model, spec)
    predicted = predict_file(
        predictor,
        file,
        output or default_output(file, model),
        _csv_flags(**written),
        landing_formats(DEFS, model),
        allow_missing,
    )
    if as_json:
        answer(predicted.model_dump(mode="json"))
    else:
        _show(predicted, predictor.task.outputs)


def _csv_flags(
    delimiter: str | None,
    decimal: str | None,
    encoding: Encoding | None,
    null_values: tuple[str, ...],
) -> "CsvFlags | None":
    """What was said of a CSV file; None where nothing was."""
    from mlops_platform.usecases.prediction.csv_text import CsvFlags

    if not (delimiter or decimal or encoding or null_values):
        return None
    tab = delimiter in ("tab", "\\t")
    return CsvFlags("\t" if tab else delimiter or None, decimal or None, encoding, null_values)


def _show(predicted: "PredictedFile", outputs: "Sequence[Output]") -> None:
    from mlops_platform.usecases.reporting.phrases import means_text

    for warning in predicted.warnings:
        console.print("[bold red]warning[/]  ", end="")
        say(warning)
    say(
        f"{predicted.rows:,} rows of {predicted.source} scored by version {predicted.version} "
        f"(release {predicted.release}) of {predicted.model}: "
        f"{means_text(predicted.means, outputs)}."
    )
    for note in predicted.notes:
        console.print(f"[yellow]note[/]     {note}", highlight=False, soft_wrap=True)
    if predicted.left_out:
        console.print("[yellow]warning[/]  ", end="")
        say(
            f"{', '.join(predicted.left_out)}: left out of the output, because predictions are "
            "called so themselves."
        )
    for unseen in predicted.unseen:
        console.print("[yellow]warning[/]  ", end="")
        say(unseen.text)
    if predicted.unseen_rows:
        share = 100 * predicted.unseen_rows / predicted.rows
        say(
            f"{predicted.unseen_rows:,} rows ({share:.1f} %) hold a category or a number that "
            "training never saw: what is predicted of them was never tested."
        )
    say(f"{predicted.output}: {', '.join(predicted.columns)}")
