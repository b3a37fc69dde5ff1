"""The site builds strictly, needs no other host, and no link of it leads nowhere."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from mlops_platform.settings import PROJECT_ROOT

CONFIG = PROJECT_ROOT / "deploy" / "docs" / "mkdocs.yml"


class _Page(HTMLParser):
    """What a page loads, where it links to, and where it can be linked to."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.anchors.add(str(given["id"]))
        if given.get("href"):
            (self.links if tag == "a" else self.loads).append(str(given["href"]))
        if given.get("src"):
            self.loads.append(str(given["src"]))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = (sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(CONFIG))
    built = subprocess.run(
        [*command, "--site-dir", str(folder)],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr[-4000:]
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, _Page]:
    return {file: _Page(file) for file in site.rglob("*.html") if file.name != "404.html"}


def test_a_page_loads_nothing_from_another_host(pages) -> None:
    foreign = [
        (file.name, load)
        for file, page in pages.items()
        for load in page.loads
        if re.match(r"(https?:)?//", load)
    ]
    assert foreign == []


def test_every_link_and_anchor_of_the_site_is_there(site: Path, pages) -> None:
    lost = [
        f"{file.relative_to(site)}: {link}"
        for file, page in pages.items()
        for link in page.links
        if not re.match(r"[a-z]+:|//", link) and not _leads_somewhere(file, unquote(link), pages)
    ]
    assert lost == []


def _leads_somewhere(file: Path, link: str, pages: dict[Path, _Page]) -> bool:
    path, _, anchor = link.partition("#")
    target = (file.parent / path).resolve() if path else file
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return False
    return not anchor or target not in pages or anchor in pages[target].anchors


def test_every_document_is_a_page(site: Path) -> None:
    documents = {
        file.relative_to(PROJECT_ROOT / "docs").with_suffix(".html").as_posix()
        for file in (PROJECT_ROOT / "docs").rglob("*.md")
    }
    names = {name.replace("README.html", "index.html") for name in documents}
    assert [name for name in sorted(names) if not (site / name).exists()] == []


def test_files_of_the_repository_that_pages_link_to_come_along(site: Path) -> None:
    folder = site / "repository/dbt_project/models.html"
    assert "flights/marts/flight_features.sql" in folder.read_text(encoding="utf-8")
    source = site / "repository/mlops_platform/defs/flights/landing_weather/defs.yaml.html"
    assert "time_column" in source.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[x](nowhere.md)", "links to nowhere.md, which is not there"),
        ("[x](../nowhere.py)", "links to ../nowhere.py, which is not there"),
        ("[x](#nowhere)", "there is no such anchor"),
    ],
)
def test_a_link_to_nowhere_fails_the_build(text: str, complaint: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "docs").mkdir(parents=True)
    (project / "docs" / "README.md").write_text(f"# Home\n\n{text}\n")
    place = project / "deploy" / "docs"
    place.mkdir(parents=True)
    (place / "hooks.py").write_bytes(CONFIG.with_name("hooks.py").read_bytes())
    declared = CONFIG.read_text(encoding="utf-8")
    (place / "mkdocs.yml").write_text(declared.partition("\nnav:")[0] + "\n")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(place / "mkdocs.yml")],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode != 0
    assert complaint in built.stderr


def test_the_site_is_declared_to_be_strict() -> None:
    class Loader(yaml.SafeLoader):
        """Of what MkDocs reads, without its tags."""

    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
    declared = yaml.load(CONFIG.read_text(encoding="utf-8"), Loader)
    assert set(declared["validation"]["links"].values()) == {"warn"}
    assert declared["theme"]["font"] is False
