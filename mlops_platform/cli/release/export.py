"""`mlops export`: a version as files that score without the platform."""

from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.console import answer, hidden_json_option, say, wants_json
from mlops_platform.exporting.manifest import Form
from mlops_platform.usecases.deployment import open_deployment

if TYPE_CHECKING:
    from mlops_platform.usecases.exporting.export import Exported


@click.command()
@click.argument("model")
@click.option(
    "--format",
    "form",
    type=click.Choice(get_args(Form)),
    required=True,
    help="`python`: one program that needs the standard library alone. `onnx`: a graph.",
)
@click.option("--version", type=click.IntRange(min=1), help="Another one than the champion.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A new folder, or a .zip  [default: MODEL-vN-FORMAT, in the present folder]",
)
@click.option("--actor", callback=not_blank, help="Who exports it  [default: the login name]")
@hidden_json_option
def command(
    model: str, form: Form, version: int | None, output: Path | None, actor: str | None
) -> None:
    """Write the champion of MODEL as files that score without the platform.

    They are compared with its pipeline on 20,000 rows and more, with missing, unseen and extreme
    values among them, and written only where every answer is the same within 1e-6. A manifest
    beside them says what they are, how they were proved, and how quick they are. The ledger keeps
    that they left.
    """
    from mlops_platform.components.known_models import require_known
    from mlops_platform.usecases.exporting.export import ExportRequest, export

    deployment = open_deployment()
    require_known(deployment.ledger, model)
    request = ExportRequest(model, form, version, output, actor or login_name())
    exported = export(deployment, request)
    if wants_json():
        document = exported.manifest.model_dump(mode="json")
        answer({"path": str(exported.target), "decision": exported.decision.id, **document})
    else:
        _show(exported)


def _show(exported: "Exported") -> None:
    manifest = exported.manifest
    verified, speed = manifest.verified, manifest.speed
    say(
        f"version {manifest.origin['version']} (release {manifest.origin['sequence']}) of "
        f"{manifest.origin['model']} is in {exported.target}: {', '.join(manifest.files)}, "
        f"{manifest.bytes / 1000:,.0f} kB."
    )
    refused = f" {verified.refused_rows:,} of them have no answer." if verified.refused_rows else ""
    say(
        f"{verified.own_rows:,} rows of its training set and {verified.generated_rows:,} generated "
        f"ones are answered as by the pipeline, at most {verified.max_difference:.1g} apart."
        f"{refused}"
    )
    if verified.decided_otherwise:
        close = f"{verified.decided_otherwise:,} rows are so close to a threshold"
        say(f"{close} that rounding decides.")
    needs = ", ".join(manifest.needs) or "the standard library alone"
    say(
        f"It needs {needs}. A fresh process takes {speed.cold_start_milliseconds:.0f} ms to its "
        f"first answer, and {speed.row_microseconds:.1f} µs for each row after it (CPU time)."
    )
    say(f"Written to the ledger as decision {exported.decision.id}, by {exported.decision.actor}.")
