import pytest
from pydantic import ValidationError

from mlops_platform.spec import BacktestSpec


def test_a_policy_cannot_take_the_name_of_what_is_compared_anyway() -> None:
    with pytest.raises(ValidationError, match=r"'declared'.* are always compared anyway"):
        BacktestSpec.model_validate({"policies": {"declared": {"policy": "never"}}})


def test_the_policies_are_those_of_retraining() -> None:
    spec = BacktestSpec.model_validate({"policies": {"rare": {"policy": "data_growth"}}})
    assert spec.policies["rare"].cooldown_days == 7
    with pytest.raises(ValidationError, match="unknown rule 'dta_growth'"):
        BacktestSpec.model_validate({"policies": {"rare": {"policy": "dta_growth"}}})
