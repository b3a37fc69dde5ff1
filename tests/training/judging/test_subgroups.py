"""Groups that a model does worse on than a constant of their own are told beside the verdict."""

from mlops_platform.training.judging.subgroups import MOST_NAMED, Subgroup, worse_groups_text


def group(value: str, loss: float, baseline_loss: float | None, *, judged: bool = True) -> Subgroup:
    return Subgroup(
        column="sex x race",
        value=value,
        rows=321,
        targets={},
        loss=loss,
        baseline_loss=baseline_loss,
        metrics={},
        judged=judged,
    )


def test_the_worst_group_is_named_first() -> None:
    groups = [
        group("female x black", 1.54, 1.93),
        group("male x black", 0.9255, 0.8785),
        group("male x other", 2.0, 1.0),
    ]

    assert worse_groups_text(groups, "median") == (
        "Worse than by the median of their own rows: sex x race male x other (321 rows, 2 "
        "against 1); sex x race male x black (321 rows, 0.9255 against 0.8785)."
    )


def test_nothing_is_said_of_small_groups_and_of_those_without_a_baseline() -> None:
    groups = [group("few", 2.0, 1.0, judged=False), group("none", 2.0, None), group("a", 1.0, 1.0)]

    assert worse_groups_text(groups, "median") is None


def test_of_many_groups_the_worst_are_named_and_the_others_counted() -> None:
    groups = [group(f"g{number}", 2.0 + number, 1.0) for number in range(MOST_NAMED + 2)]

    text = worse_groups_text(groups, "base rate")

    assert text is not None
    assert text.endswith("; and 2 more.")
    assert "g6" in text
    assert "g1 " not in text
