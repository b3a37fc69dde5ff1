"""The limit: the platform's own validator and scorer, and not a line of anything else."""

import gc
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson

from mlops_platform.serving.contents import read_contents
from mlops_platform.serving.http.request import request_types
from mlops_platform.serving.served_version import load_served_version

contents = read_contents(Path(os.environ["BENTO_SOURCES"]))
version = load_served_version(contents)
row_type = request_types(contents.features, 1).row
gc.collect()
gc.freeze()

HEADERS = [(b"content-type", b"application/json")]


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Answer one row."""
    if scope["type"] != "http":
        return
    body = b""
    more = True
    while more:
        message = await receive()
        body += message["body"]
        more = message["more_body"]
    row = row_type.validate_json(body)
    answer = orjson.dumps({"probability": version.scorer.numbers(row)[0]})
    headers = [*HEADERS, (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
