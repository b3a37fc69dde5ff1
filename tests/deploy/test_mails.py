"""What stays of a mail that comes along."""

import re
from pathlib import Path

import pyarrow.parquet as pq

from deploy.datasets.mails import TARGET, mails

PLAIN = """\
Received: from there by here; Tue, 20 Aug 2002 09:41:00 +0100
Received: from elsewhere by there; Mon, 19 Aug 2002 23:59:00 +0100
Date: Fri, 18 Oct 2030 00:00:00 +0000
Subject: Re: lunch with jo@example.org

Call +353 (0)1 234 5678, or see http://example.org/jo?x=1.
"""
PAGE = """\
Date: Thu, 22 Aug 2002 13:18:16 -0500
Subject: WIN
Content-Type: text/html

<html><head><style>b {color: red}</style></head><body>Only&nbsp;<b>today</b>!</body></html>
"""
EARLY = PLAIN.replace("Aug 2002", "May 2002")


def test_a_mail_is_its_words_and_when_its_last_server_took_it(tmp_path: Path) -> None:
    for group, name, text in (
        ("easy-ham-1", "00001.aaaabbbbccccddddeeee", PLAIN),
        ("easy-ham-1", "00002.bbbbbbbbbbbbbbbbbbbb", EARLY),
        ("spam-1", "00001.ccccbbbbccccddddeeee", PAGE),
    ):
        file = tmp_path / "data" / group / f"{name}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    reply, page = mails(tmp_path)

    assert (reply["mail_id"], reply["is_spam"]) == ("aaaabbbbccccdddd", False)
    assert reply["arrived_at"].isoformat() == "2002-08-20T08:41:00+00:00"
    assert reply["subject"] == "Re: lunch with ADDRESS"
    assert reply["body"] == "Call NUMBER, or see LINK"
    assert page["arrived_at"].isoformat() == "2002-08-22T18:18:16+00:00"
    assert (page["subject"], page["body"], page["is_spam"]) == ("WIN", "Only today!", True)


def test_what_comes_along_holds_no_address_and_is_as_large_as_its_licence_says() -> None:
    rows = pq.read_table(TARGET / "mails.parquet").to_pylist()

    assert f"{len(rows):,} mails" in (TARGET / "LICENSE.md").read_text()
    assert len({row["mail_id"] for row in rows}) == len(rows)
    texts = [f"{row['subject']} {row['body']}" for row in rows]
    assert not [text for text in texts if re.search(r"\w@\w+\.\w|https?://\w", text)]
