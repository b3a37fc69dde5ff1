"""Flags of dbt come from where dbt itself finds them."""

import importlib.util
from types import ModuleType

from dbt_common import behavior_flags

from mlops_platform.data.features.project.behavior_flags import name_flags_by_two_frames


def source_of_a_flag(module: ModuleType) -> str:
    rendered = module.BehaviorFlagRendered({"name": "new", "default": True, "docs_url": "-"}, {})
    return rendered._behavior_change_event.flag_source


def as_dbt_has_it() -> ModuleType:
    spec = importlib.util.find_spec(behavior_flags.__name__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_flag_comes_from_where_dbt_finds_it() -> None:
    name_flags_by_two_frames()
    assert source_of_a_flag(behavior_flags) == source_of_a_flag(as_dbt_has_it()) == __name__
