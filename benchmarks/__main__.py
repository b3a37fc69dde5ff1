"""`python -m benchmarks`: measures, and writes what it found to `benchmarks/results/`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.definitions_load import measure_definitions_load
from benchmarks.main_job import measure_main_job
from benchmarks.report import circumstances, write_report

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Benchmark:
    """What is measured, and how; `measure` takes repetitions and returns Markdown."""

    title: str
    about: str
    measure: Callable[[int], str]


BENCHMARKS = {
    "main_job": Benchmark(
        title="Main job: the platform against a bare script",
        about=(
            "Land 90 days of flights, build and test the features, train, judge, register, build "
            "a Bento, serve it and compare its golden rows: `mlops demo` against "
            "`benchmarks/bare_script.py`, which does it with the same libraries and no platform. "
            "Fresh processes and fresh folders, in turn, on one OpenMP thread. Set-up is left out "
            "for both: dbt's parse, MLflow's schema, for the platform also its ledger and "
            "Dagster's databases. Wall time is from start to exit; CPU time that of all "
            "processes; peak memory the highest sum of resident sizes over the process tree, "
            "sampled every 0.2 s (pages that processes share count once for each)."
        ),
        measure=measure_main_job,
    ),
    "definitions_load": Benchmark(
        title="Loading the definitions, by number of models",
        about=(
            "A copy of the project with `defs/flight_delay/defs.yaml` under as many names, loaded "
            "by a fresh process; medians. *Load* is the CPU time of importing the platform, "
            "loading its definitions and resolving them to a repository, beyond the imports of "
            "`dagster` and `dagster_dbt`. *Snapshot* is what the webserver asks a code location "
            "for at every reload: the *graph*, and every job by itself, as serialised JSON; its "
            "CPU time includes resolving the jobs."
        ),
        measure=measure_definitions_load,
    ),
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option("--repetitions", default=3, show_default=True, type=click.IntRange(min=1))
def main(names: tuple[str, ...], repetitions: int) -> None:
    """Measure; everything where no NAMES are given."""
    for name in names or BENCHMARKS:
        benchmark = BENCHMARKS[name]
        command = f"python -m benchmarks {name} --repetitions {repetitions}"
        found = circumstances(command)
        body = benchmark.measure(repetitions)
        write_report(RESULTS / f"{name}.md", benchmark.title, benchmark.about, body, found)


if __name__ == "__main__":
    main()
