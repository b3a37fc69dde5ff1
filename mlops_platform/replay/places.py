"""Where to look after a replay: commands and files, each of which can be pasted as it stands."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops_platform.settings import PROJECT_ROOT, settings

SERVICE_PORT = 3001
"""Not BentoML's own, which is Dagster's; that of `mlops serve`."""


def places(summary: Mapping[str, Any], folder: Path) -> list[str]:
    """Indented lines, the command that serves the champion last.

    Args:
        folder: of the summary.
    """
    model, champion = summary["model"], summary["champion"]
    card = settings().model_home(model) / "cards" / f"v{champion['version']}" / "model_card.html"
    mlops = _script("mlops")
    week = f" {summary['windows'][-1]['start']}" if summary["windows"] else ""
    return [
        f"  {line}"
        for line in (
            *_naming_the_home(),
            f"make up   # Dagster on http://127.0.0.1:3000, MLflow on {settings().mlflow_ui_url}",
            f"{mlops} status; {mlops} why {model}{week}",
            f"less {_shown(folder / 'summary.txt')}   # every table"
            + ("; pictures beside it" if week else ""),
            f"{_shown(card)}   # its card",
            f"{mlops} serve {model} --port {SERVICE_PORT}",
        )
    ]


def all_incidents() -> str:
    """The command that lists what was alerted."""
    return f"{_script('mlops')} incidents --all"


def _naming_the_home() -> list[str]:
    """What a shell must know first, where the home is not the usual one."""
    home = settings().home
    if home == PROJECT_ROOT / ".mlops":
        return []
    return [f"export MLOPS_HOME={shlex.quote(str(home))}"]


def _script(name: str) -> str:
    script = PROJECT_ROOT / ".venv" / "bin" / name
    return _shown(script) if script.exists() else name


def _shown(path: Path) -> str:
    """A path as this folder's shell can take it."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
