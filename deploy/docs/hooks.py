"""What the site does besides MkDocs: files of the repository that pages link to are pages as well.

On GitHub a link from `docs/` to a source file, a result or a folder opens it. The site has no
address of a repository and must build and be read offline, so it brings these files along.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

PROJECT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = "docs"
BROUGHT: Final = "repository"
"""Folder of the site that holds what is outside of `docs/`."""
LANGUAGES: Final = {
    ".py": "python",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".sql": "sql",
    ".toml": "toml",
    ".lock": "text",
}
IMAGES: Final = (".png", ".svg")
LINK: Final = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?(?=\))")
FENCE: Final = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every file outside of `docs/` that a page links to, and what these link to in turn."""
    waiting = [DOCS + "/" + file.src_uri for file in files.documentation_pages()]
    brought: set[str] = set()
    while waiting:
        document = waiting.pop()
        for target in _links(document, (PROJECT / document).read_text(encoding="utf-8")):
            if target.startswith(f"{DOCS}/") or target in brought:
                continue
            brought.add(target)
            files.append(_brought(target, config))
            if target.endswith(".md"):
                waiting.append(target)
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Let links lead to where the site has what they name."""
    document = _in_repository(page.file.src_uri)

    def led(link: re.Match[str]) -> str:
        target = _target(document, link[1])
        there = _in_site(target)
        return posixpath.relpath(there, posixpath.dirname(page.file.src_uri)) + (link[2] or "")

    parts, position = [], 0
    for fence in FENCE.finditer(markdown):
        parts += [LINK.sub(led, markdown[position : fence.start()]), fence[0]]
        position = fence.end()
    return "".join([*parts, LINK.sub(led, markdown[position:])])


def _links(document: str, markdown: str) -> Iterator[str]:
    """What a document of the repository links to, as paths from the project's folder."""
    for link in LINK.finditer(FENCE.sub("", markdown)):
        yield _target(document, link[1])


def _target(document: str, link: str) -> str:
    target = posixpath.normpath(posixpath.join(posixpath.dirname(document), link))
    if target.startswith("..") or not (PROJECT / target).exists():
        raise PluginError(f"{document} links to {link}, which is not there")
    return target


def _in_repository(src_uri: str) -> str:
    if not src_uri.startswith(f"{BROUGHT}/"):
        return f"{DOCS}/{src_uri}"
    path = src_uri.removeprefix(f"{BROUGHT}/")
    return path if (PROJECT / path).is_file() else path.removesuffix(".md")


def _in_site(target: str) -> str:
    """Where the site has a file or a folder of the project."""
    if target.startswith(f"{DOCS}/"):
        return target.removeprefix(f"{DOCS}/")
    return f"{BROUGHT}/{target}" if target.endswith((".md", *IMAGES)) else f"{BROUGHT}/{target}.md"


def _brought(target: str, config: MkDocsConfig) -> File:
    place, path = _in_site(target), PROJECT / target
    if target.endswith(IMAGES):
        return File.generated(config, place, content=path.read_bytes())
    return File.generated(config, place, content=_page_of(path, target))


def _page_of(path: Path, name: str) -> str:
    if path.is_dir():
        inside = sorted(file.relative_to(path).as_posix() for file in path.rglob("*.*"))
        listed = [f"- `{file}`" for file in inside if "__pycache__" not in file]
        return "\n".join([f"# `{name}`", "", *listed, ""])
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    fence = "`" * 4
    return f"# `{name}`\n\n{fence}{LANGUAGES.get(path.suffix, 'text')}\n{text}\n{fence}\n"
