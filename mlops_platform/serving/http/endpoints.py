"""The endpoints that score: one row, a batch, one or many entities, and one row explained."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import orjson
from pydantic import ValidationError
from starlette.responses import Response

from mlops_platform.serving.exchange import Exchange
from mlops_platform.serving.http.absent_rows import absent_rows
from mlops_platform.serving.http.answers import explained_answer
from mlops_platform.serving.http.batch_body import BatchBody, validated
from mlops_platform.serving.http.duplicates import refuse_repeated_names
from mlops_platform.serving.http.limits import JSON, read_json
from mlops_platform.serving.http.problems import (
    FEATURES,
    INVALID,
    NOT_EXPLAINED,
    NOT_FOUND,
    NOT_READY,
    UNKNOWN_ENTITY,
    Problem,
)
from mlops_platform.serving.http.request import ExpandedType, Json, RequestTypes
from mlops_platform.serving.http.violations import problem_of
from mlops_platform.serving.online.source import StoreUnavailable
from mlops_platform.serving.online.store import (
    OnlineFeatures,
    OnlineStore,
    StaleFeatures,
    UnknownEntity,
)
from mlops_platform.serving.predicting import (
    ScoredRow,
    batch_answers,
    count,
    logged,
    score_answer,
    score_row,
    score_rows,
    score_together,
)
from mlops_platform.serving.quick.quick_rows import QuickRows
from mlops_platform.serving.roles import Roles
from mlops_platform.serving.watching.prediction_log import PredictionRoute
from mlops_platform.serving.worker import Worker
from mlops_platform.tasks import Expansion

T = TypeVar("T")


class Endpoints:
    """Scores what clients send, with the versions that serve at that moment."""

    def __init__(self, worker: Worker, types: RequestTypes, quick: QuickRows) -> None:
        self._worker, self._types, self._quick = worker, types, quick
        schema, serving = worker.contents.features, worker.contents.release.serving
        self._entity, self._limit = schema.entity, serving.max_body_kilobytes * 1024
        strings = (c.name for c in schema.columns if c.column_kind.json_type is str)
        self._texts = (schema.entity, *strings)
        self._batch_body = BatchBody(types, self._texts)

    async def predict(self, exchange: Exchange) -> Response:
        """Score one row."""
        body = await read_json(exchange, self._limit)
        answer = self._quick.predict(exchange, body)
        if answer is not None:
            return Response(answer, media_type=JSON)
        row, roles = self._row(exchange, body), self._roles()
        scored = score_row(exchange, roles, row, row.get(self._entity))
        self._record(exchange, "predict", roles, [scored])
        return Response(orjson.dumps(self._single(exchange, scored)), media_type=JSON)

    async def predict_batch(self, exchange: Exchange) -> Response:
        """Score a batch of rows, answered in their order; on a thread, because it takes long."""
        body = await read_json(exchange, self._limit)
        # Answers do not come in one go with the scores: nothing is logged once the time is over.
        batch = await self._aside(lambda: self._quick.score_batch(exchange, body))
        if batch is not None:
            answer = await self._aside(lambda: self._quick.answer_batch(exchange, batch))
            return Response(answer, media_type=JSON)
        roles = self._roles()
        scored = await self._aside(lambda: self._score_batch(exchange, roles, body))
        return await self._aside(lambda: self._answer_batch(exchange, roles, scored))

    async def explain(self, exchange: Exchange) -> Response:
        """Score one row, and tell what each feature adds to it."""
        row = self._row(exchange, await read_json(exchange, self._limit))
        scored = score_row(exchange, self._roles(), row, row.get(self._entity))
        explainer = scored.version.explainer
        if explainer is None:
            raise Problem(NOT_EXPLAINED, scored.version.not_explained)
        task = scored.release.task
        classes = task.explained_classes(scored.version.constants)
        added = tuple(classes.values())
        explanations = await self._aside(lambda: explainer.explanations(row, added))
        exchange.passed("explain")
        answer = self._single(exchange, scored) | explained_answer(task, classes, explanations)
        return Response(orjson.dumps(answer), media_type=JSON)

    async def predict_by_entity(self, exchange: Exchange) -> Response:
        """Score an entity by its latest features in the online store."""
        store = self._store()
        body = await read_json(exchange, self._limit)
        entity = validated(self._types.entity, body)[self._entity]
        refuse_repeated_names(body, [{self._entity: entity}], self._texts)
        exchange.passed("validate")
        latest = await self._look_up(store, lambda: store.lookup(entity))
        row = self._usable({self._entity: entity, **latest.features})
        exchange.passed("features")
        self._worker.metrics.looked_up(latest.age_seconds)
        roles = self._roles()
        scored = score_row(exchange, roles, row, entity)
        self._record(exchange, "predict_by_entity", roles, [scored])
        answer = self._single(exchange, scored) | {
            **scored.release.task.dated(scored.outputs, latest.event_time),
            "event_time": latest.event_time,
            "feature_age_seconds": latest.age_seconds,
        }
        return Response(orjson.dumps(answer), media_type=JSON)

    async def predict_expanded(self, expanded: ExpandedType, exchange: Exchange) -> Response:
        """Score every row that a request names, by its latest features in the online store."""
        store, roles, expansion = self._store(), self._roles(), expanded.expansion
        if expansion != roles.champion.release.task.expansion:
            raise Problem(NOT_READY, "What is served composes its keys otherwise: start it again.")
        body = await read_json(exchange, self._limit)
        asked = validated(expanded.body, body)
        refuse_repeated_names(body, [asked], expansion.fields)
        exchange.passed("validate")
        entities = expansion.entities(asked)
        latest = await self._look_up_all(store, expansion, asked)
        rows = [
            self._usable({self._entity: entity, **features.features})
            for entity, features in zip(entities, latest, strict=True)
        ]
        exchange.passed("features")
        self._worker.metrics.looked_up(latest[0].age_seconds)
        # All by one version, in a canary as well: who asks looks at them together.
        scored = score_together(roles, rows, self._entity, "|".join(asked.values()))
        exchange.answered_by(scored[0].release.version, scored[0].role)
        self._record(exchange, expansion.route, roles, scored)
        answer = {
            **scored[0].version.origin,
            "request_id": exchange.request_id,
            "event_time": max(features.event_time for features in latest),
            "feature_age_seconds": latest[0].age_seconds,
            "predictions": [
                {**score_answer(row), **row.release.task.dated(row.outputs, features.event_time)}
                for row, features in zip(scored, latest, strict=True)
            ],
        }
        return Response(orjson.dumps(answer), media_type=JSON)

    def _store(self) -> OnlineStore:
        store = self._worker.store
        if store is None:
            raise Problem(NOT_FOUND, "This service has no online store; send features instead.")
        return store

    def _roles(self) -> Roles:
        roles = self._worker.roles
        if roles is None:
            raise Problem(NOT_READY, f"Try again soon: {self._worker.problem}.")
        return roles

    def _row(self, exchange: Exchange, body: bytes) -> Json:
        row = validated(self._types.row, body)
        refuse_repeated_names(body, (row,), self._texts)
        exchange.passed("validate")
        return row

    def _record(
        self, exchange: Exchange, route: PredictionRoute, roles: Roles, rows: Sequence[ScoredRow]
    ) -> None:
        """Count and log what will be answered, and show it to the shadow."""
        worker = self._worker
        exchange.passed("predict")
        count(worker.metrics, rows)
        log = worker.log
        if (
            log is not None
            and log.sampled(exchange.request_id)
            and not log.write(logged(exchange, route, rows))
        ):
            worker.metrics.log_drops.inc(len(rows))
        if (shadow := roles.shadow) is not None:
            worker.shadow.watch(shadow, exchange, route, rows)

    def _single(self, exchange: Exchange, scored: ScoredRow) -> Json:
        answer = score_answer(scored)
        answer["model"] = scored.release.model
        answer["request_id"] = exchange.request_id
        return answer

    def _score_batch(self, exchange: Exchange, roles: Roles, body: bytes) -> list[ScoredRow]:
        rows = self._batch_body.rows(body)
        exchange.passed("validate")
        group = roles.champion.release.task.group_column
        if group is None:
            return score_rows(roles, rows, self._entity)
        # All by one version, in a canary as well: scores of two say nothing of an order.
        return score_together(roles, rows, self._entity, f"{rows[0][group]}")

    def _answer_batch(self, exchange: Exchange, roles: Roles, rows: list[ScoredRow]) -> Response:
        self._record(exchange, "predict_batch", roles, rows)
        answer = {
            **roles.champion.origin,
            "request_id": exchange.request_id,
            "predictions": batch_answers(rows),
        }
        return Response(orjson.dumps(answer), media_type=JSON)

    async def _look_up_all(
        self, store: OnlineStore, expansion: Expansion, asked: Json
    ) -> list[OnlineFeatures]:
        """The features of every entity that is asked for.

        Raises:
            Problem: the store does not have all of them, or cannot be read.
        """
        entities = expansion.entities(asked)
        looked_up = await self._look_up(store, lambda: store.lookup_all(entities))
        latest = [features for features in looked_up.features if features is not None]
        if len(latest) < len(entities):
            reason = partial(absent_rows, store, looked_up, expansion, asked)
            raise await self._look_up(store, reason, aside=True)
        return latest

    async def _look_up(
        self, store: OnlineStore, lookup: Callable[[], T], *, aside: bool = False
    ) -> T:
        try:
            if store.is_remote or aside:
                return await self._aside(lookup)
            return lookup()
        except UnknownEntity as error:
            raise Problem(UNKNOWN_ENTITY, f"{error}") from error
        except (StaleFeatures, StoreUnavailable) as error:
            raise Problem(FEATURES, f"{error}", headers={"Retry-After": "60"}) from error

    def _usable(self, row: Json) -> Json:
        """Hold looked-up features to what the model takes from clients."""
        try:
            return self._types.row.validate_python(row)
        except ValidationError as error:
            raise Problem(
                INVALID,
                "The latest features of the entity cannot be scored.",
                problem_of(error).errors,
            ) from error

    async def _aside(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker.threads, work)
