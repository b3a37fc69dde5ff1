"""One small real deployment: a copy of the project with a smaller budget, run by its own CLI.

Nothing is shared with the code under test but its public commands and the state that they leave.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest
import yaml

from mlops_platform.files import write_json
from mlops_platform.formats.home_stamp import PATH_KEY, STAMP_FILE, stamp_content
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.registry.registry import Registry
from mlops_platform.settings import PROJECT_ROOT, Settings, read_settings
from mlops_platform.usecases.deployment import deployment_at
from tests.e2e.home.third_week import ThirdWeek, live_through_third_week
from tests.ports import free_port
from tests.preloaded.scripts import preloaded_scripts, with_preloaded

SCRIPTS = Path(sys.executable).parent
SMALL_DEMO = Path(__file__).with_name("small_demo.py")
PARTS = (
    *("mlops_platform", "dbt_project"),
    *("dagster.yaml", "workspace.yaml", "pyproject.toml", "requirements.lock"),
)
DEADLINE_SECONDS = 240
MINIMUM = "E2E_MINIMUM_ROC_AUC"


@dataclass(frozen=True)
class Service:
    """A running `mlops serve`."""

    port: int

    def ask(self, method: str, route: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            headers = {"Content-Type": "application/json"}
            connection.request(method, route, json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def is_ready(self) -> bool:
        try:
            return self.ask("GET", "/readyz")[0] == 200
        except (OSError, HTTPException):
            return False


@dataclass(frozen=True)
class Deployment:
    """A copy of the project and a state folder, used as a person uses them."""

    project: Path
    home: Path
    mlflow_port: int
    model: str = "flight_delay"

    @property
    def settings(self) -> Settings:
        return read_settings({"MLOPS_HOME": str(self.home)})

    @property
    def ledger(self) -> Ledger:
        return deployment_at(self.settings).ledger

    @property
    def registry(self) -> Registry:
        return deployment_at(self.settings).registry

    @property
    def pointer(self) -> Path:
        return self.settings.release_pointer(self.model)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(self.project),
            "PATH": os.pathsep.join([str(SCRIPTS), os.environ["PATH"]]),
            "MLOPS_HOME": str(self.home),
            "DAGSTER_HOME": str(self.settings.dagster_home),
            "MLOPS_MLFLOW_UI_URL": f"http://127.0.0.1:{self.mlflow_port}",
            "COLUMNS": "200",
            # Symlinks to homes with odd names go with the deployment.
            "XDG_CACHE_HOME": str(self.project / "cache"),
        }

    def copied_to(self, home: Path) -> "Deployment":
        """A copy; nothing but the stamp of a home says where it is, so none is set up again."""
        shutil.copytree(self.home, home, symlinks=True)
        write_json(home / STAMP_FILE, stamp_content(home) | {PATH_KEY: str(home)})
        return replace(self, home=home)

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.project,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command: str, succeeds: bool = True, **environment: str) -> str:
        """Output of a command that must succeed, or must fail."""
        scripts = preloaded_scripts()
        if command[0] == sys.executable:
            command = (str(scripts / "python"), *command[1:])
        with self.start(*command, **with_preloaded(self.environment), **environment) as process:
            output, _ = process.communicate(timeout=540)
        assert (process.returncode == 0) is succeeds, output[-6000:]
        return output

    def demo(self, *arguments: str, **environment: str) -> str:
        return self.run(sys.executable, str(SMALL_DEMO), *arguments, **environment)

    def kill_demo_in(
        self,
        step: str,
        *arguments: str,
        when: Callable[[psutil.Process], bool] = lambda process: True,
    ) -> None:
        """Start the demo and kill it with SIGKILL while a step runs.

        Args:
            when: the moment in the step; asked again and again.
        """
        process = self.start(sys.executable, str(SMALL_DEMO), *arguments)
        deadline = time.monotonic() + DEADLINE_SECONDS
        try:
            with self.instance() as instance:
                demo = psutil.Process(process.pid)
                while not (_runs(instance, step) and when(demo)):
                    assert process.poll() is None, process.communicate()[0]
                    assert time.monotonic() < deadline
                    time.sleep(0.2)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()

    def mlops(self, *arguments: str, succeeds: bool = True) -> str:
        return self.run("mlops", *arguments, succeeds=succeeds)

    @contextmanager
    def serving(self, model: str) -> Iterator[Service]:
        """`mlops serve`, ready, and ended afterwards."""
        service = Service(free_port())
        serve = ("mlops", "serve", model, "--port", str(service.port), "--shutdown-delay", "0")
        with self.start(*serve) as process:
            try:
                deadline = time.monotonic() + DEADLINE_SECONDS
                while not service.is_ready():
                    assert process.poll() is None, process.communicate()[0]
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
                yield service
            finally:
                process.terminate()
                process.communicate(timeout=60)

    def launch(
        self, *target: str, config: Mapping[str, Any] | None = None, **environment: str
    ) -> dg.DagsterRun:
        """`dg launch` of a job or of assets; returns the run, whatever became of it."""
        file = self.home / "launch.yaml"
        file.write_text(yaml.safe_dump(dict(config or {})))
        configured = ("--config", str(file)) if config else ()
        forked = with_preloaded(self.environment)
        with self.start("dg", "launch", *target, *configured, **forked, **environment) as process:
            output, _ = process.communicate(timeout=540)
        with self.instance() as instance:
            (run,) = instance.get_runs(limit=1)
        assert run.run_id in output, output[-6000:]
        return run

    def train(
        self, *, config: Mapping[str, Any] | None = None, **environment: str
    ) -> dg.DagsterRun:
        """Materialise the training of the model, as a click on its assets does."""
        training = f'tag:"mlops/stage"="train" and key:"{self.model}/*"'
        return self.launch("--assets", training, config=config, **environment)

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        home = str(self.settings.dagster_home)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DAGSTER_HOME", home)
            with dg.DagsterInstance.from_config(home) as instance:
                yield instance

    def events(self, run: dg.DagsterRun, kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
        with self.instance() as instance:
            entries = instance.all_logs(run.run_id, of_type=kind)
        return [entry.dagster_event for entry in entries if entry.dagster_event is not None]

    def steps(self, run: dg.DagsterRun, kind: dg.DagsterEventType) -> set[str]:
        """Names of the assets of this model to which something happened in a run."""
        keys = {event.step_key or "" for event in self.events(run, kind)}
        return {key.removeprefix(f"{self.model}__") for key in keys}

    def checks(self, run: dg.DagsterRun) -> dict[str, bool]:
        events = self.events(run, dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        results = [event.asset_check_evaluation_data for event in events]
        return {result.check_name: result.passed for result in results}


def _runs(instance: dg.DagsterInstance, step: str) -> bool:
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START)
        if logs and logs[-1].step_key == step:
            return True
    return False


BOOSTING = "sklearn.ensemble.HistGradientBoosting"
GATES: Mapping[str, dict[str, Any]] = {
    "flight_delay": {"limits": {"roc_auc": f"{{{{ env('{MINIMUM}', '0.55') }}}}"}},
    # A week of flights teaches next to nothing about minutes.
    "arrival_delay": {"limits": {"coverage": {"min": 0.7}}, "better_than_baseline": False},
}
"""By model; the environment can make that of the first one impossible."""


def _shrink_budgets(project: Path) -> None:
    """Models that train in seconds: one trial each, few trees, and little that is shuffled.

    Those of `GATES` learn from four weeks as well, for an easy gate and with a patient policy.
    """
    for file in (project / "mlops_platform" / "defs").rglob("defs.yaml"):
        declared = yaml.safe_load(file.read_text())
        attributes = declared["attributes"]
        if "training" not in attributes:
            continue
        attributes["training"]["tuning"] |= {"trials": 1, "folds": 2}
        attributes["evaluation"]["permutation_rows"] = 100
        attributes["gate"]["max_row_cpu_milliseconds"] = 1000
        for params in _params_of_steps(attributes["training"]["candidates"]):
            if "max_features" in params:
                params["max_features"] = 2000
        for candidate in attributes["training"]["candidates"]:
            if candidate["estimator"]["type"].startswith(BOOSTING):
                candidate["estimator"].setdefault("params", {})["max_iter"] = 20
        if attributes["name"] in GATES:
            _make_easy(attributes)
        file.write_text(yaml.safe_dump(declared, sort_keys=False))


def _params_of_steps(candidates: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for candidate in candidates:
        for entry in candidate["preprocessing"]:
            yield from (step.get("params", {}) for step in entry.get("steps", ()))


def _make_easy(attributes: dict[str, Any]) -> None:
    attributes["training"]["history"]["split"] = {"validation_days": 7, "test_days": 7}
    attributes["training"]["tuning"]["max_rows"] = 4000
    attributes["gate"] |= {**GATES[attributes["name"]], "max_subgroup_loss_ratio": 3.0}
    attributes["retraining"]["policy"] |= {"loss_increase": 9.0, "worse_than_baseline": False}


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project whose models train in seconds."""
    copy = tmp_path_factory.mktemp("project")
    # With its compiled files and what is parsed of it, as set-up leaves them, but for those that
    # another process is about to write.
    ignored = shutil.ignore_patterns("logs", ".local_defs_state", "*.pyc.*")
    for part in PARTS:
        source = PROJECT_ROOT / part
        if source.is_dir():
            shutil.copytree(source, copy / part, ignore=ignored)
        else:
            shutil.copy(source, copy / part)
    _leave_out_half_written(copy / "dbt_project" / "target")
    _shrink_budgets(copy)
    return copy


