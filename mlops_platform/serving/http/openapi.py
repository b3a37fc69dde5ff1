"""The OpenAPI document of one model's service, made of the types that validate and answer."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from mlops_platform.record import Record
from mlops_platform.serving.contents import Contents
from mlops_platform.serving.http import answers, problems
from mlops_platform.serving.http.problems import Kind, ProblemDetails
from mlops_platform.serving.http.request import Json, RequestTypes

_REF = "#/components/schemas/{model}"
_BODY = (
    *(problems.MALFORMED, problems.SLOW_BODY, problems.TOO_LARGE, problems.MEDIA),
    *(problems.INVALID, problems.TOO_MANY, problems.TIMEOUT),
)
_ENTITY = (problems.UNKNOWN_ENTITY, problems.FEATURES)
_ALWAYS = (problems.UNAUTHENTICATED, problems.METHOD, problems.INTERNAL, problems.NOT_READY)


def openapi_document(contents: Contents, types: RequestTypes, token_required: bool) -> Json:
    """Describe every endpoint, with the fields, ranges and categories of the model.

    Args:
        token_required: whether loopback needs a token as well.
    """
    release = contents.release
    bodies = {
        "row": types.row,
        "rows": types.batch,
        "columns": types.columns,
        "entity": types.entity,
    }
    if types.expanded is not None:
        bodies["expanded"] = types.expanded.body
    types_of_answers = answers.answer_types(release.task)
    replied: list[type[Record]] = [
        *(types_of_answers.prediction, types_of_answers.batch, types_of_answers.by_entity),
        *(types_of_answers.explained, answers.model_type(release.task), answers.Status),
    ]
    if types.expanded is not None:
        replied.append(types_of_answers.expanded)
    replies = {reply.__name__: TypeAdapter(reply) for reply in replied}
    inputs = [(name, "validation", adapter) for name, adapter in bodies.items()]
    outputs = [(name, "serialization", adapter) for name, adapter in replies.items()]
    outputs.append(("Problem", "serialization", TypeAdapter(ProblemDetails)))
    references, definitions = TypeAdapter.json_schemas(
        [*inputs, *outputs],  # type: ignore[list-item]
        ref_template=_REF,
    )
    schemas = {name: schema for (name, _), schema in references.items()}
    schemas["batch"] = {"oneOf": [schemas["rows"], schemas["columns"]]}
    bearer: list[Json] = [{"bearer": []}]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": release.model,
            "version": release.version,
            "description": f"Predicts `{contents.features.label}`. Errors are problem details.",
        },
        "paths": _paths(contents, schemas),
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": bearer if token_required else [{}, *bearer],
    }


def _paths(contents: Contents, schemas: Json) -> Json:
    release, described = contents.release, answers.model_type(contents.release.task).__name__
    summary = "Score rows, in their order; they come one by one or by their columns."
    paths = {
        "/v1/predict": _post("predict", "Score one row.", schemas, "row", "Prediction"),
        "/v1/predict_batch": _post("predict_batch", summary, schemas, "batch", "BatchPrediction"),
    }
    if release.explained:
        summary = "Score one row, and tell what each feature adds to it."
        paths["/v1/explain"] = _post(
            "explain", summary, schemas, "row", "ExplainedPrediction", problems.NOT_EXPLAINED
        )
    if release.serving.online_store is not None:
        summary = "Score an entity by its latest features."
        paths["/v1/predict_by_entity"] = _post(
            "predict_by_entity", summary, schemas, "entity", "EntityPrediction", *_ENTITY
        )
        if (expansion := release.task.expansion) is not None:
            summary = f"Score every `{expansion.counter}` of what is named by its latest features."
            paths[f"/v1/{expansion.route}"] = _post(
                expansion.route, summary, schemas, "expanded", "ExpandedPrediction", *_ENTITY
            )
    return paths | {
        "/v1/model": _get("model", "Tell what is served.", schemas[described]),
        "/livez": _get(
            "livez", "Whether the process answers.", schemas["Status"], open_to_all=True
        ),
        "/readyz": _get("readyz", "Whether it should get requests.", schemas["Status"], True),
        "/healthz": _get("healthz", "As livez.", schemas["Status"], open_to_all=True),
    }


def _post(
    name: str, summary: str, schemas: Json, body: str, answer: str, *more: Kind
) -> dict[str, Any]:
    operation = _operation(
        name, summary, schemas[answer], (*_BODY, *_ALWAYS, *more), schemas["Problem"]
    )
    content = {"application/json": {"schema": schemas[body]}}
    return {"post": operation | {"requestBody": {"required": True, "content": content}}}


def _get(name: str, summary: str, answer: Json, open_to_all: bool = False) -> Json:
    problem = {"$ref": _REF.format(model=ProblemDetails.__name__)}
    operation = _operation(name, summary, answer, _ALWAYS, problem)
    return {"get": operation | ({"security": []} if open_to_all else {})}


def _operation(
    name: str, summary: str, answer: Json, kinds: tuple[Kind, ...], problem: Json
) -> Json:
    shared = {"application/problem+json": {"schema": problem}}
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        titles.setdefault(kind.status, []).append(kind.title)
    errors = {
        str(status): {"description": "; ".join(listed) + ".", "content": shared}
        for status, listed in sorted(titles.items())
    }
    success = {"description": summary, "content": {"application/json": {"schema": answer}}}
    return {"operationId": name, "summary": summary, "responses": {"200": success, **errors}}
