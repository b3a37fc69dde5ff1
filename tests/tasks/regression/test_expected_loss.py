import numpy as np
import pytest

from mlops_platform.tasks.regression.expected_loss import expected_losses, fit_loss_model


def rows(count, seed, growth=1.0):
    """Rows whose absolute error grows with the first column and is greater in one category."""
    random = np.random.default_rng(seed)
    features = np.column_stack([random.uniform(size=count), random.integers(0, 3, size=count)])
    spread = growth * (1 + 4 * features[:, 0] + 3 * (features[:, 1] == 2))
    return features, np.abs(random.normal(scale=spread))


def test_the_model_of_the_loss_knows_hard_rows_from_easy_ones():
    model = fit_loss_model(*rows(20_000, seed=0), categorical=[1], seed=0)
    features, losses = rows(20_000, seed=1)

    said = model.predict(features)

    assert said.mean() == pytest.approx(losses.mean(), rel=0.05)
    hard = said > np.median(said)
    assert said[hard].mean() == pytest.approx(losses[hard].mean(), rel=0.05)
    assert losses[hard].mean() > 1.5 * losses[~hard].mean()


def test_a_column_without_a_value_in_these_rows_tells_nothing_of_the_loss():
    features, losses = rows(2_000, seed=0)
    empty = np.full(len(features), np.nan)

    model = fit_loss_model(np.column_stack([features, empty]), losses, categorical=[1], seed=0)

    said = [
        model.predict(np.column_stack([features, column])) for column in (empty, np.arange(2_000))
    ]
    assert np.isfinite(said[0]).all()
    assert (said[0] == said[1]).all()


def test_losses_that_have_grown_are_expected_as_matured_rows_show_them():
    model = fit_loss_model(*rows(20_000, seed=0), categorical=[1], seed=0)
    known, known_losses = rows(20_000, seed=1, growth=2)
    features, losses = rows(20_000, seed=2, growth=2)

    expected = expected_losses(model.predict(features), model.predict(known), known_losses)

    assert model.predict(features).mean() == pytest.approx(losses.mean() / 2, rel=0.05)
    assert expected.mean() == pytest.approx(losses.mean(), rel=0.05)


def test_a_greater_indicator_never_lets_expect_less():
    known, known_losses = rows(500, seed=3)
    indicators = np.linspace(-1, 2, 50)

    expected = expected_losses(indicators, known[:, 0], known_losses)

    assert (np.diff(expected) >= 0).all()
    assert expected.min() >= 0
    assert expected.max() <= known_losses.max()


def test_one_matured_row_is_enough():
    assert expected_losses(np.array([1.0, 9.0]), np.array([4.0]), np.array([3.0])) == pytest.approx(
        3
    )
