"""A categorical column of very many values is silent while nothing changes, and only then."""

import pytest

from benchmarks.monitoring.many_categories import CHANGES, POPULATIONS, judge_weeks
from tests.documents.cases import Case, refuse_undocumented

ZIPF, UNIFORM, _, _, FEW, _ = POPULATIONS
CALM = {
    ZIPF: Case(
        "200,000 values, few of them frequent, and nothing has changed",
        "an alarm in every window",
        "an alarm in 5 % of the windows at most",
        "",
    ),
    UNIFORM: Case(
        "200,000 values as frequent as each other, and nothing has changed",
        "an alarm in every window",
        "an alarm in 5 % of the windows at most",
        "",
    ),
    FEW: Case(
        "3,000 values as frequent as each other, few rows of each, and nothing has changed",
        "an alarm in three windows of ten",
        "an alarm in 5 % of the windows at most",
        "",
    ),
}
FOUND = {
    (ZIPF, "20 % have new values"): Case(
        "of 200,000 values, a fifth of the rows with values never seen",
        "an alarm, as always",
        "an alarm, and its cause",
        "distribution",
    ),
    (UNIFORM, "20 % become one new value"): Case(
        "of 200,000 values as frequent as each other, a fifth of the rows with one of them",
        "an alarm, as always",
        "an alarm, and its cause",
        "distribution",
    ),
    (ZIPF, "the first value is gone"): Case(
        "of 200,000 values the most frequent gone",
        "an alarm, as always",
        "an alarm, and its cause",
        "distribution",
    ),
}


CASES = [*CALM.values(), *FOUND.values()]


@pytest.mark.parametrize("population", CALM, ids=lambda population: CALM[population].given)
def test_weeks_of_the_same_population_hardly_ever_alarm(population):
    weeks = [judge_weeks(population, seed, [CHANGES["nothing"]])[0] for seed in range(12)]

    # 3 or more of 12 have a chance of 2 % at a rate of 5 %; it was 12, and 3 of the few.
    assert sum(week.drifted for week in weeks) <= 2


@pytest.mark.parametrize(
    ("change", "case"), FOUND.items(), ids=lambda item: getattr(item, "given", "")
)
def test_values_that_come_or_go_are_found(change, case):
    population, name = change

    for seed in range(3):
        (week,) = judge_weeks(population, seed, [CHANGES[name]])
        assert week.drifted
        assert case.reads in str(week.cause)


def test_the_cases_are_documented():
    refuse_undocumented("Statistics and serving", CASES)
