"""Every record once an epoch, rare classes as often as asked, and nothing but (seed, step) decides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivogan.engine.batches import Batches

LABELS = np.repeat([0, 1, 2], [900, 90, 10])


@given(st.integers(1, 60), st.integers(1, 90), st.integers(0, 5))
def test_every_record_comes_once_an_epoch(count: int, size: int, seed: int) -> None:
    batches = Batches(count, seed=seed)
    dealt = np.concatenate([batches.deal(step, size) for step in range(-(-3 * count // size))])
    for epoch in dealt[: 3 * count].reshape(3, count):
        assert sorted(epoch.tolist()) == list(range(count))


@given(st.integers(1, 60), st.integers(1, 90), st.lists(st.integers(0, 40), min_size=1, max_size=5))
def test_a_batch_depends_on_seed_and_step_alone(count: int, size: int, steps: list[int]) -> None:
    labels = np.arange(count) % 3
    for kind in ({}, {"labels": labels, "balance": 0.7}):
        one = Batches(count, seed=9, **kind)  # type: ignore[arg-type]
        played = [one.deal(step, size).tolist() for step in range(41)]
        for step in steps:
            assert Batches(count, seed=9, **kind).deal(step, size).tolist() == played[step]  # type: ignore[arg-type]
            assert one.deal(step, size).tolist() == played[step]


def test_epochs_and_seeds_are_shuffled_differently() -> None:
    batches = Batches(100, seed=1)
    first, second, other = batches.deal(0, 100), batches.deal(1, 100), Batches(100, seed=2).deal(0, 100)
    assert len({tuple(order.tolist()) for order in (first, second, other)}) == 3
    assert first.tolist() != sorted(first.tolist())


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_classes_come_up_as_often_as_asked(balance: float) -> None:
    batches = Batches(len(LABELS), LABELS, balance, seed=3)
    dealt = np.concatenate([LABELS[batches.deal(step, 500)] for step in range(100)])
    shares = np.bincount(LABELS) / len(LABELS)
    expected = shares ** (1 - balance) / (shares ** (1 - balance)).sum()
    found = np.bincount(dealt) / len(dealt)
    assert found == pytest.approx(expected, abs=5 * np.sqrt(0.25 / len(dealt)))
    if balance == 1:
        assert found == pytest.approx([1 / 3] * 3, abs=0.012)


def test_within_a_class_all_records_come_up_alike() -> None:
    batches = Batches(len(LABELS), LABELS, 1.0, seed=4)
    times = np.bincount(np.concatenate([batches.deal(step, 500) for step in range(200)]), minlength=len(LABELS))
    rare = times[LABELS == 2]
    assert rare.min() > 0.9 * rare.mean()
    assert rare.max() < 1.1 * rare.mean()


def test_classes_without_a_record_do_no_harm() -> None:
    labels = np.array([0, 0, 5, 5])
    assert set(Batches(4, labels, 1.0).deal(0, 200).tolist()) == {0, 1, 2, 3}


def test_no_record_no_game() -> None:
    with pytest.raises(ValueError, match="at least one record"):
        Batches(0)
