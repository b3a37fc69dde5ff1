"""`mlops prove`: what the feature and label tables of a model promise, tried on its own facts."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from rich.text import Text

from mlops_platform.cli.console import console, counted, folding_table, json_option, say
from mlops_platform.clock import moment_text

if TYPE_CHECKING:
    from mlops_platform.usecases.proof.records import Finding, PerturbedFact, Proof

STYLES = {"proved": "green", "not proved": "yellow", "failed": "bold red"}
PROPERTIES = {
    "future": "the future never leaks",
    "cutoff": "the cutoff is exact",
    "incremental": "incremental equals full",
    "reach": "the declared reach holds",
}


@click.command()
@click.argument("model")
@click.option(
    "--rounds", default=3, show_default=True, type=click.IntRange(1), help="Of perturbations."
)
@click.option("--seed", default=0, show_default=True, help="Another one perturbs other facts.")
@click.option(
    "--days",
    type=click.IntRange(3),
    help="Newest landed days to take  [default: what the declared reach needs]",
)
@click.option(
    "--rows", default=200_000, show_default=True, type=click.IntRange(1), help="To take at most."
)
@json_option
def command(model: str, rounds: int, seed: int, days: int | None, rows: int, as_json: bool) -> None:
    """Prove what the feature and label tables of MODEL promise, on its own landed facts.

    Facts are changed, added and taken out in a copy, and the dbt project builds it: a fact of after
    an event changes no feature, one that moves across the event changes those that read it, days
    that are built again are the same, and no fact reaches further than is declared. Ends with code
    1 where one of this is not so. Nothing of the deployment is touched.
    """
    from mlops_platform.components.models import declared_spec
    from mlops_platform.settings import DBT_PROJECT
    from mlops_platform.usecases.deployment import open_deployment
    from mlops_platform.usecases.proof.prove import Wanted, opened_prover
    from mlops_platform.usecases.proof.records import keep_proof

    deployment, spec = open_deployment(), declared_spec(model)
    place = deployment.settings
    doing = f"proving {model}"
    with (
        console.status(doing) as status,
        opened_prover(place, DBT_PROJECT, model) as prover,
    ):
        proof = prover.prove(
            spec,
            Wanted(rounds=rounds, seed=seed, days=days, rows=rows),
            datetime.now(UTC),
            lambda line: status.update(f"{doing}: {line}"),
        )
    keep_proof(place.model_home(model), proof)
    if as_json:
        click.echo(proof.to_public(indent=2))
    else:
        show_proof(proof)
    if proof.outcome == "failed":
        click.get_current_context().exit(1)


def show_proof(proof: "Proof") -> None:
    """Every verdict, and below them what was found."""
    say(
        f"{proof.features} and {proof.label}, of {counted(proof.rows, 'row')} landed from "
        f"{proof.first_day} to {proof.last_day}: {counted(proof.builds, 'build')} in "
        f"{proof.seconds:.0f} s, seed {proof.seed}"
    )
    table = folding_table({"property": 14, "table": 18, "outcome": 10, "because": None})
    for verdict in proof.verdicts:
        table.add_row(
            PROPERTIES[verdict.property],
            verdict.table,
            Text(verdict.outcome, STYLES[verdict.outcome]),
            Text(verdict.detail),
        )
    console.print(table)
    for verdict in proof.verdicts:
        for finding in verdict.findings:
            _show_finding(finding)


def _show_finding(finding: "Finding") -> None:
    moment = f" at {_exact(finding.event_time)}" if finding.event_time else ""
    console.print()
    console.print(
        Text.assemble(
            (f"{finding.table}.{finding.column}", "bold red"),
            f" of {finding.entity}{moment}, built by {finding.day}: "
            f"{_value(finding.expected)} -> {_value(finding.actual)}"
            f" ({counted(finding.rows, 'row')})",
        ),
        soft_wrap=True,
    )
    if finding.fact is not None:
        say(f"  {_fact(finding.fact)}")
    say(f"  {finding.fix}")


def _fact(fact: "PerturbedFact") -> str:
    key = ", ".join(f"{name} {value}" for name, value in fact.key.items())
    known = f", known at {_exact(fact.known_at)}" if fact.known_at else ""
    others = f", with {fact.others} others" if fact.others else ""
    return f"{fact.table} of {fact.day}, {key}{known}: it {fact.became}{others}"


def _exact(moment: datetime) -> str:
    return moment_text(moment, "microseconds")


def _value(value: str | None) -> str:
    return "nothing" if value is None else value
