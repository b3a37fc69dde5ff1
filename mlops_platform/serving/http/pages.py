"""What is told about the service itself: the model, its health, its metrics, its documentation."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import orjson
from starlette.responses import HTMLResponse, Response

from mlops_platform.serving.exchange import Exchange
from mlops_platform.serving.http.answers import AdjustedModel, ServedModel, ServedTask
from mlops_platform.serving.http.limits import JSON
from mlops_platform.serving.http.openapi import openapi_document
from mlops_platform.serving.http.problems import NOT_READY, Problem
from mlops_platform.serving.http.request import RequestTypes
from mlops_platform.serving.requirements import environment_hash
from mlops_platform.serving.served_version import ServedVersion
from mlops_platform.serving.watching.metrics import CONTENT_TYPE
from mlops_platform.serving.worker import Worker

REQUIREMENTS = "requirements.txt"
CARD, CARD_MARKDOWN = "model_card.json", "model_card.md"
STOPPING = "it is about to stop; ask another one"

# BentoML's own page fetches a script from Google; its copy of Swagger UI does not.
_DOCUMENTATION = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<title>{model}</title>
<link rel="stylesheet" href="./static_content/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="./static_content/swagger-ui-bundle.js"></script>
<script>
SwaggerUIBundle({{url: "./docs.json", dom_id: "#swagger-ui", validatorUrl: null}});
</script>
</body>
</html>
"""


class Pages:
    """Answers to `GET`: nothing here scores."""

    def __init__(self, worker: Worker, types: RequestTypes) -> None:
        self._worker, self._types = worker, types
        self._described: tuple[ServedVersion, bytes] | None = None
        self._documented: bytes | None = None

    async def alive(self, _: Exchange) -> Response:
        """Say that the process answers."""
        return Response(b'{"status":"alive"}', media_type=JSON)

    async def ready(self, _: Exchange) -> Response:
        """Say whether this worker should get requests."""
        problem = STOPPING if self._worker.is_draining else self._worker.problem
        if problem is not None:
            raise Problem(NOT_READY, problem)
        return Response(b'{"status":"ready"}', media_type=JSON)

    async def metrics(self, _: Exchange) -> Response:
        """All metrics of all workers, on a thread: their files are read."""
        loop, metrics = asyncio.get_running_loop(), self._worker.metrics
        text = await loop.run_in_executor(self._worker.threads, metrics.exposition)
        return Response(text, media_type=CONTENT_TYPE)

    async def model(self, _: Exchange) -> Response:
        """Tell what is served."""
        roles = self._worker.roles
        if roles is None:
            raise Problem(NOT_READY, f"Try again soon: {self._worker.problem}.")
        if self._described is None or self._described[0] is not roles.champion:
            described = served_model(roles.champion).to_public().encode()
            self._described = (roles.champion, described)
        return Response(self._described[1], media_type=JSON)

    async def openapi(self, _: Exchange) -> Response:
        """The OpenAPI document."""
        if self._documented is None:
            required = self._worker.authentication.is_required
            document = openapi_document(self._worker.contents, self._types, required)
            self._documented = orjson.dumps(document)
        return Response(self._documented, media_type=JSON)

    async def documentation(self, _: Exchange) -> Response:
        """A page that shows the OpenAPI document; it needs no network."""
        page = _DOCUMENTATION.format(model=self._worker.contents.release.model)
        return HTMLResponse(page)


def served_model(version: ServedVersion) -> ServedModel:
    """Everything that a Bento tells about its release, with the constants in force."""
    contents, release = version.contents, version.release
    root = contents.model_directory.parent
    kind = ServedModel if version.stated_adjustment is None else AdjustedModel
    card: dict[str, Any] | None = None
    if text := _text(root / CARD):
        card = json.loads(text)
    return kind(
        **version.origin,
        run_id=release.run_id,
        task=ServedTask(type=release.task.type, loss=release.task.loss),
        constants=dict(version.constants),
        training_set_hash=release.training_set_hash,
        schema_hash=contents.features.schema_hash,
        environment_hash=environment_hash(_text(root / REQUIREMENTS) or ""),
        folded=release.compiled,
        not_folded=release.not_compiled,
        explained=release.explained,
        not_explained=release.not_explained,
        features=contents.features,
        card=card,
        card_markdown=_text(root / CARD_MARKDOWN),
    )


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
