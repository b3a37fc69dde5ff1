"""What is broken is shown with its cure, and says so to who called it."""

from mlops_platform.files import write_json


def test_what_the_ledger_knows_and_nothing_follows_is_shown_with_its_cure(past, mlops) -> None:
    write_json(past.home.home / "setup.json", {})
    shown = mlops("doctor")
    assert shown.exit_code == 1, shown.output
    assert "error  flight_delay" in shown.output
    assert "cure: " in shown.output
    assert "mlops reconcile" in shown.output


def test_a_home_that_was_never_set_up_is_refused_in_one_sentence(new, mlops) -> None:
    shown = mlops("doctor")
    assert shown.exit_code == 1
    assert f"{new.home.home} is not set up. Run `mlops setup`" in shown.output.replace("\n", "")
