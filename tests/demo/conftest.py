"""The flights, converted once."""

import pytest

from mlops_platform.demo.nycflights import NycFlights


@pytest.fixture(scope="session")
def nyc(tmp_path_factory: pytest.TempPathFactory) -> NycFlights:
    return NycFlights(tmp_path_factory.mktemp("nycflights"))
