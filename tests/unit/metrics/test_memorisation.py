"""Copying is flagged, honest generators are not, on many seeds, down to 50 records."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vivogan.metrics.memorisation import Memorisation, adversarial_accuracy, memorisation

Population = Callable[[np.random.Generator, int], np.ndarray]
CENTRES = np.random.default_rng(99).normal(size=(5, 12)) * 4
MIXING = np.random.default_rng(98).normal(size=(3, 12))


def gaussian(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.normal(size=(n, 12))


def clusters(rng: np.random.Generator, n: int) -> np.ndarray:
    return CENTRES[rng.integers(5, size=n)] + rng.normal(size=(n, 12))


def thin(rng: np.random.Generator, n: int) -> np.ndarray:
    """Three directions and a little noise."""
    return rng.normal(size=(n, 3)) @ MIXING + 0.05 * rng.normal(size=(n, 12))


def discrete(rng: np.random.Generator, n: int) -> np.ndarray:
    """Bits, many of them rare, so that equal records are common and honest."""
    return (rng.random((n, 12)) < np.linspace(0.03, 0.4, 12)).astype(float)


POPULATIONS = pytest.mark.parametrize("population", [gaussian, clusters, thin, discrete])
SIZES = pytest.mark.parametrize("sizes", [(50, 12, 60), (50, 50, 300), (300, 100, 300)])


@POPULATIONS
@SIZES
def test_honest_generators_are_not_flagged(population: Population, sizes: tuple[int, int, int]) -> None:
    """At most one false alarm in 36: each of the two tests is wrong once in a thousand."""
    n, m, g = sizes
    alarms = 0
    for seed in range(12):
        rng = np.random.default_rng([seed, n, m])
        train, held_out, made = population(rng, n), population(rng, m), population(rng, g)
        for honest in (made, held_out, population(rng, m)):
            alarms += memorisation(train, held_out, honest).flagged
    assert alarms <= 1


@pytest.mark.parametrize("population", [gaussian, clusters, thin])
def test_poor_generators_are_not_called_copiers(population: Population) -> None:
    for seed in range(8):
        rng = np.random.default_rng(seed)
        train, held_out, made = population(rng, 100), population(rng, 60), population(rng, 200)
        for poor in (0.5 * made + 0.5 * made.mean(axis=0), 2 * made, np.repeat(made[:5], 40, axis=0), made + 3):
            assert not memorisation(train, held_out, poor).flagged


@POPULATIONS
@SIZES
def test_copies_are_flagged(population: Population, sizes: tuple[int, int, int]) -> None:
    n, m, g = sizes
    for seed in range(6):
        rng = np.random.default_rng([seed, n, m])
        train, held_out = population(rng, n), population(rng, m)
        copies = train[rng.integers(n, size=g)]
        exact = memorisation(train, held_out, copies)
        assert exact.flagged
        assert exact.exact_copies == 1
        noisy = memorisation(train, held_out, copies + 0.01 * rng.normal(size=copies.shape))
        if population is not discrete:  # whose own duplicates are as near
            assert noisy.flagged
            assert "near-copies" in noisy.reason


def test_a_fifth_of_copies_among_good_records_is_flagged() -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        train, held_out, made = gaussian(rng, 200), gaussian(rng, 100), gaussian(rng, 300)
        made[:60] = train[rng.integers(200, size=60)] + 0.02 * rng.normal(size=(60, 12))
        found = memorisation(train, held_out, made)
        assert found.flagged
        assert found.copies == pytest.approx(0.2, abs=0.05)
        made[:60] = train[0]  # one record alone, again and again
        assert memorisation(train, held_out, made).flagged


def test_copies_of_a_training_set_with_twins_are_flagged() -> None:
    """Every record is there twice, as when augmented or counted again."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        train, held_out = gaussian(rng, 60), gaussian(rng, 40)
        train = np.concatenate([train, train])
        assert memorisation(train, held_out, train[::2] + 0.02 * rng.normal(size=(60, 12))).flagged
        assert not memorisation(train, held_out, gaussian(rng, 120)).flagged


def test_the_numbers_of_a_copier_and_of_an_independent_sample() -> None:
    rng = np.random.default_rng(0)
    train, held_out = gaussian(rng, 400), gaussian(rng, 400)
    copier = memorisation(train, held_out, train + 0.01 * rng.normal(size=train.shape))
    honest = memorisation(train, held_out, gaussian(rng, 400))
    assert copier.distance_ratio < 0.05
    assert copier.too_close > 0.99
    assert copier.aa_truth_train < 0.01
    assert copier.aa_syn_train < 0.01
    assert copier.privacy_loss == pytest.approx(0.5, abs=0.06)
    assert copier.membership_auc > 0.99
    assert honest.distance_ratio == pytest.approx(1, abs=0.1)
    assert honest.too_close < 0.05
    assert honest.exact_copies == 0
    for value in (honest.aa_truth_train, honest.aa_syn_train, honest.aa_truth_held_out, honest.aa_syn_held_out):
        assert value == pytest.approx(0.5, abs=0.1)
    assert honest.privacy_loss == pytest.approx(0, abs=0.07)
    assert honest.membership_low < 0.5 < honest.membership_high
    assert (honest.n_train, honest.n_held_out, honest.n_generated) == (400, 400, 400)


def test_membership_interval_covers_one_half_for_honest_generators() -> None:
    hits = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        found = memorisation(gaussian(rng, 60), gaussian(rng, 40), gaussian(rng, 60))
        hits += found.membership_low <= 0.5 <= found.membership_high
    assert hits >= 34


def test_adversarial_accuracy_by_hand() -> None:
    real, made = np.array([[0.0], [1.0], [10.0]]), np.array([[0.4], [9.0], [9.5]])
    # real → made: .4, .6, .5; real → real: 1, 1, 9: none is greater. made → real: .4, 1, .5; made → made: 8.6, .5, .5.
    assert adversarial_accuracy(real, made) == (0.0, pytest.approx((0 + 1 + 0.5) / 3))


def test_halves_that_cancel_stay_apart() -> None:
    """Noise around the data, as independent SNPs are: each half tells, their mean would look perfect."""
    rng = np.random.default_rng(0)
    real, made = 0.3 * rng.normal(size=(200, 30)), rng.normal(size=(200, 30))
    truth, syn = adversarial_accuracy(real, made)
    assert truth > 0.95
    assert syn < 0.15
    assert (truth + syn) / 2 == pytest.approx(0.5, abs=0.1)


def test_unequal_sizes_are_compared_at_the_smaller() -> None:
    rng = np.random.default_rng(1)
    truth, syn = adversarial_accuracy(gaussian(rng, 100), gaussian(rng, 1500))
    assert truth == pytest.approx(0.5, abs=0.12)
    assert syn == pytest.approx(0.5, abs=0.12)


def test_reason_is_one_sentence_and_admits_few_records() -> None:
    rng = np.random.default_rng(2)
    found = memorisation(gaussian(rng, 50), gaussian(rng, 5), gaussian(rng, 50))
    assert isinstance(found, Memorisation)
    assert "only strong copying would show" in found.reason
    assert found.reason.endswith(".")
    assert "\n" not in found.reason


def test_order_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    train, held_out, made = gaussian(rng, 60), gaussian(rng, 60), gaussian(rng, 60)
    one, other = memorisation(train, held_out, made), memorisation(train[::-1], held_out[::-1], made[::-1])
    assert one.membership_auc == pytest.approx(other.membership_auc)
    assert one.copies == other.copies
    assert one.privacy_loss == pytest.approx(other.privacy_loss)
