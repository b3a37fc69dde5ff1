"""ModelLifecycleComponent: one YAML file becomes the whole governed lifecycle of one model."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
from pydantic import BaseModel, model_validator

from mlops_platform.components.features.component import DbtFeaturesComponent
from mlops_platform.components.model_lifecycle.lifecycle import alerting_names, build_lifecycle
from mlops_platform.components.model_lifecycle.lifecycle_model import FeatureStore, LifecycleModel
from mlops_platform.components.model_lifecycle.location import YamlLocation
from mlops_platform.components.model_lifecycle.scaffolder import ModelLifecycleScaffolder
from mlops_platform.spec import ModelSpec, inconsistencies, missing_columns, unknown_checks
from mlops_platform.spec.yaml_templates import render_templates, with_templates


class ModelSpecYaml(ModelSpec):
    """A ModelSpec whose YAML may read the environment through `{{ env.NAME }}`."""

    @model_validator(mode="before")
    @classmethod
    def _render_templates(cls, attributes: Any) -> Any:
        return render_templates(attributes)

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The schema by which `dg check yaml` and editors judge a file, templates included."""
        schema: dict[str, Any] = with_templates(super().model_json_schema(*args, **kwargs))
        return schema


@dg.scaffold_with(ModelLifecycleScaffolder)
class ModelLifecycleComponent(dg.Component):
    """Everything from the training set to the champion, its windows and its retraining.

    .. code-block:: yaml

        type: mlops_platform.components.ModelLifecycleComponent
        attributes:
          name: flight_delay
          description: Will this flight arrive more than 15 minutes late?
          owners: ["team:flight-operations"]
          features: {table: flight_features, entity: flight_id, numeric: [...], categorical: [...],
                     boolean: [...], text: [...]}
          label: {table: flight_labels, column: is_late}
          window: {cadence: weekly, start: "2013-04-01", timezone: America/New_York}
          training: {candidates: [...]}
          card: {intended_use: ..., out_of_scope: ...}
    """

    def __init__(self, spec: ModelSpec, location: YamlLocation) -> None:
        self.spec = spec
        self.location = location

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The schema of the YAML's attributes."""
        return ModelSpecYaml

    @classmethod
    def load(
        cls, attributes: BaseModel | None, context: dg.ComponentLoadContext
    ) -> "ModelLifecycleComponent":
        """Refuse what single sections cannot see, at its line, before anything is built."""
        assert isinstance(attributes, ModelSpec)
        location = YamlLocation.of(context)
        location.refuse(inconsistencies(attributes))
        return cls(attributes, location)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Assets and checks of the model, on top of the feature tables that dbt declares."""
        stores = feature_components(context.component_tree)
        tables = {
            name: columns for store in stores for name, columns in store.published_tables().items()
        }
        others = {name: file for s in stores for name, file in s.unpublished_models().items()}
        self.location.refuse(missing_columns(self.spec, tables, others))
        built = build_lifecycle(self.lifecycle_model(stores))
        if self.spec.alerting.severities.checks:  # loading many models must not pay for it
            tests = [name for store in stores for name in store.test_names()]
            self.location.refuse(unknown_checks(self.spec, [*alerting_names(built), *tests]))
        return built

    def lifecycle_model(self, stores: Sequence[DbtFeaturesComponent]) -> LifecycleModel:
        """The model with the store of its features, which publishes its labels as well."""
        store = next(s for s in stores if self.spec.features.table in s.published_tables())
        tables = {
            name: owner.asset_key_for_model(name)
            for owner in stores
            for name in owner.published_tables()
        }
        return LifecycleModel(
            self.spec,
            FeatureStore(
                tables=tables,
                assets=store.asset_keys(),
                build_op=store.build_op,
                sources=store.landed_tables(),
                builds_with=store.builds_with,
            ),
            self.location,
        )


_latest: list[tuple[dg.ComponentTree, list[DbtFeaturesComponent]]] = []


def feature_components(tree: dg.ComponentTree) -> list[DbtFeaturesComponent]:
    """Everything that publishes feature tables.

    Every model of a tree asks, and each answer of Dagster's walks all of it: the latest is kept.
    """
    if not _latest or _latest[0][0] is not tree:
        _latest[:] = [(tree, tree.get_all_components(of_type=DbtFeaturesComponent))]
    return _latest[0][1]


def lifecycle_models(tree: dg.ComponentTree) -> list[LifecycleModel]:
    """Every model that is declared, with the store of its features."""
    stores = feature_components(tree)
    components = tree.get_all_components(of_type=ModelLifecycleComponent)
    return [component.lifecycle_model(stores) for component in components]