def _leave_out_half_written(parsed: Path) -> None:
    """dbt writes a manifest in place, and another process may have been about to."""
    try:
        json.loads((parsed / "manifest.json").read_bytes())
    except (OSError, ValueError):
        shutil.rmtree(parsed, ignore_errors=True)


@pytest.fixture(scope="session")
def first_demo(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Deployment, Sequence[str]]:
    """A deployment in which the demo has run once, and the lines that it wrote into a pipe."""
    deployment = Deployment(project, tmp_path_factory.mktemp("deployment"), free_port())
    return deployment, deployment.demo(COLUMNS="80").splitlines()


@pytest.fixture(scope="session")
def deployment(first_demo: tuple[Deployment, Sequence[str]]) -> Deployment:
    """A deployment whose demo has run once; tests leave its champion as they found it."""
    return first_demo[0]


@pytest.fixture(scope="session")
def third_week(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> ThirdWeek:
    """A copy that was killed in its third week, and has gone on while it was backed up."""
    return live_through_third_week(deployment, tmp_path_factory.mktemp("third_week"), SMALL_DEMO)


@pytest.fixture(scope="session")
def landed(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Another state folder, with the same landed days and published features and nothing else."""
    home = tmp_path_factory.mktemp("landed") / "home"
    for part in ("lake/landing", "lake/features", "warehouse", "cache"):
        shutil.copytree(deployment.home / part, home / part)
    landed = replace(deployment, home=home)
    landed.mlops("setup")
    return landed


@pytest.fixture
def untrained(landed: Deployment, tmp_path: Path) -> Deployment:
    """A copy of it."""
    return landed.copied_to(tmp_path / "untrained")


@pytest.fixture(scope="session")
def as_of() -> dict[str, Any]:
    """Run configuration of a training that knows what the demo knew."""
    moment = {"as_of": "2013-01-28T00:00:00-05:00"}
    return {"ops": {"flight_delay__training_set": {"config": moment}}}


@pytest.fixture(scope="session")
def free_ports(deployment: Deployment) -> tuple[int, int]:
    """Ports for Dagster and for MLflow; links to MLflow name the second one."""
    return free_port(), deployment.mlflow_port
