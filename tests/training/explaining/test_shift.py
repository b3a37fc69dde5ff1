"""What has moved of the importance, and what only wandered between columns that say the same."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from mlops_platform.training.explaining.importance import permutation_importances
from mlops_platform.training.explaining.shift import importance_shift, shift_from

importance = st.floats(-0.1, 10)
importances = st.dictionaries(st.sampled_from("abcdef").map(lambda name: (name,)), importance)


@given(importances, importances)
def test_properties(champion: Any, candidate: Any) -> None:
    shift = importance_shift(3, champion, candidate)
    if max(champion.values(), default=0.0) <= 0 or max(candidate.values(), default=0.0) <= 0:
        assert shift is None
        return
    back = importance_shift(3, candidate, champion)
    assert shift is not None
    assert back is not None
    assert 0 <= shift.share <= 1
    assert back.share == pytest.approx(shift.share)
    same = importance_shift(3, champion, {part: 2 * value for part, value in champion.items()})
    assert same is not None
    assert same.share == pytest.approx(0.0, abs=1e-12)
    common = [part for part in candidate if part in champion]
    if shift.rank_correlation is not None:
        expected = spearmanr([champion[p] for p in common], [candidate[p] for p in common])
        assert shift.rank_correlation == pytest.approx(expected.statistic)
    differences = [abs(part.candidate - part.champion) for part in shift.moved]
    assert differences == sorted(differences, reverse=True)


def test_another_feature_has_all_of_it() -> None:
    shift = importance_shift(1, {("a",): 0.5}, {("b",): 0.1, ("a",): 0.0})
    assert shift is not None
    assert shift.share == 1.0
    assert shift.rank_correlation is None
    assert [(part.features, part.champion, part.candidate) for part in shift.moved] == [
        (("b",), 0.0, 1.0),
        (("a",), 1.0, 0.0),
    ]


def shift_of(explained: Any, champion: Any) -> Any:
    spec, _, rows, predictions, _ = explained
    found = permutation_importances(*explained)
    return shift_from(spec, champion.candidate, 4, rows, predictions, found)


def test_the_same_model_has_not_moved(tiny: Any) -> None:
    shift = shift_of(tiny, tiny)
    assert (shift.version, shift.share, shift.moved) == (4, 0.0, ())
    assert shift.rank_correlation == pytest.approx(1.0)


def test_a_model_that_leans_on_another_column_has_moved(tiny: Any, rows: Any, explain: Any) -> None:
    blind = explain(rows.assign(signal=0.0))
    shift = shift_of(tiny, blind)
    assert shift.share > 0.5
    assert shift.moved[0].features == ("signal",)
    assert shift.moved[0].candidate > 0.5
    assert shift.moved[0].champion == pytest.approx(0.0, abs=1e-9)


def test_what_wanders_between_columns_that_say_the_same_has_not_moved(
    rows: Any, explain: Any
) -> None:
    def twice(plain: dict[str, Any]) -> None:
        plain["features"]["numeric"] = ["signal", "noise", "echo"]

    noise = 1e-6 * np.random.default_rng(0).normal(size=len(rows))
    both = rows.assign(echo=rows["signal"] + noise)
    test = set(both["local_date"].sort_values().unique()[-16:])
    shuffled = rows["signal"].sample(frac=1.0, random_state=1).to_numpy()
    is_test = both["local_date"].isin(test)
    by_echo = explain(both.assign(signal=both["signal"].where(is_test, shuffled)), twice)
    by_signal = explain(both.assign(echo=both["echo"].where(is_test, shuffled)), twice)
    shift = shift_of(by_signal._replace(fitted=both), by_echo)
    assert shift.share < 0.2


def test_a_feature_that_the_champion_lacks_is_new(tiny: Any, rows: Any, explain: Any) -> None:
    def fewer(plain: dict[str, Any]) -> None:
        plain["features"]["numeric"] = ["noise"]

    shift = shift_of(tiny, explain(rows, fewer))
    assert shift.moved[0].features == ("signal",)
    assert shift.moved[0].champion == 0.0
    back = shift_of(explain(rows, fewer), tiny)
    assert back.moved[0].candidate == 0.0
