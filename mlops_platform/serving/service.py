"""The BentoML service of one packed release."""

# mypy: disable-error-code="untyped-decorator, valid-type, misc"
# BentoML is untyped to mypy, and takes request types that exist at run time only (which
# is also why annotations must not be postponed here) from the endpoints' annotations.
import gc
from http import HTTPStatus
from pathlib import Path
from typing import Any

import bentoml
from bentoml.exceptions import BentoMLException
from pydantic import BaseModel, create_model
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mlops_platform.artifacts.digests import verify_directory
from mlops_platform.serving.answering import load_answering
from mlops_platform.serving.answers import BatchPrediction, Prediction, ServedModel
from mlops_platform.serving.contents import Contents, read_contents
from mlops_platform.serving.request import batch_request, row_request


def create_service(root: Path) -> bentoml.Service[Any]:
    """Make the service of the release packed under `root`, the `src` folder of its Bento.

    The model is loaded where a worker makes its instance, not here: the process that only
    supervises the workers imports the service as well.
    """
    contents = read_contents(root)
    release, served = contents.release, _served_model(contents)
    row_type = row_request(contents.features, example=contents.golden_rows.rows[0].features)
    batch_type = batch_request(contents.features, row_type, release.serving.max_batch_rows)

    # Loopback unless `--host` or BENTOML_HOST says otherwise: there is no authentication.
    @bentoml.service(
        name=release.model, workers=release.serving.workers, http={"host": "127.0.0.1"}
    )
    @bentoml.asgi_app(_readable(served), name="model")
    class ModelService:
        @bentoml.on_deployment
        @staticmethod
        def verify() -> None:
            # In the supervisor, before any worker: a changed file ends the start at once.
            verify_directory(contents.model_directory, contents.digests)

        def __init__(self) -> None:
            self._answering = load_answering(contents)

        @bentoml.on_startup
        def freeze(self) -> None:
            # Full garbage collections cost 100 ms and more at the 99th percentile.
            gc.collect()
            gc.freeze()

        @bentoml.api(route="/v1/predict", output_spec=_documented(Prediction))
        async def predict(self, row: _documented(row_type), /) -> Prediction:
            """Score one row."""
            return self._answering.predict(row)

        @bentoml.api(route="/v1/predict_batch", output_spec=_documented(BatchPrediction))
        def predict_batch(self, batch: _documented(batch_type), /) -> BatchPrediction:
            """Score a batch of rows, answered in their order."""
            return self._answering.predict_batch(batch)

        @bentoml.api(route="/v1/model", output_spec=_documented(ServedModel))
        async def model(self) -> ServedModel:
            """Tell what is served: release, threshold, training set and feature schema."""
            return served

    return ModelService


class _JsonBody(bentoml.IODescriptor):
    """A body that is read as JSON or refused; BentoML answers 500 to forms."""

    @classmethod
    async def from_http_request(cls, request: Request, _: object) -> Any:
        sent = request.headers.get("content-type", "application/json")
        if sent.partition(";")[0].strip().lower() != "application/json":
            raise BentoMLException(
                f"Content-Type {sent!r} is not usable. Send application/json.",
                error_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            )
        return cls.model_validate_json(await request.body())


def _documented(model: type[BaseModel]) -> Any:
    """Make `model` a type that BentoML documents under its own name."""
    return create_model(model.__name__, __base__=(_JsonBody, model))


def _served_model(contents: Contents) -> ServedModel:
    return ServedModel(
        **contents.release.origin,
        threshold=contents.release.threshold,
        training_set_hash=contents.release.training_set_hash,
        schema_hash=contents.features.schema_hash,
        features=contents.features,
    )


def _readable(served: ServedModel) -> Starlette:
    """Serve `GET /v1/model`: BentoML's own endpoints answer POST only."""
    body = served.model_dump_json()

    async def model(_: Request) -> Response:
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route("/v1/model", model, methods=["GET"])])
