"""A scaffolded model is complete but for the names of its tables and columns."""

from mlops_platform.components.model_lifecycle.scaffolder import starting_point
from mlops_platform.spec import ModelSpec, inconsistencies, missing_columns
from mlops_platform.training.check import check_candidates

TABLES = {
    "your_features": ["your_entity_id", "event_time", "local_date", "a_number", "a_category"],
    "your_labels": ["your_entity_id", "your_label", "known_at"],
}


def test_a_scaffolded_model_lacks_nothing_but_its_own_names() -> None:
    spec = ModelSpec.model_validate(starting_point("churn"))

    assert spec.name == "churn"
    assert list(inconsistencies(spec)) == []
    assert list(missing_columns(spec, TABLES)) == []
    assert [error.field for error in missing_columns(spec, {})] == ["features.table", "label.table"]


def test_every_candidate_of_a_scaffolded_model_fits_and_predicts() -> None:
    assert check_candidates(ModelSpec.model_validate(starting_point("churn"))) == []
