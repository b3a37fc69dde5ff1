"""One small model, its Bento and its server, shared by the whole folder."""

import asyncio
import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest

from mlops_platform.artifacts.model_store import save_model
from mlops_platform.data.online.writers import write_sqlite
from mlops_platform.files import write_json, write_text
from mlops_platform.serving.contents import (
    COMPILED_FORM,
    DIGESTS,
    GOLDEN_ROWS,
    MODEL,
    PACKED_FORMAT,
    RELEASE,
    SCHEMA,
    Contents,
    PackedRelease,
    read_contents,
)
from mlops_platform.serving.frames import rows_of
from mlops_platform.serving.golden import choose_golden_rows
from mlops_platform.serving.http.application import Front
from mlops_platform.serving.http.problems import ProblemDetails
from mlops_platform.serving.packing.packaging import BentoRequest, BuiltBento, build_bento
from mlops_platform.serving.packing.server import RunningBento, running_bento
from mlops_platform.serving.runtime import RuntimeSettings
from mlops_platform.serving.schema import FeatureSchema, describe_features
from mlops_platform.serving.worker import Worker
from mlops_platform.spec import (
    CandidateSpec,
    CardSpec,
    ColumnStepsSpec,
    EstimatorSpec,
    FeaturesSpec,
    LabelSpec,
    ModelSpec,
    OnlineStoreSpec,
    ServingSpec,
    TrainingSpec,
    WindowSpec,
)
from mlops_platform.spec.online_layout import OnlineExport
from tests.serving.packed import form_of

# `copy` and `media_type` are also names of methods of pydantic and of BentoML.
NUMERIC = ("distance_miles", "late_rate", "copy")
CATEGORICAL = ("carrier", "media_type")
MAY_BE_MISSING = ("late_rate", "carrier")
THRESHOLD = 0.3


def model_spec(name: str, numeric: tuple[str, ...], categorical: tuple[str, ...]) -> ModelSpec:
    """The least that a spec of these features must say."""
    steps = (ColumnStepsSpec(columns="numeric"), ColumnStepsSpec(columns="categorical"))
    estimator = EstimatorSpec(type="sklearn.linear_model.LogisticRegression")
    return ModelSpec(
        name=name,
        description="Will it be late?",
        owners=("team:flights",),
        features=FeaturesSpec(
            table="flight_features",
            entity="flight_id",
            numeric=numeric,
            categorical=categorical,
            required=tuple({*numeric, *categorical} - {*MAY_BE_MISSING}),
        ),
        label=LabelSpec(table="flight_labels", column="is_late"),
        window=WindowSpec(start=date(2013, 1, 7)),
        training=TrainingSpec(
            candidates=(CandidateSpec(name="one", preprocessing=steps, estimator=estimator),)
        ),
        card=CardSpec(intended_use="Tests.", out_of_scope="Everything else."),
    )


def fit(rows: pd.DataFrame, numeric: tuple[str, ...], categorical: tuple[str, ...]) -> Any:
    """A calibrated pipeline as training makes it."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.compose import ColumnTransformer
    from sklearn.frozen import FrozenEstimator
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = ColumnTransformer(
        [
            ("numeric", make_pipeline(SimpleImputer(), StandardScaler()), list(numeric)),
            ("categorical", OneHotEncoder(handle_unknown="ignore"), list(categorical)),
        ]
    )
    features = rows[[*numeric, *categorical]]
    pipeline = Pipeline([("columns", columns), ("estimator", LogisticRegression())])
    pipeline.fit(features, rows["is_late"])
    return CalibratedClassifierCV(FrozenEstimator(pipeline)).fit(features, rows["is_late"])


@pytest.fixture(scope="session")
def spec() -> ModelSpec:
    """The spec of the model that everything here serves."""
    return model_spec("flight_delay", NUMERIC, CATEGORICAL)


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    """3,000 flights; `late_rate` and `carrier` are missing now and then, nothing else ever is."""
    random, count = np.random.default_rng(0), 3000
    late_rate = random.random(count)
    late_rate[random.random(count) < 0.1] = np.nan
    carrier = random.choice(np.array(["AA", "B6", "UA"], dtype=object), count)
    carrier[random.random(count) < 0.1] = None
    frame = pd.DataFrame(
        {
            "flight_id": [f"flight-{position}" for position in range(count)],
            "distance_miles": random.integers(90, 5000, count).astype("float64"),
            "late_rate": late_rate,
            "copy": random.normal(size=count),
            "carrier": carrier,
            "media_type": random.choice(np.array(["radio", "wire"], dtype=object), count),
        }
    )
    risk = frame["late_rate"].fillna(0.5) * 3 + frame["copy"] + (frame["carrier"] == "B6")
    frame["is_late"] = risk + random.normal(size=count) > 2.5
    return frame


@pytest.fixture(scope="session")
def schema(spec: ModelSpec, rows: pd.DataFrame) -> FeatureSchema:
    """The schema that the rows show."""
    return describe_features(spec, rows)


@pytest.fixture(scope="session")
def usual_rows(schema: FeatureSchema, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as they are: one in five lacks a value."""
    return rows_of(schema, rows[:300])


