"""The dbt project as Dagster assets: built in-process and published as Parquet."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject, DbtProjectComponent

from mlops_platform.components.features.outcomes import check_results, refuse_failures
from mlops_platform.components.landing.landing_asset import LANDING
from mlops_platform.components.waiting import tried_again
from mlops_platform.data.features.builds import Builds, Project
from mlops_platform.data.features.column_lineage import column_lineage
from mlops_platform.data.features.dbt import (
    DbtProjectFolder,
    NodeOutcome,
    ancestors,
    build,
    builds_with,
)
from mlops_platform.data.features.kept_projects import BuiltWith
from mlops_platform.data.features.project.manifest import declaring_file
from mlops_platform.data.features.warehouse import build_lock
from mlops_platform.data.landing.adoption import adopt_files
from mlops_platform.files import one_process_at_a_time
from mlops_platform.settings import settings

UNIQUE_ID = "dagster_dbt/unique_id"


class BuildConfig(dg.Config):
    """Run configuration of one build.

    Without days it builds those of the run's partition, such as a window of a model; in a run
    without one, all that has landed and was not built as it would be now.

    Args:
        start_day: first landing day to build, ISO 8601.
        end_day: last landing day to build.
        full: build all that has landed once more, whatever was built.
    """

    start_day: str | None = None
    end_day: str | None = None
    full: bool = False


@dataclass
class DbtFeaturesComponent(DbtProjectComponent):
    """Builds feature and label tables with dbt on DuckDB and publishes them as Parquet.

    The days that a run's configuration names, or those of its partition, are one incremental build;
    without any it builds what has landed and was not built yet, or was built otherwise. Models
    whose `meta.mlops.publish` is true are published, changed partitions only, and only when every
    error-severity data test passed.

    .. code-block:: yaml

        type: mlops_platform.components.DbtFeaturesComponent
        attributes:
          project: "{{ context.project_root }}/dbt_project"
    """

    prepare_if_dev: bool = False

    @property
    def op_config_schema(self) -> type[dg.Config]:
        """Lets a run name its days."""
        return BuildConfig

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """One key prefix and group per layer; sources are the landing assets."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = self.get_resource_props(manifest, unique_id)
        layer = _layer(node)
        return spec.replace_attributes(key=dg.AssetKey([layer, node["name"]]), group_name=layer)

    def build_defs_from_state(
        self, context: dg.ComponentLoadContext, state_path: Any
    ) -> dg.Definitions:
        """The dbt assets and the job that builds them."""
        _put_dbt_on_the_path()
        built = super().build_defs_from_state(context, state_path)
        (assets,) = built.assets or ()
        assert isinstance(assets, dg.AssetsDefinition)
        job = dg.define_asset_job(
            "build_features",
            selection=dg.AssetSelection.assets(*assets.keys),
            description="Builds, tests and publishes features and labels of the landed days.",
        )
        return dg.Definitions.merge(built, dg.Definitions(jobs=[job]))

    @property
    def build_op(self) -> str:
        """Name of the op that builds."""
        return str(self.op.name) if self.op and self.op.name else self.dbt_project.name

    def asset_keys(self) -> list[dg.AssetKey]:
        """Every asset that a build makes."""
        return [
            self.get_asset_spec(self._validated_manifest, unique_id, self.dbt_project).key
            for unique_id, node in self._validated_manifest["nodes"].items()
            if node["resource_type"] in ("model", "seed")
        ]

    def landed_tables(self) -> list[str]:
        """Names of the tables of the landing zone that it reads."""
        sources = self._validated_manifest["sources"].values()
        return [source["name"] for source in sources if source["source_name"] == LANDING]

    def test_names(self) -> list[str]:
        """Of every dbt test, which is an asset check of that name."""
        nodes = self._validated_manifest["nodes"].values()
        return [node["name"] for node in nodes if node["resource_type"] == "test"]

    def published_tables(self) -> dict[str, list[str]]:
        """Columns of every table that this project publishes, from dbt's manifest."""
        return {
            node["name"]: list(node["columns"])
            for node in self._validated_manifest["nodes"].values()
            if _publication(node)
        }

    def unpublished_models(self) -> dict[str, str]:
        """Every other model, and the file that declares it."""
        return {
            node["name"]: declaring_file(node)
            for node in self._validated_manifest["nodes"].values()
            if node["resource_type"] == "model" and not _publication(node)
        }

    def project_facts(self) -> Project:
        """What its builds are judged by: what it reads, publishes, and how far facts reach."""
        nodes = self._validated_manifest["nodes"].values()
        published = {node["alias"]: meta for node in nodes if (meta := _publication(node))}
        reaches = [meta.get("reach_days") for meta in published.values()]
        declared = [reach for reach in reaches if reach is not None]
        return Project(
            sources=tuple(sorted(self.landed_tables())),
            tables=tuple(sorted(published)),
            reach_days=max(declared) if declared and len(declared) == len(reaches) else None,
            lasting=tuple(sorted(self._lasting_tables())),
            behind={
                node["alias"]: tuple(sorted(self._landed_behind(node)))
                for node in nodes
                if _publication(node)
            },
        )

    def _landed_behind(self, node: Mapping[str, Any]) -> set[str]:
        """Landed tables that a node of the manifest is made from."""
        sources = self._validated_manifest["sources"]
        return {
            sources[unique_id]["name"]
            for unique_id in ancestors(self._validated_manifest, [node["unique_id"]])
            if unique_id in sources and sources[unique_id]["source_name"] == LANDING
        }

    def _lasting_tables(self) -> Iterator[str]:
        for source in self._validated_manifest["sources"].values():
            meta = source["config"].get("meta", {}) or source.get("meta", {})
            if source["source_name"] == LANDING and meta.get("mlops", {}).get("lasting"):
                yield source["name"]

    def _published_keys(self) -> set[dg.AssetKey]:
        return {self.asset_key_for_model(table) for table in self.published_tables()}

    def execute(self, context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        """Build the selected models for the days of this run and publish what changed."""
        place = settings()
        builds = Builds(place.landing, place.published)
        with tried_again(), one_process_at_a_time(build_lock(place.warehouse)):
            now, built_with = datetime.now(UTC), builds_with(self._folder({}))
            adopt_files(place.landing, now)
            days = self._begin(context, builds, now, built_with)
            outcomes = build(self._folder(days), self._select(context))
            yield from check_results(context, outcomes)
            refuse_failures(outcomes)
            yield from self._materializations(context, outcomes)
            # Where only some tables were published, the days of the others are still stale.
            if self._published_keys() <= context.selected_asset_keys:
                builds.end(built_with)

    def _begin(
        self,
        context: dg.AssetExecutionContext,
        builds: Builds,
        now: datetime,
        built_with: BuiltWith,
    ) -> dict[str, str]:
        """The days of this run; none named where they are all."""
        asked = _asked_days(context)
        # A version without deliveries built the warehouse, or somebody has removed it.
        anew = settings().warehouse.is_file() == (builds.read() is None)
        if not asked and not anew and not _config(context).get("full"):
            asked = builds.outstanding(now, built_with)
            if asked:
                context.log.info(
                    "The other days were built as they would be now, and stay: `full: true` in the "
                    "run's configuration builds them, too. Days: %s",
                    asked,
                )
        days = builds.begin(self.project_facts(), now, asked, anew=anew)
        if days != asked:
            context.log.info(
                "More days than were asked for are built: the warehouse is new, or the builds "
                "before this one were not published. Days: %s",
                days or "all",
            )
        return days

    def _folder(self, days: Mapping[str, str]) -> DbtProjectFolder:
        return DbtProjectFolder(
            folder=self.dbt_project.project_dir,
            warehouse=settings().warehouse,
            lake=settings().lake,
            target=settings().dbt_target,
            variables=days,
        )

    def _select(self, context: dg.AssetExecutionContext) -> Sequence[str]:
        if context.selected_asset_keys == context.assets_def.keys:
            return ()
        return [
            # Intermediate tables hold the last build's days only: build them for these days first.
            "+" + context.assets_def.metadata_by_key[key][UNIQUE_ID].split(".")[-1]
            for key in context.selected_asset_keys
        ]

    def _materializations(
        self, context: dg.AssetExecutionContext, outcomes: Sequence[NodeOutcome]
    ) -> Iterator[dg.MaterializeResult[None]]:
        keys = {
            context.assets_def.metadata_by_key[key][UNIQUE_ID]: key
            for key in context.selected_asset_keys
        }
        # dbt's order is topological, as Dagster wants it.
        for outcome in outcomes:
            if outcome.unique_id not in keys:
                continue
            yield dg.MaterializeResult(
                asset_key=keys[outcome.unique_id],
                metadata={
                    "build_seconds": outcome.seconds,
                    **self._lineage(outcome.unique_id),
                    **self._publish(outcome.unique_id),
                },
            )

    def _lineage(self, unique_id: str) -> dict[str, dg.TableColumnLineage]:
        lineage = self._column_lineage.get(unique_id)  # a seed is made from nothing
        return {"dagster/column_lineage": lineage} if lineage else {}

    @cached_property
    def _column_lineage(self) -> Mapping[str, dg.TableColumnLineage]:
        """Lineage by unique id: the days of a build change the compiled SQL, but not this."""
        manifest = self._validated_manifest
        asset_keys = {
            unique_id: self.get_asset_spec(manifest, unique_id, self.dbt_project).key
            for unique_id in (*manifest["nodes"], *manifest["sources"])
        }
        return {
            unique_id: dg.TableColumnLineage(
                {
                    column: [
                        dg.TableColumnDep(asset_key=asset_keys[parent], column_name=name)
                        for parent, name in made_from
                    ]
                    for column, made_from in columns.items()
                }
            )
            for unique_id, columns in column_lineage(
                manifest, settings().dbt_target / "compiled"
            ).items()
        }

    def _publish(self, unique_id: str) -> dict[str, Any]:
        from mlops_platform.data.features.published import publish_table

        node = self._validated_manifest["nodes"][unique_id]
        publication = _publication(node)
        if not publication:
            return {}
        published = publish_table(
            settings().warehouse,
            node["alias"],
            publication["partition_by"],
            settings().published,
            order_by=publication["order_by"],
            schema=node["schema"],
        )
        return {
            "dagster/row_count": published.rows,
            "partitions_written": len(published.changed),
            "partitions_unchanged": published.unchanged,
            "content_digest": published.digest,
        }


def _config(context: dg.AssetExecutionContext) -> Mapping[str, Any]:
    config: Mapping[str, Any] = context.op_execution_context.op_config
    return config


def _asked_days(context: dg.AssetExecutionContext) -> dict[str, str]:
    """Days that the run's configuration names, else those of its partition; none of a full build.

    Who materialises a window, and the tables with it, wants its days and no others.
    """
    config = _config(context)
    named = {name: config[name] for name in ("start_day", "end_day") if config.get(name)}
    has_partition = context.has_partition_key or context.has_partition_key_range
    if named or config.get("full") or not has_partition:
        return named
    window = context.partition_time_window
    last = window.end - timedelta(microseconds=1)
    days = {"start_day": str(window.start.date()), "end_day": str(last.date())}
    context.log.info("The days of this run's partition are built: %s", days)
    return days


def _put_dbt_on_the_path() -> None:
    """dagster-dbt looks for `dbt` on the PATH, which a venv that is not activated is not on."""
    scripts = str(Path(sys.executable).parent)
    if scripts not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([scripts, os.environ["PATH"]])


def _publication(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """How a dbt node is published, empty where it is not."""
    meta: Mapping[str, Any] = node["config"].get("meta", {}).get("mlops", {})
    return meta if meta.get("publish") else {}


def _layer(node: Mapping[str, Any]) -> str:
    """Landing for sources, features for what is published, else the folder that a model is in."""
    if node["resource_type"] == "source":
        return str(node["source_name"])
    if node["resource_type"] == "seed":
        return "seeds"
    return "features" if _publication(node) else str(node["fqn"][-2])
