"""`mlops predict` where there is nothing to score with, and how its options are read."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from mlops_platform.cli.predict import _csv_flags, _show, command
from mlops_platform.tasks import DEFAULT_TASK
from mlops_platform.usecases.prediction.csv_text import CsvFlags
from mlops_platform.usecases.prediction.record import AbsentFeature, PredictedFile

MODEL = "flight_delay"


def test_without_a_champion_it_says_how_to_make_one(new, mlops, tmp_path: Path) -> None:
    refused = mlops("predict", MODEL, str(tmp_path / "rows.csv"))
    assert refused.exit_code == 1
    assert "has no champion that could score: call `mlops train flight_delay` first" in (
        refused.output
    )


def test_a_champion_without_a_bento_says_how_to_build_it(past, mlops, tmp_path: Path) -> None:
    refused = mlops("predict", MODEL, str(tmp_path / "rows.csv"))
    assert refused.exit_code == 1
    assert "has no Bento yet" in refused.output


def test_a_model_that_nobody_knows_is_refused(new, mlops) -> None:
    refused = mlops("predict", "flight_dealy", "rows.csv")
    assert refused.exit_code == 1
    assert "flight_dealy" in refused.output


def test_nothing_is_said_of_a_csv_file_where_no_option_is_given() -> None:
    assert _csv_flags(None, None, None, ()) is None


@pytest.mark.parametrize("tab", ["tab", "\\t", "\t"])
def test_a_tab_can_be_named(tab: str) -> None:
    assert _csv_flags(tab, ",", "latin-1", ("NA",)) == CsvFlags("\t", ",", "latin-1", ("NA",))


def test_an_encoding_that_is_none_is_refused() -> None:
    refused = CliRunner().invoke(command, [MODEL, "rows.csv", "--encoding", "ascii"])
    assert refused.exit_code == 2
    assert "'utf-8', 'latin-1', 'windows-1252', 'utf-16'" in refused.output


def test_what_is_absent_is_warned_of_before_anything_else_and_another_program_reads_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    predicted = PredictedFile(
        model=MODEL,
        version=1,
        release=1,
        source="new.csv",
        output="out.csv",
        rows=2,
        means={"score": 0.9, "decision": 1.0},
        absent=(AbsentFeature(column="late_rate", training_share=0.998),),
        unseen_rows=0,
        unseen=(),
        columns=("score", "decision"),
        read_as=None,
        left_out=(),
        warnings=("1 of 5 features is absent.",),
        notes=("Read as landing_fluege declares it.",),
    )
    _show(predicted, DEFAULT_TASK.outputs)
    first, _, second, *_ = capsys.readouterr().out.splitlines()
    assert first == "warning  1 of 5 features is absent."
    assert second.startswith("note")
    assert predicted.model_dump(mode="json")["absent"] == [
        {"column": "late_rate", "training_share": 0.998}
    ]