@pytest.fixture(scope="session")
def model(rows: pd.DataFrame) -> Any:
    """A fitted, calibrated pipeline."""
    return fit(rows, NUMERIC, CATEGORICAL)


@pytest.fixture(scope="session")
def bento_request(
    spec: ModelSpec,
    schema: FeatureSchema,
    model: Any,
    rows: pd.DataFrame,
    tmp_path_factory: pytest.TempPathFactory,
) -> BentoRequest:
    """Version 1 of the model, ready to be packed."""
    directory = tmp_path_factory.mktemp("artifacts")
    card = directory / "model_card.md"
    card.write_text("# Flight delay\n")
    return BentoRequest(
        release=PackedRelease(
            model="flight_delay",
            version="1",
            sequence=4,
            task=spec.task,
            constants={"threshold": THRESHOLD},
            training_set_hash="5e7",
            serving=ServingSpec(max_batch_rows=30, online_store=OnlineStoreSpec()),
            compiled=True,
            explained=True,
        ),
        features=schema,
        model_directory=directory / "model",
        digests=save_model(model, directory / "model"),
        golden_rows=choose_golden_rows(schema, spec.task, model, rows[-500:], 40),
        compiled_form=form_of(model, schema),
        model_card=(card,),
    )


Export = Callable[..., Path]


@pytest.fixture(scope="session")
def export(schema: FeatureSchema, tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Write an online store of some entities."""

    def make(entities: Mapping[str, Mapping[str, Any]], hours_ago: float = 0) -> Path:
        moment = datetime(2013, 7, 1, 10, tzinfo=UTC)
        described = OnlineExport(
            model=schema.model,
            entity=schema.entity,
            numeric=NUMERIC,
            categorical=CATEGORICAL,
            feature_snapshot="5e7",
            rows=len(entities),
            oldest=moment,
            newest=moment,
            as_of=moment,
            exported_at=datetime.now(UTC) - timedelta(hours=hours_ago),
        )
        path = tmp_path_factory.mktemp("online") / "store.sqlite"
        told = [(key, moment.isoformat(), json.dumps(row)) for key, row in entities.items()]
        write_sqlite(path, told, lambda: described)
        return path

    return make


@pytest.fixture(scope="session")
def entities(schema: FeatureSchema, rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The latest features of the entities that the served Bento can look up."""
    some = rows[:40]
    return dict(zip(some["flight_id"], rows_of(schema, some), strict=True))


@pytest.fixture(scope="session")
def bentoml_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store below a hidden folder, as the platform's default home is one."""
    return tmp_path_factory.mktemp("state") / ".mlops" / "bentos"


@pytest.fixture(scope="session")
def bento(bento_request: BentoRequest, bentoml_home: Path) -> BuiltBento:
    """The Bento of version 1."""
    return build_bento(bento_request, bentoml_home)


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter that has the packages, but neither the platform nor its repository."""
    environment = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    packages = next(environment.glob("lib/python*/site-packages"))
    # A folder named in a .pth file is put on the path; .pth files inside that folder are not read.
    (packages / "packages.pth").write_text(sysconfig.get_path("purelib"))
    return str(environment / "bin" / "python")


@dataclass(frozen=True)
class Answer:
    """Status and body of one response."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.text)

    @property
    def problem(self) -> str:
        """The kind of its problem details."""
        assert self.headers["content-type"] == "application/problem+json", self.text
        told: ProblemDetails = ProblemDetails.model_validate_json(self.text)
        assert (told.status, told.request_id) == (self.status, self.headers["x-request-id"])
        return told.type.rpartition(":")[2]

    @property
    def faults(self) -> dict[str, str]:
        """The fix of each field at fault."""
        return {error["field"]: error["fix"] for error in self.json["errors"]}


Ask = Callable[..., Answer]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the served Bento logs its predictions."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="session")
def server(
    bento: BuiltBento,
    bentoml_home: Path,
    bare_python: str,
    served: Path,
    export: Export,
    entities: dict[str, dict[str, Any]],
) -> Iterator[RunningBento]:
    """The Bento served by its tag with two workers, where the platform is not installed."""
    environment = {
        "MLOPS_SERVING_LOG": str(served),
        "MLOPS_SERVING_ONLINE_STORE": str(export(entities)),
        "BENTOML_CONFIG_OPTIONS": "services.flight_delay.workers=2",
        # The server lives as long as the session: this process keeps its own.
        "PYTHONPATH": "",
    }
    with running_bento(
        bento.tag, bentoml_home, python=bare_python, environment=environment
    ) as running:
        yield running


@pytest.fixture
def ask(server: RunningBento) -> Ask:
    """Send a request to the served Bento; a body that is no text is sent as JSON."""

    def send(
        method: str, route: str, body: Any = None, media_type: str = "application/json"
    ) -> Answer:
        connection = server.connection()
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        connection.request(method, route, text, {"Content-Type": media_type})
        response = connection.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, response.read().decode(), told)
        connection.close()
        return answer

    return send


