"""The dbt project as Dagster assets: built in-process and published as Parquet."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
from dagster.components import DefsStateConfig
from dagster_dbt import DbtCliResource, DbtProject, DbtProjectComponent

from mlops_platform.components.features.columns import (
    COLUMN_LINEAGE,
    COLUMN_SCHEMA,
    dependencies,
    with_origins,
)
from mlops_platform.components.features.outcomes import check_results, refuse_failures
from mlops_platform.components.landing.landing_asset import LANDING
from mlops_platform.components.waiting import tried_again
from mlops_platform.data.features.builds import Builds, Project, build_job
from mlops_platform.data.features.dbt import (
    DbtProjectFolder,
    NodeOutcome,
    build,
    builds_with,
)
from mlops_platform.data.features.kept_projects import BuiltWith
from mlops_platform.data.features.project.manifest import declaring_file
from mlops_platform.data.features.project.nodes import (
    ancestors,
    landed_behind,
    publication_of,
)
from mlops_platform.data.features.warehouse import (
    build_lock,
    opened_warehouse,
    warehouse_tables,
)
from mlops_platform.data.landing.adoption import adopt_files
from mlops_platform.data.lineage.kept import keep_lineage, kept_lineage, project_lineage
from mlops_platform.data.lineage.project_lineage import ProjectLineage
from mlops_platform.data.lineage.tables import layer_of, table_name
from mlops_platform.files import one_process_at_a_time
from mlops_platform.formats.digits import rounded
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

    domain: Annotated[
        str | None,
        dg.Resolver.default(
            description=(
                "Folder below the dbt project's `models`, `seeds` and `tests` whose nodes are "
                "built together, and apart from all others; the whole project where null."
            ),
            examples=["flights"],
        ),
    ] = None
    prepare_if_dev: bool = False

    @property
    def defs_state_config(self) -> DefsStateConfig:
        """A name of its own for each domain: all of them are made from one dbt project."""
        config = super().defs_state_config
        if self.domain is None:
            return config
        return DefsStateConfig(
            key=f"{config.key}[{self.domain}]",
            management_type=config.management_type,
            refresh_if_dev=config.refresh_if_dev,
        )

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
        layer = layer_of(node)
        placed = spec.replace_attributes(key=dg.AssetKey([layer, node["name"]]), group_name=layer)
        schema, lineage = spec.metadata.get(COLUMN_SCHEMA), self._known_lineage
        if not isinstance(schema, dg.TableSchema) or lineage is None:
            return placed
        # Dagster's page prefers the descriptions of the definition to those of a materialisation.
        described = with_origins(schema, lineage, table_name(node))
        return placed.merge_attributes(metadata={COLUMN_SCHEMA: described})

    @cached_property
    def _known_lineage(self) -> ProjectLineage | None:
        """As the last build has left it: loading the definitions must not wait for dbt."""
        return kept_lineage(self._folder({}))

    def build_defs_from_state(
        self, context: dg.ComponentLoadContext, state_path: Any
    ) -> dg.Definitions:
        """The dbt assets and the job that builds them."""
        _put_dbt_on_the_path()
        if self.domain is not None:
            self.select = self._selection
        built = super().build_defs_from_state(context, state_path)
        (assets,) = built.assets or ()
        assert isinstance(assets, dg.AssetsDefinition)
        job = dg.define_asset_job(
            build_job(self.build_op),
            selection=dg.AssetSelection.assets(*assets.keys),
            description="Builds, tests and publishes features and labels of the landed days.",
        )
        return dg.Definitions.merge(built, dg.Definitions(jobs=[job]))

    @property
    def build_op(self) -> str:
        """Name of the op that builds."""
        return str(self.op.name) if self.op and self.op.name else self.dbt_project.name

    @property
    def _selection(self) -> str:
        """How dbt calls the nodes of the domain."""
        return f"fqn:{self.dbt_project.name}.{self.domain}"

    def asset_keys(self) -> list[dg.AssetKey]:
        """Every asset that a build makes."""
        return [
            self.get_asset_spec(self._validated_manifest, unique_id, self.dbt_project).key
            for unique_id, node in self._nodes.items()
            if node["resource_type"] in ("model", "seed")
        ]

    def landed_tables(self) -> list[str]:
        """Names of the tables of the landing zone that it reads."""
        return [source["name"] for source in self._landed_sources]

    def test_names(self) -> list[str]:
        """Of every dbt test, which is an asset check of that name."""
        return [node["name"] for node in self._nodes.values() if node["resource_type"] == "test"]

    @cached_property
    def _nodes(self) -> Mapping[str, Mapping[str, Any]]:
        """The nodes of the manifest that a build makes or runs, by unique id."""
        nodes = self._validated_manifest["nodes"]
        return {unique_id: node for unique_id, node in nodes.items() if self._is_built(node)}

    def _is_built(self, node: Mapping[str, Any]) -> bool:
        return self.domain is None or node["fqn"][1] == self.domain

    @cached_property
    def _landed_sources(self) -> Sequence[Mapping[str, Any]]:
        """The landed tables of the domain, and those of others that it is made from."""
        sources = self._validated_manifest["sources"]
        read = ancestors(self._validated_manifest, self._nodes)
        return [
            source
            for unique_id, source in sources.items()
            if source["source_name"] == LANDING and (self._is_built(source) or unique_id in read)
        ]

    def published_tables(self) -> dict[str, list[str]]:
        """Columns of every table that this project publishes, from dbt's manifest."""
        return {
            node["name"]: list(node["columns"])
            for node in self._nodes.values()
            if publication_of(node)
        }

    def unpublished_models(self) -> dict[str, str]:
        """Every other model, and the file that declares it."""
        return {
            node["name"]: declaring_file(node)
            for node in self._nodes.values()
            if node["resource_type"] == "model" and not publication_of(node)
        }

    def project_facts(self) -> Project:
        """What its builds are judged by: what it reads, publishes, and how far facts reach."""
        nodes = self._nodes.values()
        published = {node["alias"]: meta for node in nodes if (meta := publication_of(node))}
        reaches = [meta.get("reach_days") for meta in published.values()]
        declared = [reach for reach in reaches if reach is not None]
        return Project(
            sources=tuple(sorted(self.landed_tables())),
            tables=tuple(sorted(published)),
            reach_days=max(declared) if declared and len(declared) == len(reaches) else None,
            lasting=tuple(sorted(self._lasting_tables())),
            behind={
                node["alias"]: tuple(
                    sorted(landed_behind(self._validated_manifest, [node["unique_id"]]))
                )
                for node in nodes
                if publication_of(node)
            },
        )

    def _lasting_tables(self) -> Iterator[str]:
        for source in self._landed_sources:
            meta = source["config"].get("meta", {}) or source.get("meta", {})
            if meta.get("mlops", {}).get("lasting"):
                yield source["name"]

    def _published_keys(self) -> set[dg.AssetKey]:
        return {self.asset_key_for_model(table) for table in self.published_tables()}

    def execute(self, context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        """Build the selected models for the days of this run and publish what changed."""
        place = settings()
        builds = Builds(place.landing, place.published, self.build_op)
        with tried_again(), one_process_at_a_time(build_lock(place.warehouse)):
            now, built_with = datetime.now(UTC), self.builds_with()
            adopt_files(place.landing, now)
            days = self._begin(context, builds, now, built_with)
            outcomes = build(self._folder(days), self._select(context))
            yield from check_results(context, outcomes)
            refuse_failures(outcomes)
            with opened_warehouse(place.warehouse):  # once for all tables
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
        published, built = self._tables_published, warehouse_tables(settings().warehouse)
        # A version without deliveries built some of the tables, or some are new, or somebody has
        # removed the warehouse.
        anew = bool(published & built) if builds.read() is None else not published <= built
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

    def builds_with(self) -> BuiltWith:
        """What a build would run with now."""
        return builds_with(self._folder({}), self._domains)

    @property
    def _domains(self) -> set[str] | None:
        """The domain, and those that it is made from; None of the whole project."""
        if self.domain is None:
            return None
        manifest = self._validated_manifest
        relations = {**manifest["nodes"], **manifest["sources"]}
        return {relations[unique_id]["fqn"][1] for unique_id in ancestors(manifest, self._nodes)}

    @property
    def _tables_published(self) -> set[tuple[str, str]]:
        """Schema and name in the warehouse of every table that is published."""
        published = filter(publication_of, self._nodes.values())
        return {(node["schema"], node["alias"]) for node in published}

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
            is_whole = len(self._nodes) == len(self._validated_manifest["nodes"])
            # With what it reads of other domains.
            return () if is_whole else [f"+{self._selection}"]
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
        lineage = self._lineage(context)
        # dbt's order is topological, as Dagster wants it.
        for outcome in outcomes:
            if outcome.unique_id not in keys:
                continue
            yield dg.MaterializeResult(
                asset_key=keys[outcome.unique_id],
                metadata={
                    **self._publish(outcome.unique_id),
                    "build_seconds": rounded(outcome.seconds),
                    **_columns(context, keys[outcome.unique_id], lineage),
                },
            )

    def _lineage(self, context: dg.AssetExecutionContext) -> ProjectLineage:
        """Kept with the project: the days of a build change the compiled SQL, but not this."""
        folder = self._folder({})
        kept = kept_lineage(folder)
        if kept is not None:
            return kept
        if self._select(context):
            return project_lineage(folder)  # a part of the project is all that was compiled
        return keep_lineage(folder, folder.target)

    def _publish(self, unique_id: str) -> dict[str, Any]:
        from mlops_platform.data.features.published import publish_table

        node = self._validated_manifest["nodes"][unique_id]
        publication = publication_of(node)
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
            **({"foreign_files_deleted": [*published.foreign]} if published.foreign else {}),
        }


def _columns(
    context: dg.AssetExecutionContext, key: dg.AssetKey, lineage: ProjectLineage
) -> dict[str, Any]:
    """Columns with what they are made from; of a seed they are made from nothing."""
    table = "/".join(key.path)
    schema = context.assets_def.metadata_by_key[key].get(COLUMN_SCHEMA)
    fault = lineage.unread.get(table)
    if fault is not None:
        context.log.warning("the columns of %s have no lineage: %s", table, fault)
    has_lineage = fault is None and lineage.parents.get(table)
    return {
        **({COLUMN_SCHEMA: with_origins(schema, lineage, table)} if schema else {}),
        **({COLUMN_LINEAGE: dependencies(lineage, table)} if has_lineage else {}),
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
