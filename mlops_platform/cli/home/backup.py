"""`mlops backup`: the whole home as a folder elsewhere, verified."""

import time
from pathlib import Path

import click
from rich.markup import escape

from mlops_platform.cli.console import answer, console, json_option
from mlops_platform.settings import settings
from mlops_platform.usecases.deployment import open_deployment


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@json_option
def command(folder: Path, as_json: bool) -> None:
    """Copy the whole home into a folder, while it is in use, and verify the copy.

    It is written to a new folder below FOLDER: ledger, registry, Dagster's history, records,
    models, Bentos, landed days and features. A build of features that is under way is waited for.
    """
    from mlops_platform.usecases.home.backup import back_up

    home, started = escape(str(settings().home)), time.monotonic()
    with console.status("starting") as shown:
        backup = back_up(open_deployment(), folder, lambda line: shown.update(escape(line)))
    if as_json:
        answer(
            {
                "path": str(backup.path),
                "made_at": backup.manifest.made_at.isoformat(),
                "files": len(backup.manifest.files),
                "bytes": backup.bytes,
                "not_held": list(backup.manifest.not_held),
            }
        )
        return
    console.print(
        f"[green]backed up[/] {home} in {time.monotonic() - started:.0f} s: "
        f"{len(backup.manifest.files)} files, {backup.bytes / 1e6:.1f} MB, verified",
        soft_wrap=True,
        highlight=False,
    )
    for what in backup.manifest.not_held:
        console.print(f"[yellow]not held:[/] {what}", soft_wrap=True, highlight=False)
    console.print(str(backup.path), soft_wrap=True, highlight=False, markup=False)
