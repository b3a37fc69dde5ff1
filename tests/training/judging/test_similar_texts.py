import random
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.training.judging.similar_texts import WORDS, similar_texts

VOCABULARY = [f"w{number}" for number in range(500)]


def runs_of(texts):
    found = set()
    for column, text in enumerate(texts):
        words = re.findall(r"\w+", (text or "").lower())
        found |= {(column, *words[at : at + WORDS]) for at in range(len(words) - WORDS + 1)}
    return found


def greatest_jaccard(texts, others):
    own = runs_of(texts)
    return max(
        (len(own & runs_of(other)) / len(own | runs_of(other)) for other in others if own),
        default=0.0,
    )


def changed(text, random_words, share):
    return " ".join(
        random_words.choice(VOCABULARY) if random_words.random() < share else word
        for word in text.split()
    )


def similar(texts, others, least=0.8):
    return similar_texts(pd.DataFrame({"text": texts}), pd.DataFrame({"text": others}), least)


@pytest.mark.parametrize("seed", range(3))
def test_rows_are_found_as_a_comparison_of_all_pairs_finds_them(seed):
    drawn = random.Random(seed)
    others = [
        (" ".join(drawn.choices(VOCABULARY, k=60)), " ".join(drawn.choices(VOCABULARY, k=8)))
        for _ in range(150)
    ]
    rows = [
        (changed(body, drawn, drawn.choice([0.0, 0.01, 0.05, 0.3])), subject)
        for body, subject in others[:120]
    ]
    columns = ["body", "subject"]

    found = similar_texts(
        pd.DataFrame(rows, columns=columns), pd.DataFrame(others, columns=columns), 0.8
    )

    exact = np.array([greatest_jaccard(row, others) >= 0.8 for row in rows])
    assert 20 < exact.sum() < 110
    assert not found[~exact].any()
    assert (found == exact).mean() > 0.98


@given(st.lists(st.text(alphabet="ab cd\n", max_size=40), min_size=1, max_size=8))
def test_a_text_of_four_words_is_found_among_itself(texts):
    found = similar(texts, texts)

    long_enough = [len(re.findall(r"\w+", text)) >= WORDS for text in texts]
    assert found.tolist() == long_enough


def test_what_has_too_few_words_or_is_missing_is_like_nothing():
    assert similar(["ok", "", None, "thank you"], ["ok", "", None, "thank you"]).sum() == 0
    assert similar(["a b c d e"], []).tolist() == [False]
    assert similar([], ["a b c d e"]).tolist() == []


def test_capitals_and_punctuation_make_no_difference():
    assert similar(["Buy now, pay LATER than ever!"], ["buy now pay later than ever"]).all()


def test_the_same_words_of_another_column_are_no_copy():
    words = "buy now pay later than ever"
    rows = pd.DataFrame({"subject": [words], "body": [None]})
    others = pd.DataFrame({"subject": [None], "body": [words]})

    assert not similar_texts(rows, others, 0.8).any()


def test_the_end_of_one_text_and_the_start_of_the_next_are_no_run():
    assert not similar(["a b c", "d e f g h"], ["c d e f"], 0.3).any()


def test_boilerplate_of_many_texts_is_compared_with_the_last_of_them():
    notice = " ".join(VOCABULARY[:40])
    others = [f"{notice} {number}" for number in range(2000)]

    assert similar([notice], others).all()
