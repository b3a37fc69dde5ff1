"""What is broken is shown with its cure, and says so to who called it."""


def test_what_the_ledger_knows_and_nothing_follows_is_shown_with_its_cure(past, mlops) -> None:
    shown = mlops("doctor")
    assert shown.exit_code == 1, shown.output
    assert "error  flight_delay" in shown.output
    assert "cure: " in shown.output
    assert "mlops reconcile" in shown.output
