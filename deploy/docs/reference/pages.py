"""The reference as files of `docs/reference`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deploy.docs.reference.architecture import picture
from deploy.docs.reference.commands import commands_of
from deploy.docs.reference.keys import MODEL, DeclaredType, declared_types
from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.templates import Templates

FOLDER: Final = PROJECT_ROOT / "docs" / "reference"
PICTURE: Final = PROJECT_ROOT / "docs" / "images" / "architecture.svg"
WRITTEN_BY: Final = "python -m deploy.docs.reference"


def _cell(text: str) -> str:
    """Markdown on one line of a table."""
    return " ".join(text.replace("|", "\\|").split())


TEMPLATES: Final = Templates("deploy.docs.reference", {"cell": _cell})


def pages() -> Iterator[tuple[Path, str]]:
    """Every page with the text that it must have."""
    from mlops_platform.cli import main

    types = list(declared_types())
    model = next(declared for declared in types if declared.name.endswith(f".{MODEL}"))
    landing = [declared for declared in types if declared is not model]
    yield FOLDER / "model.md", _page("model.md.j2", types=[model])
    yield FOLDER / "landing.md", _page("landing.md.j2", types=landing)
    yield PICTURE, picture()
    commands = list(commands_of(main, "mlops"))
    yield FOLDER / "commands.md", TEMPLATES.render("commands.md.j2", commands=commands)


def _page(template: str, *, types: list[DeclaredType]) -> str:
    return TEMPLATES.render(template, types=types, written_by=WRITTEN_BY)
