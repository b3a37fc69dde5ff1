"""`mlops demo`: what it leaves, and that it survives being killed."""

import json
from contextlib import suppress

import dagster as dg
import psutil
import pytest

from mlops_platform.training.judging.criteria import CRITERIA
from tests.e2e.interrupting import interrupt_demo_in

pytestmark = pytest.mark.slow


def test_the_first_champion_is_released_documented_and_packaged(deployment) -> None:
    summary = json.loads((deployment.settings.demo / "summary.json").read_text())
    assert summary["verdict"] == "promote"
    assert summary["training_set"]["last_day"] == "2013-01-27"
    assert len(summary["candidates"]) == 2
    assert [criterion["name"] for criterion in summary["gate"]] == list(CRITERIA)
    assert {"land", "build features"} < summary["seconds"].keys()

    release = deployment.ledger.current_release("flight_delay")
    assert (release.version, release.sequence) == (summary["version"], summary["release"]) == (1, 1)
    assert release.bento_tag == summary["bento_tag"]
    assert deployment.ledger.verify_chain("flight_delay") is None
    assert deployment.registry.alias_version("flight_delay", "champion") == 1
    cards = deployment.settings.model_home("flight_delay") / "cards" / "v1"
    assert {file.suffix for file in cards.iterdir()} == {".md", ".html", ".json"}


def test_every_check_of_the_first_release_passes(deployment) -> None:
    with deployment.instance() as instance:
        run = instance.get_runs(dg.RunsFilter(tags={"mlops/stage": "train"}))[-1]
    checks = deployment.checks(run)
    assert {"gate_computed", "alias_and_pointer_follow_the_ledger"} < checks.keys()
    assert checks["serves_golden_rows_exactly"]
    assert [name for name, passed in checks.items() if not passed] == []


def test_a_demo_that_is_killed_interrupted_and_killed_goes_on_where_it_was(untrained) -> None:
    untrained.kill_demo_in("flight_delay__candidate", "--windows", "0")
    assert untrained.ledger.current_release("flight_delay") is None
    interrupt_demo_in(untrained, "flight_delay__bento", "--windows", "0")
    released = untrained.ledger.current_release("flight_delay")
    assert released is not None
    assert released.bento_tag is None
    servers: list[psutil.Process] = []

    def asks_for_golden_rows(demo: psutil.Process) -> bool:
        with suppress(psutil.Error):
            servers[:] = [one for one in demo.children(recursive=True) if "serve" in one.cmdline()]
        return bool(servers)

    untrained.kill_demo_in("flight_delay__bento", "--windows", "0", when=asks_for_golden_rows)
    assert untrained.ledger.current_release("flight_delay").bento_tag is not None
    assert psutil.wait_procs(servers, timeout=60)[1] == []
    assert "never asked for its golden rows" in untrained.mlops("doctor", "--heal", succeeds=False)

    shown = untrained.demo("--windows", "0")

    assert shown.count("done before") == 2  # landing and features
    finished = untrained.ledger.current_release("flight_delay")
    assert finished.bento_tag is not None
    assert (finished.version, finished.sequence) == (released.version, released.sequence)
    with untrained.instance() as instance:
        trained = instance.get_runs(dg.RunsFilter(tags={"mlops/stage": "train"}))
    assert [run.status.value for run in trained] == ["SUCCESS", *["FAILURE"] * 3]
    # The killed training is known to MLflow as well, and nothing of it was registered.
    assert len(untrained.registry.versions("flight_delay")) == 1
