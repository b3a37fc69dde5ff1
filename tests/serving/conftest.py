"""One small model, its Bento and its server, shared by the whole folder."""

import json
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.artifacts.model_store import save_model
from mlops_platform.serving.contents import PackedRelease
from mlops_platform.serving.golden import choose_golden_rows
from mlops_platform.serving.packaging import BentoRequest, BuiltBento, build_bento
from mlops_platform.serving.schema import FeatureSchema, describe_features
from mlops_platform.serving.server import RunningBento, running_bento
from mlops_platform.spec import (
    CandidateSpec,
    CardSpec,
    ColumnStepsSpec,
    EstimatorSpec,
    FeaturesSpec,
    LabelSpec,
    ModelSpec,
    ServingSpec,
    TrainingSpec,
    WindowSpec,
)

# `copy` and `media_type` are also names of methods of pydantic and of BentoML.
NUMERIC = ("distance_miles", "late_rate", "copy")
CATEGORICAL = ("carrier", "media_type")
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
            table="flight_features", entity="flight_id", numeric=numeric, categorical=categorical
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
def model(rows: pd.DataFrame) -> Any:
    """A fitted, calibrated pipeline."""
    return fit(rows, NUMERIC, CATEGORICAL)


@pytest.fixture(scope="session")
def bento_request(
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
            threshold=THRESHOLD,
            training_set_hash="5e7",
            serving=ServingSpec(max_batch_rows=30),
        ),
        features=schema,
        model_directory=directory / "model",
        digests=save_model(model, directory / "model"),
        golden_rows=choose_golden_rows(schema, model, rows[-500:], 40),
        model_card=(card,),
    )


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

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.text)


Ask = Callable[..., Answer]


@pytest.fixture(scope="session")
def server(bento: BuiltBento, bentoml_home: Path, bare_python: str) -> Iterator[RunningBento]:
    """The Bento served by its tag, where the platform is not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONPATH", raising=False)
        with running_bento(bento.tag, bentoml_home, python=bare_python) as running:
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
        answer = Answer(response.status, response.read().decode())
        connection.close()
        return answer

    return send


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
