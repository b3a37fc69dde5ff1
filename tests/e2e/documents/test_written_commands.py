"""Every command that README and `docs/` show works, in the order of its page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents.blocks import PAGES, TUTORIAL, commands_of, name_of
from tests.e2e.documents.running import Reader

pytestmark = pytest.mark.slow

OF_THE_TUTORIAL = {
    shown.plain for page in PAGES if name_of(page) == TUTORIAL for shown in commands_of(page)
}
SHOWING = [page for page in PAGES if name_of(page) != TUTORIAL and any(commands_of(page))]


@pytest.fixture(scope="module")
def reader(deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A reader with a copy of the demo's home: what a page does must not be seen by other tests."""
    folder = tmp_path_factory.mktemp("reader")
    copy, backups = deployment.copied_to(folder / "home"), folder / "backups"
    backups.mkdir()
    stands_for = {
        # The demo of the tests ends in February.
        **dict.fromkeys(("2013-04-01", "2013-05-06", "2013-06-10"), "2013-01-28"),
        # One week: what follows the first champion is the same in every other.
        "replay spam --from 2002-08-12": "replay spam --from 2002-08-12 --to 2002-08-18",
        "1998-05-31": "1997-12-07",
        "2013-07-28-UA1010-EWR": "2013-02-10-UA1010-EWR",
        "/mnt/backups": str(backups),
        **{
            file: str(folder / file)
            for file in ("predictions.csv", "rows.csv", "predicted.parquet", "flight_scorer")
        },
    }
    return Reader(copy, stands_for, typed=set(OF_THE_TUTORIAL))


@pytest.mark.parametrize("page", SHOWING, ids=name_of)
def test_what_a_page_shows_works(page: Path, reader: Reader) -> None:
    reader.read(list(commands_of(page)))
