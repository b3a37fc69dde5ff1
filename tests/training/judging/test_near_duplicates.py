from datetime import UTC, date, datetime

import pandas as pd
import pytest

from mlops_platform.spec import GateSpec
from mlops_platform.training.card.building import build_card
from mlops_platform.training.card.record import DataFacts, VersionFacts
from mlops_platform.training.card.text import card_markdown
from mlops_platform.training.judging.comparison import PairedLosses
from mlops_platform.training.judging.criteria import NEW_TEXTS, all_criteria, criteria_of
from mlops_platform.training.judging.gate import apply_gate
from mlops_platform.training.judging.near_duplicates import (
    NearDuplicates,
    Part,
    near_duplicate_table,
    near_duplicates_of,
)
from mlops_platform.training.split import Split, describe

SEEN = ["dear friend send me one million dollars", "the meeting of tuesday is on wednesday now"]
FOUND = NearDuplicates(
    repeated=Part(rows=1, loss=0.1, baseline_loss=0.7),
    new=Part(rows=3, loss=0.5, baseline_loss=0.6),
)


@pytest.fixture
def with_text(spec):
    features = spec.features.model_copy(update={"text": ("remark",)})
    return spec.model_copy(update={"features": features})


def part(*texts):
    return pd.DataFrame({"remark": texts}, dtype="object")


def losses_of(baseline, own, weights=None):
    series = (pd.Series(values, dtype="float64").to_numpy() for values in (baseline, own))
    counted = None if weights is None else pd.Series(weights, dtype="float64").to_numpy()
    return PairedLosses(*series, pd.Series(range(len(own))).to_numpy(), counted)


def test_losses_are_told_apart_for_texts_that_were_nearly_seen(with_text):
    split = Split(part(SEEN[0]), part(SEEN[1]), part(*SEEN, "what nobody has written before"))

    found = near_duplicates_of(
        with_text, split, losses_of([0.7, 0.7, 0.9], [0.1, 0.3, 0.8], [1, 3, 2])
    )

    assert found.share == pytest.approx(2 / 3)
    assert found.repeated.loss == pytest.approx((0.1 + 3 * 0.3) / 4)
    assert (found.repeated.rows, found.new.rows, found.new.loss) == (2, 1, 0.8)
    assert (found.repeated.baseline_loss, found.new.baseline_loss) == pytest.approx((0.7, 0.9))


def test_a_part_without_rows_has_no_loss(with_text):
    split = Split(part(*SEEN), part(), part("what nobody has written before"))

    found = near_duplicates_of(with_text, split, losses_of([0.7], [0.1]))

    assert found.repeated == Part(rows=0, loss=None, baseline_loss=None)
    table = near_duplicate_table(found, "base rate")
    assert table.rows == (("nearly seen in training", 0, "-", "-"), ("others", 1, 0.1, 0.7))


def criterion(spec, evaluation, **gate):
    judging = spec.model_copy(update={"gate": GateSpec(**gate)})
    criteria = all_criteria(judging, evaluation, None, round_trip=True, serving_fault=None)
    return next(found for found in criteria if found.name == NEW_TEXTS)


def test_a_model_without_texts_has_no_such_criterion(spec, with_text):
    assert NEW_TEXTS not in criteria_of(spec)
    assert NEW_TEXTS in criteria_of(with_text)


def test_many_are_told_and_refuse_nothing_by_themselves(with_text, evaluation):
    found = criterion(with_text, evaluation.model_copy(update={"near_duplicates": FOUND}))

    assert (found.passed, found.binding, found.value, found.threshold) == (False, False, 0.25, 0.05)
    assert found.description == (
        "25.0% of the test rows have texts that are nearly those of rows that it was fitted or "
        "finished on (log loss 0.1000; on the others 0.5000); told from 5% on, "
        "the verdict does not depend on it"
    )


def test_many_refuse_where_the_yaml_says_so(with_text, evaluation):
    evaluated = evaluation.model_copy(update={"near_duplicates": FOUND})

    refused = criterion(with_text, evaluated, near_duplicates_refuse=True)
    assert (refused.passed, refused.binding) == (False, True)
    assert refused.description.endswith("; at most 5% are allowed")
    allowed = criterion(with_text, evaluated, near_duplicates_refuse=True, max_near_duplicates=0.3)
    assert (allowed.passed, allowed.binding) == (True, True)


def test_what_was_not_looked_for_is_told_as_that(with_text, evaluation):
    of_before = criterion(with_text, evaluation)
    assert of_before.description.startswith("its evaluation did not look for them;")
    evaluated = evaluation.model_copy(update={"near_duplicates": FOUND})
    silent = criterion(with_text, evaluated, max_near_duplicates=None)
    assert (silent.passed, silent.binding) == (True, False)
    assert silent.description.startswith("no level is declared;")


def test_the_card_shows_both_parts(spec, split, recipe, evaluation):
    verdict = apply_gate(spec, evaluation, None, round_trip=True, serving_fault=None)
    day, moment = date(2013, 2, 17), datetime(2013, 3, 1, tzinfo=UTC)
    facts = DataFacts(
        hash="c0ffee",
        rows=1920,
        targets_text="42.0 % positive",
        first_day=day,
        last_day=day,
        tables=("tiny_features",),
        as_of=moment,
        parts=describe(split, spec),
    )
    version = VersionFacts(version="7", created_at=moment)
    told = evaluation.model_copy(update={"near_duplicates": FOUND})

    with_them, without = (
        card_markdown(build_card(spec, facts, recipe, shown, verdict, version))
        for shown in (told, evaluation)
    )
    assert evaluation.near_duplicates is None  # a model without texts
    assert "### Near-duplicate texts across the split" in with_them
    assert "| nearly seen in training | 1 | 0.1000 | 0.7000 |" in with_them
    assert "Near-duplicate" not in without
