"""Tables that no threshold was chosen by: what is reported is of these.

All are shipped by packages that are installed anyway. Two have a time of their own. Columns that
repeat another one in another coding, or were made of the outcome, are left out: these tables are to
be clean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.onboarding.faults.clean_table import CleanTable, data_file, with_time

MOST_ROWS: Final = 6_000


def held_out_tables() -> Iterator[CleanTable]:
    """All of them."""
    for make in TABLES:
        yield make()


def _classes(name: str, source: str, frame: pd.DataFrame, label: str, drifting: str) -> CleanTable:
    return CleanTable(
        name, source, with_time(frame, drifting, 7), label, label, "binary_classification"
    )


def _numbers(name: str, source: str, frame: pd.DataFrame, label: str, drifting: str) -> CleanTable:
    return CleanTable(name, source, with_time(frame, drifting, 7), label, label, "regression")


def _breast_cancer() -> CleanTable:
    from sklearn.datasets import load_breast_cancer

    frame = load_breast_cancer(as_frame=True).frame
    frame["malignant"] = frame.pop("target") == 0
    return _classes("breast_cancer", "scikit-learn", frame, "malignant", "mean texture")


def _diabetes() -> CleanTable:
    from sklearn.datasets import load_diabetes

    frame = load_diabetes(as_frame=True, scaled=False).frame
    return _numbers("diabetes", "scikit-learn", frame, "target", "bp")


def _wine() -> CleanTable:
    from sklearn.datasets import load_wine

    frame = load_wine(as_frame=True).frame
    frame["is_first"] = frame.pop("target") == 0
    return _classes("wine", "scikit-learn", frame, "is_first", "ash")


def _fair() -> CleanTable:
    frame = pd.read_csv(data_file("statsmodels", "datasets", "fair", "fair.csv"))
    frame["had_affair"] = frame.pop("affairs") > 0
    return _classes("fair", "statsmodels", frame.head(MOST_ROWS), "had_affair", "age")


def _randhie() -> CleanTable:
    frame = pd.read_csv(data_file("statsmodels", "datasets", "randhie", "randhie.csv"))
    return _numbers(
        "randhie", "statsmodels", frame.sample(MOST_ROWS, random_state=7), "mdvis", "disea"
    )


def _anes96() -> CleanTable:
    file = data_file("statsmodels", "datasets", "anes96", "anes96.csv")
    frame = pd.read_csv(file, sep="\t", quotechar="'")
    frame["vote"] = frame["vote"] == 1
    return _classes("anes96", "statsmodels", frame, "vote", "age")


def _modechoice() -> CleanTable:
    frame = pd.read_csv(
        data_file("statsmodels", "datasets", "modechoice", "modechoice.csv"), sep=";"
    )
    frame["choice"] = frame["choice"] == 1
    return _classes("modechoice", "statsmodels", frame.drop(columns="individual"), "choice", "hinc")


def _births() -> CleanTable:
    folder = ("treatment", "tests", "results")
    frame = pd.read_csv(data_file("statsmodels", *folder, "cataneo2.csv"))
    twins = ["lbweight", "prenatal1", "mbsmoke_", "mmarried_", "fbaby_", "prenatal1_", "mage2"]
    return _numbers(
        "births", "statsmodels (cataneo2)", frame.drop(columns=twins), "bweight", "mage"
    )


def _approval() -> CleanTable:
    frame = pd.read_csv(data_file("river", "datasets", "trump_approval.csv.gz"))
    days = frame.pop("ordinal_date").to_numpy()
    frame["day"] = pd.Timestamp("0001-01-01").as_unit("s") + np.array(days - 1, "timedelta64[D]")
    label = "five_thirty_eight"
    return CleanTable("approval", "river", frame, label, label, "regression", "day")


def _occupancy() -> CleanTable:
    frame = pd.read_csv(data_file("river", "drift", "datasets", "occupancy.csv"))
    frame["crowded"] = frame.pop("V4") > 600
    return CleanTable(
        "occupancy", "river", frame, "crowded", "crowded", "binary_classification", "time"
    )


def _segment() -> CleanTable:
    frame = pd.read_csv(data_file("river", "datasets", "segment.csv.zip"))
    frame["is_foliage"] = frame.pop("category") == "foliage"
    return _classes("segment", "river", frame, "is_foliage", "hue-mean")


def _pigs() -> CleanTable:
    folder = ("regression", "tests", "results")
    frame = pd.read_csv(data_file("statsmodels", *folder, "dietox.csv"))
    return _numbers("pigs", "statsmodels (dietox)", frame, "Weight", "Litter")


TABLES: Final[tuple[Callable[[], CleanTable], ...]] = (
    *(_breast_cancer, _diabetes, _wine, _fair, _randhie, _anes96, _modechoice, _births),
    *(_approval, _occupancy, _segment, _pigs),
)
