from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from vivogan.core.seeds import derive, latents, numpy_generator, torch_generator

PART = st.integers() | st.text()
INDICES = st.lists(st.integers(0, 2**40), min_size=1, max_size=30)


@given(st.integers(), st.lists(PART, max_size=3), st.lists(PART, max_size=3))
def test_different_paths_give_different_seeds(seed: int, one: list[int | str], other: list[int | str]) -> None:
    assert (derive(seed, *one) == derive(seed, *other)) == (one == other)
    assert 0 <= derive(seed, *one) < 2**63


def test_kinds_and_borders_of_a_path_count() -> None:
    paths = [("a", "b"), ("ab",), ("a", "b", ""), (1, 2), (12,), ("1", "2"), ("12",), ("", "ab")]
    assert len({derive(0, *path) for path in paths}) == len(paths)


def test_seeds_stay_what_they_are() -> None:
    # Runs and samples are named by these: a change would make every stored name another's.
    assert derive(0, "noise", 1) == 6723257068615550190
    assert derive(np.int64(0), "noise", np.int32(1)) == derive(0, "noise", 1)
    assert latents(0, [0, 9], 3).ravel().tolist() == pytest.approx(
        [0.373816, -0.027814, -0.008499, 0.44433, 0.340591, 0.027741], abs=1e-6
    )


def test_rows_are_philox_through_the_inverse_normal() -> None:
    bits = np.random.Philox(key=derive(4, "latents", 5), counter=2 * 1000)  # 5 numbers take two counters of four
    uniform = ((bits.random_raw(5) // 4096).astype(float) + 0.5) / 2**52
    expected = [NormalDist().inv_cdf(number) for number in uniform]
    assert latents(4, [1000], 5)[0].tolist() == pytest.approx(expected, rel=1e-6)


def test_a_fraction_is_no_seed() -> None:
    with pytest.raises(TypeError):
        derive(1.5)  # type: ignore[arg-type]


def test_generators_repeat() -> None:
    for make in (torch_generator, numpy_generator):
        draw = (lambda g: torch.rand(4, generator=g).numpy()) if make is torch_generator else (lambda g: g.random(4))
        assert (draw(make(1, "a")) == draw(make(1, "a"))).all()
        assert (draw(make(1, "a")) != draw(make(1, "b"))).any()


@given(st.integers(0, 2**63), INDICES, st.integers(1, 9))
def test_a_row_depends_on_its_index_alone(seed: int, indices: list[int], dim: int) -> None:
    together = latents(seed, indices, dim)
    alone = np.concatenate([latents(seed, [index], dim) for index in indices])
    assert together.dtype == np.float32
    assert together.shape == (len(indices), dim)
    assert np.array_equal(together, alone)


@given(st.integers(0, 1000), st.integers(1, 200), st.integers(1, 200))
def test_batches_make_no_difference(first: int, count: int, batch: int) -> None:
    whole = latents(5, np.arange(first, first + count), 6)
    parts = [latents(5, range(i, min(i + batch, first + count)), 6) for i in range(first, first + count, batch)]
    assert np.array_equal(whole, np.concatenate(parts))


def test_batches_make_no_difference_across_the_inner_chunks() -> None:
    indices = np.arange(40_000)
    assert np.array_equal(latents(1, indices, 3)[::-1], latents(1, indices[::-1], 3))


def test_indices_to_the_end_of_the_range() -> None:
    top = np.array([2**64 - 1, 0], dtype=np.uint64)
    assert np.array_equal(latents(3, top, 5)[1], latents(3, [0], 5)[0])


def test_latents_are_normal_and_independent() -> None:
    rows = latents(7, range(20_000), 16).astype(np.float64)
    n = rows.size
    assert abs(rows.mean()) < 5 / np.sqrt(n)
    assert abs(rows.std() - 1) < 5 / np.sqrt(2 * n)
    assert stats.kstest(rows.ravel(), "norm").pvalue > 1e-4
    correlation = np.corrcoef(rows.T) - np.eye(16)
    assert np.abs(correlation).max() < 6 / np.sqrt(len(rows))
    neighbours = (rows[1:] * rows[:-1]).mean(axis=0)
    assert np.abs(neighbours).max() < 5 / np.sqrt(len(rows))


def test_seeds_and_dimensions_give_unrelated_rows() -> None:
    first, other = latents(0, range(5000), 8), latents(1, range(5000), 8)
    wider = latents(0, range(5000), 12)[:, :8]
    for rows in (other, wider):
        assert abs(float((first * rows).mean())) < 5 / np.sqrt(first.size)


@pytest.mark.parametrize("indices", [[-1], [0.5], [[0]]])
def test_what_is_no_list_of_indices_is_refused(indices: list[object]) -> None:
    with pytest.raises(ValueError, match="indices"):
        latents(0, indices, 4)  # type: ignore[arg-type]


def test_no_indices_no_rows() -> None:
    assert latents(0, [], 4).shape == (0, 4)