@pytest.fixture(scope="session")
def packed(bento_request: BentoRequest, tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """What the Bento of version 1 holds, without the Bento around it."""
    root = tmp_path_factory.mktemp("packed")
    shutil.copytree(bento_request.model_directory, root / MODEL)
    shutil.copy(bento_request.model_card[0], root)
    for name, record in (
        (RELEASE, bento_request.release),
        (SCHEMA, bento_request.features),
        (GOLDEN_ROWS, bento_request.golden_rows),
    ):
        write_text(root / name, record.to_stored(stored_format=PACKED_FORMAT))
    write_json(root / DIGESTS, bento_request.digests)
    (root / COMPILED_FORM).write_bytes(bento_request.compiled_form)
    return read_contents(root)


LOOPBACK = ("127.0.0.1", 3000)
ELSEWHERE = ("10.1.2.3", 3000)
Message = dict[str, Any]


@dataclass
class Service:
    """A front in this process, asked as an ASGI server asks it."""

    worker: Worker

    def __post_init__(self) -> None:
        self.front = Front(self.behind, self.worker)
        self.handed_on: list[str] = []

    async def behind(self, scope: Any, receive: Any, send: Any) -> None:
        """What BentoML's application would get."""
        self.handed_on.append(scope.get("path", scope["type"]))

    async def send(
        self,
        method: str,
        path: str,
        parts: Sequence[bytes] = (b"",),
        headers: Mapping[str, str] | None = None,
        server: Any = LOOPBACK,
        ending: Literal["whole", "broken off", "stalled"] = "whole",
    ) -> Answer | None:
        """Send a request in parts; None where the front did not answer."""
        answered: list[Message] = []
        pending = [
            {"type": "http.request", "body": part, "more_body": position + 1 < len(parts)}
            for position, part in enumerate(parts)
        ]
        if ending == "broken off":
            pending[-1] = {"type": "http.disconnect"}

        async def receive() -> Message:
            if ending == "stalled" and len(pending) == 1:
                await asyncio.sleep(60)
            return pending.pop(0)

        async def send(message: Message) -> None:
            answered.append(message)

        named = {"content-type": "application/json", **(headers or {})}
        encoded = [(name.encode(), value.encode()) for name, value in named.items()]
        scope = {"type": "http", "method": method, "path": path, "headers": encoded}
        await self.front(scope | {"server": server}, receive, send)
        if not answered:
            return None
        start, body = answered
        told = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], body["body"].decode(), told)

    def ask(self, method: str, path: str, body: Any = b"", **others: Any) -> Answer:
        """Send one request and wait; a body that is no bytes is sent as JSON."""
        part = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = asyncio.run(self.send(method, path, [part], **others))
        assert answer is not None
        return answer

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples with these labels."""
        from prometheus_client.parser import text_string_to_metric_families

        families = text_string_to_metric_families(self.worker.metrics.exposition().decode())
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


def answering_as_packed(worker: Worker) -> Iterator[Service]:
    """The service of a worker, which answers by the packed version again afterwards."""
    assert worker.roles is not None
    roles = worker.roles
    yield Service(worker)
    worker.install(roles)


MakeService = Callable[..., Service]


@pytest.fixture
def service_around() -> Iterator[Callable[[Worker], Service]]:
    """Make services of workers in this process."""
    started: list[Worker] = []

    def make(worker: Worker) -> Service:
        # What is packed here is no Bento: nothing but the test vouches for it.
        worker.runtime = replace(worker.runtime, trust_packed="true")
        worker.start()
        started.append(worker)
        return Service(worker)

    yield make
    for worker in started:
        worker.stop()


@pytest.fixture
def service_of(packed: Contents, service_around: Callable[[Worker], Service]) -> MakeService:
    """Make services of version 1 in this process.

    Fields of `ServingSpec` change what is packed; `runtime` says what the environment would.
    """

    def make(runtime: RuntimeSettings | None = None, **changes: Any) -> Service:
        serving = packed.release.serving.model_copy(update=changes)
        release = packed.release.model_copy(update={"serving": serving})
        contents = replace(packed, release=release)
        return service_around(Worker(contents, runtime or RuntimeSettings()))

    return make


@pytest.fixture
def service(service_of: MakeService) -> Service:
    """A service of version 1 with nothing configured."""
    return service_of()


@pytest.fixture
def row() -> dict[str, Any]:
    """A row that the service takes."""
    return {
        "distance_miles": 1400.0,
        "late_rate": 0.25,
        "copy": 0.1,
        "carrier": "UA",
        "media_type": "radio",
    }


@pytest.fixture(scope="session")
def helpers() -> SimpleNamespace:
    """The makers above, for tests that need another model."""
    return SimpleNamespace(model_spec=model_spec, fit=fit)
