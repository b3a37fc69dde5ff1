"""What the environment may say about connections."""

import pytest

from mlops_platform.errors import ServingError
from mlops_platform.serving.border.limits import BorderLimits, read_limits


def test_an_empty_environment_has_limits() -> None:
    assert read_limits({}) == BorderLimits(64 * 1024, 10.0, 1000, ())


def test_every_limit_can_be_set() -> None:
    limits = read_limits(
        {
            "MLOPS_SERVING_HEAD_KILOBYTES": "16",
            "MLOPS_SERVING_HEAD_SECONDS": "2.5",
            "MLOPS_SERVING_MAX_CONNECTIONS": "200",
            "MLOPS_SERVING_HOSTS": "Models.example.org, models",
        }
    )
    assert limits == BorderLimits(16 * 1024, 2.5, 200, ("models.example.org", "models"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEAD_KILOBYTES", "64k"),
        ("HEAD_KILOBYTES", "0"),
        ("HEAD_SECONDS", "0"),
        ("HEAD_SECONDS", "nan"),
        ("HEAD_SECONDS", "inf"),
        ("MAX_CONNECTIONS", "-1"),
    ],
)
def test_a_limit_that_is_none_is_refused(name: str, value: str) -> None:
    with pytest.raises(ServingError, match=f"MLOPS_SERVING_{name}: '{value}'.*Give a number from"):
        read_limits({f"MLOPS_SERVING_{name}": value})
