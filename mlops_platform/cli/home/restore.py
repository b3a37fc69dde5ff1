"""`mlops restore`: a home from a backup, wherever MLOPS_HOME is."""

from pathlib import Path

import click
from rich.markup import escape

from mlops_platform.cli.console import answer, console, json_option
from mlops_platform.cli.home.setup import ensure_set_up
from mlops_platform.cli.release.reconcile import reconcile_everything
from mlops_platform.clock import moment_text
from mlops_platform.settings import settings
from mlops_platform.usecases.deployment import open_deployment


@click.command()
@click.argument("backup", type=click.Path(file_okay=False, exists=True, path_type=Path))
@json_option
def command(backup: Path, as_json: bool) -> None:
    """Make a home from a backup, wherever MLOPS_HOME is.

    BACKUP is a folder that `mlops backup` has written. Nothing is overwritten: the home must not
    exist yet, and databases on Postgres must be empty.
    """
    from mlops_platform.usecases.home.restore import restore
    from mlops_platform.usecases.home.verification import verify_ledger

    with console.status("starting") as shown:
        manifest = restore(backup, settings(), lambda line: shown.update(escape(line)))
    ensure_set_up()
    verify_ledger(open_deployment().ledger, manifest.newest_hashes)
    # A release in the middle of a live backup is in what was copied after the ledger.
    reconcile_everything((f"restored from {backup}", "mlops restore"))
    if as_json:
        answer(
            {
                "home": str(settings().home),
                "made_at": manifest.made_at.isoformat(),
                "files": len(manifest.files),
            }
        )
        return
    moment = moment_text(manifest.made_at)
    console.print(
        f"[green]restored[/] {escape(str(settings().home))} as it was at {moment}: "
        f"{len(manifest.files)} files; every chain of the ledger is unbroken",
        soft_wrap=True,
        highlight=False,
    )
