import json
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import numpy as np
import pytest

from mlops_platform.fairness.audit import audit_of
from mlops_platform.fairness.limits import interval_text
from mlops_platform.formats.digits import digits
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks.weights import weight_facts
from mlops_platform.training.card.building import build_card
from mlops_platform.training.card.record import Card, DataFacts, VersionFacts
from mlops_platform.training.card.text import card_html, card_markdown
from mlops_platform.training.judging.evaluation import evaluate
from mlops_platform.training.judging.gate import apply_gate
from mlops_platform.training.split import describe

# Mitchell et al. 2019, figure 1.
SECTIONS = [
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
]
AS_OF = datetime(2013, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def make_card(split, recipe, evaluation):
    def build(spec):
        verdict = apply_gate(spec, evaluation, None, round_trip=True, serving_fault=None)
        facts = DataFacts(
            hash="c0ffee",
            rows=1920,
            targets_text="42.0 % positive",
            first_day=date(2013, 1, 1),
            last_day=date(2013, 2, 17),
            tables=("tiny_features", "tiny_labels"),
            as_of=AS_OF,
            parts=describe(split, spec),
        )
        version = VersionFacts(version="7", created_at=AS_OF, provenance={"git commit": "abc1234"})
        return build_card(spec, facts, recipe, evaluation, verdict, version)

    return build


@pytest.fixture(scope="module")
def card(make_card, spec):
    return make_card(spec)


def test_markdown_has_every_section_in_order(card):
    found = re.findall(r"^## (.+)$", card_markdown(card), flags=re.MULTILINE)

    assert found == SECTIONS


def test_html_has_every_section_in_order(card):
    assert re.findall(r"<h2>(.+)</h2>", card_html(card)) == SECTIONS


@pytest.mark.parametrize("render", [card_markdown, card_html])
def test_the_card_tells_what_the_run_found(render, card, evaluation, recipe):
    text = render(card)

    for fact in (
        "version 7",
        "c0ffee",
        "abc1234",
        recipe.candidate,
        f"{evaluation.metrics['log_loss']:.4f}",
        f"{evaluation.metrics['roc_auc']:.4f}",
        "better than baseline",
        "log loss",
        "base rate",
        "42.0 % positive",
        "where a false positive costs 1.0 and a false negative 3.0.",
        "there is no champion yet",
        "red x north",
        "region",
        "2013-02-17",
        "Everything else.",
    ):
        assert fact in text


@pytest.mark.parametrize("render", [card_markdown, card_html])
def test_d2_is_told_with_its_interval(render, card, evaluation):
    d2 = evaluation.d2
    told = f"is {d2.value:.1%} ({d2.lower:.1%} to {d2.upper:.1%}), 90% interval"
    assert "D2, the share of the log loss of a base rate that knows the outcomes" in render(card)
    assert told in render(card).replace("&percnt;", "%")


@pytest.mark.parametrize("render", [card_markdown, card_html])
def test_rows_without_an_event_time_have_the_day_on_which_they_landed_and_no_other(render, card):
    details = card.model_details.model_copy(update={"has_event_time": False})
    landed = card.evaluation_data.first_day
    tested = card.evaluation_data.model_copy(update={"last_day": landed})
    timeless = card.model_copy(update={"model_details": details, "evaluation_data": tested})

    assert f"that landed on {landed}," in render(timeless)
    assert "last day" in render(card)
    assert "last day" not in render(timeless)


@pytest.mark.parametrize("render", [card_markdown, card_html])
def test_what_the_task_does_not_say_has_no_line(render, card, spec):
    assert spec.task.model_dump()["targeting"] is None

    assert "Targeting" not in render(card)


def test_json_is_the_whole_card(card):
    assert Card.model_validate_json(card.model_dump_json()) == card
    sections = json.loads(card.model_dump_json())
    assert list(sections) == [name.lower().replace(" ", "_") for name in SECTIONS]


def test_html_is_one_well_formed_page_without_outside_references(card, figures):
    page = card_html(card, figures)
    parser = Balanced()
    parser.feed(page)

    assert parser.open == []
    assert page.lstrip().startswith("<!doctype html>")
    assert page.count("data:image/png;base64,") == 5
    assert not re.search(r"(?:src|href)=[\"'](?!data:)", page)
    assert "@import" not in page
    assert "url(" not in page


@pytest.fixture(scope="module")
def compared(make_card, spec, candidate, split, rows):
    """A card in which groups are compared: by colour, of which some are missing, and by region."""
    plain = spec.model_dump(mode="json")
    plain["evaluation"]["fairness"] = {
        "columns": ["colour", "region"],
        "reference": {"colour": "red"},
        "min_group_rows": 45,
    }
    of_groups = ModelSpec.model_validate(plain)
    evaluated = evaluate(of_groups, candidate, split, artifact_bytes=120_000)
    card = make_card(spec)
    audit = audit_of(of_groups, lambda name: rows[name])
    return card.model_copy(
        update={
            "training_data": card.training_data.model_copy(update={"audit": audit}),
            "quantitative_analyses": card.quantitative_analyses.model_copy(
                update={"fairness": evaluated.fairness}
            ),
        }
    )


@pytest.mark.parametrize("render", [card_markdown, card_html])
def test_groups_are_compared_with_intervals(render, compared):
    text = render(compared).replace("<small>", " ")
    fairness = compared.quantitative_analyses.fairness
    selected = fairness.columns[0].metric("selection_rate")
    figure, gap = selected.figures["red"], selected.difference
    assert figure.interval is not None
    for fact in (
        "Fairness",
        "By colour, reference red",
        "By colour x region",
        "selection rate: share of rows that are decided positive",
        f"{digits(figure.value)} ({interval_text(figure.interval)})",
        f"{digits(gap.value)} ({interval_text(gap.interval)})",
        "blue against red",
        "(missing)",
        "fewer than two groups are large enough",
        "Training rows by region",
        "missing most in",
        "Not all of these figures can be equal at once",
    ):
        assert fact in text


def test_a_card_without_compared_groups_says_nothing_of_them(card):
    assert "airness" not in card_markdown(card) + card_html(card)


def test_a_page_that_compares_groups_is_well_formed(compared):
    parser = Balanced()
    parser.feed(card_html(compared))
    assert parser.open == []
    assert Card.model_validate_json(compared.model_dump_json()) == compared


def test_groups_that_lack_nothing_more_often_are_told(compared):
    (_, region) = compared.training_data.audit
    complete = region.model_copy(update={"missing": ()})
    trained = compared.training_data.model_copy(update={"audit": (complete,)})
    for render in (card_markdown, card_html):
        text = render(compared.model_copy(update={"training_data": trained}))
        assert "No feature is missing more often in one group than in another" in text


class Balanced(HTMLParser):
    """Tags that are still open at the end; wrong nesting raises."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_words_of_people_and_values_of_data_cannot_become_markup(make_card, declare):
    evil = "<script>alert(1)</script>"
    spec = declare(
        lambda plain: plain.update(
            description=evil, card={"intended_use": evil, "out_of_scope": "x", "caveats": evil}
        )
    )

    page = card_html(make_card(spec))

    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3


def test_a_value_with_a_pipe_keeps_its_markdown_table(card):
    group = card.quantitative_analyses.unitary[0].model_copy(update={"value": "a|b\n<i>c"})
    analyses = card.quantitative_analyses.model_copy(update={"unitary": (group,)})

    text = card_markdown(card.model_copy(update={"quantitative_analyses": analyses}))

    line = next(line for line in text.splitlines() if "a\\|b" in line)
    assert "&lt;i>c" in line
    assert len(re.findall(r"(?<!\\)\|", line)) == 10


def test_what_the_yaml_says_of_the_task_is_said_in_words(card):
    text = card_markdown(card)

    assert "| Loss | log loss |" in text
    assert "| Costs | false positive 1.0, false negative 3.0 |" in text


def test_markdown_tables_have_no_gaps(card):
    """A blank line inside a table would end it."""
    lines = card_markdown(card).splitlines()
    for before, blank, after in zip(lines, lines[1:], lines[2:], strict=False):
        if blank == "" and before.startswith("|"):
            assert not after.startswith("|") or set(lines[lines.index(after) + 1]) <= set("|-: ")


def test_missing_words_of_people_are_told(card):
    assert card.ethical_considerations == "None were declared."
    assert card.model_details.contact == "team:test"


@pytest.mark.parametrize("render", [card_markdown, card_html])
def test_weights_and_resampling_are_told_where_there_are_any(render, card):
    trained = weight_facts("exposure", np.array([1.0, 3.0]))
    tested = weight_facts("exposure", np.array([5.0, 5.0]))
    told = card.model_copy(
        update={
            "training_data": card.training_data.model_copy(
                update={"weights": trained, "resampling_text": "Fitted on rows drawn by class."}
            ),
            "evaluation_data": card.evaluation_data.model_copy(update={"weights": tested}),
        }
    )

    text = render(told)

    assert trained.text in text
    assert tested.text in text
    assert "Fitted on rows drawn by class." in text
    assert "Rows count by" not in render(card)
