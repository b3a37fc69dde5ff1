"""The models of this deployment, by the plain reader or by Dagster's loader."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from mlops_platform.components import models
from mlops_platform.components.models import (
    DEFS,
    declared_models,
    declared_spec,
    declared_specs,
)
from mlops_platform.errors import SpecError
from mlops_platform.settings import PROJECT_ROOT, Settings
from mlops_platform.spec.declarations import plainly_declared_specs


def test_the_deployed_models_are_read_plainly_and_alike() -> None:
    assert dg.ComponentTree.for_project(PROJECT_ROOT).defs_module_path == DEFS
    plain = plainly_declared_specs(DEFS)
    assert plain
    assert declared_specs() == plain
    assert [spec.model_dump() for spec in plain] == [m.spec.model_dump() for m in declared_models()]


def test_dagster_reads_what_the_plain_reader_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models.py").write_text("may declare models")
    monkeypatch.setattr(models, "DEFS", tmp_path)
    assert [spec.name for spec in declared_specs()] == [m.spec.name for m in declared_models()]


def test_a_model_that_nobody_declares_is_refused_with_those_that_are() -> None:
    with pytest.raises(SpecError, match=r"'churn'.*arrival_delay, .*flight_delay"):
        declared_spec("churn")


def test_what_reads_the_models_only_warns_of_nothing(home: Settings) -> None:
    asked = "from mlops_platform.components.models import models_made_from as made; made('weather')"
    told = subprocess.run(
        [sys.executable, "-c", asked],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert told.stderr == ""
