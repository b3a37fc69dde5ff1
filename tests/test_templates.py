"""Long texts are files beside the code that fills them."""

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from mlops_platform.templates import Templates


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Templates:
    folder = tmp_path / "room_with_texts" / "templates"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "letter.md.j2").write_text("Dear {{ name | loud }},\n")
    (folder / "page.html.j2").write_text("<p>{{ name }}</p>\n")
    monkeypatch.syspath_prepend(tmp_path)
    return Templates("room_with_texts", {"loud": str.upper})


def test_only_html_is_escaped(templates) -> None:
    assert templates.render("letter.md.j2", name="<b> & co") == "Dear <B> & CO,"
    assert templates.render("page.html.j2", name="<b> & co") == "<p>&lt;b&gt; &amp; co</p>"


def test_a_name_that_is_not_there_is_no_empty_text(templates) -> None:
    with pytest.raises(UndefinedError, match="name"):
        templates.render("page.html.j2")
