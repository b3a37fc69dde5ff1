"""A model's past, played: a first champion, the windows after it, and what it all came to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.data.windows import Window
from mlops_platform.driving.driver import JobDriver
from mlops_platform.driving.phases import Display, Phases
from mlops_platform.files import write_json, write_text
from mlops_platform.formats.demo_summary import upgraded_summary
from mlops_platform.replay.first_champion import first_champion
from mlops_platform.replay.frozen import frozen_performance
from mlops_platform.replay.lived_windows import lived_windows
from mlops_platform.replay.plots import draw_plots
from mlops_platform.replay.replayed_model import ReplayedModel
from mlops_platform.replay.tables import retraining_rows, seconds_by_window, window_rows
from mlops_platform.replay.text_tables import tables_text
from mlops_platform.replay.words import Words
from mlops_platform.usecases.deployment import open_deployment


@dataclass(frozen=True)
class Story:
    """What is played, and where it is told.

    Args:
        first_training: day at whose midnight the first champion is trained on all that was known.
        windows: that are lived through after it, oldest first; they follow each other.
        folder: of the summary, its tables and its pictures.
    """

    model: LifecycleModel
    first_training: date
    windows: Sequence[Window]
    folder: Path
    words: Words

    def play(self, driver: JobDriver, display: Display) -> dict[str, Any]:
        """Play what was not played before, and return the summary of it all.

        The same is left in the folder: as JSON, and as tables in `summary.txt`.

        Raises:
            NothingReleased: the gate refused the first candidate.
            MlopsError: a run failed, or the model has a history of its own.
        """
        phases = Phases(self.folder / "seconds.json", display)
        replayed = ReplayedModel(driver, phases, self.model)
        replayed.start_on(self.first_training)
        replayed.catch_up()
        replayed.release_first_champion()
        if not self._first_champion_file.is_file():
            write_json(self._first_champion_file, first_champion(self.model.name))
        for window in self.windows:
            replayed.live_through(window)
        if not self.is_summed_up():
            with phases.phase("sum up"):
                replayed.export_online()
                write_json(self._summary_file, self._summarise(phases.seconds()))
        summary = upgraded_summary(json.loads(self._summary_file.read_text()))
        write_text(self.folder / "summary.txt", tables_text(summary, self.words))
        return summary

    def is_summed_up(self) -> bool:
        """Whether the summary tells of all windows: a call may have died before it did."""
        if not self._summary_file.is_file():
            return False
        summed_up = {row["start"] for row in json.loads(self._summary_file.read_text())["windows"]}
        return summed_up >= {window.name for window in self.windows}

    @property
    def _summary_file(self) -> Path:
        return self.folder / "summary.json"

    @property
    def _first_champion_file(self) -> Path:
        return self.folder / "first_champion.json"

    def _summarise(self, seconds: dict[str, float]) -> dict[str, Any]:
        """The first champion, every window and retraining, and the seconds of all of it."""
        spec, windows = self.model.spec, self.windows
        lived = lived_windows(spec, windows)
        phases = {name: took for name, took in seconds.items() if not name[:1].isdigit()}
        frozen = frozen_performance(spec, windows, self.folder / "frozen")
        draw_plots(lived, frozen, self.folder)
        return {
            **upgraded_summary(json.loads(self._first_champion_file.read_text())),
            "champion": open_deployment()
            .ledger.releases(spec.name)[-1]
            .model_dump(mode="json", include={"version", "sequence", "bento_tag", "released_at"}),
            "windows": window_rows(spec, lived, frozen),
            "retrainings": retraining_rows(spec, windows),
            "seconds": {**phases, "replay": round(sum(seconds[w.name] for w in windows), 1)},
            "seconds_by_window": seconds_by_window(windows, seconds),
        }
