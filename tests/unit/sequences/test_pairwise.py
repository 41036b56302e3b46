"""Couplings look back only, say the same step by step, and learn the pair statistics of a model that is known."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from vivogan.domains.sequences.pairwise import Couplings, fit_couplings

A, L = 3, 5


def one_hot(codes: Tensor, symbols: int) -> Tensor:
    return torch.nn.functional.one_hot(codes, symbols).float().transpose(1, 2)  # n x A x L


def randomly_coupled(order: list[int] | None = None) -> Couplings:
    torch.manual_seed(0)
    model = Couplings(A, L, order)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    return model


def drawn(model: Couplings, count: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    symbols, length = model.fields.shape
    x = torch.zeros(count, symbols, length)
    with torch.no_grad():
        for place in model.order:
            chosen = torch.multinomial(model.step(x, place).softmax(1), 1, generator=generator)[:, 0]
            x[torch.arange(count), chosen, place] = 1
    return x


def connected(x: Tensor) -> NDArray[np.float64]:
    """C_ij(a, b) of different places, by NumPy's own covariance."""
    symbols, length = x.shape[1:]
    table = np.cov(x.flatten(1).numpy().T, bias=True).reshape(symbols, length, symbols, length)
    i, j = np.triu_indices(length, 1)
    found: NDArray[np.float64] = table[:, i][:, :, :, j][:, np.arange(len(i)), :, np.arange(len(i))]
    return found


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(L)), st.integers(0, L - 1))
def test_a_place_depends_on_those_before_it_alone(order: list[int], place: int) -> None:
    model = randomly_coupled(order)
    x = torch.randn(2, A, L, requires_grad=True)
    model(x)[:, :, place].square().sum().backward()
    assert x.grad is not None
    touched = {int(i) for i in torch.nonzero(x.grad.abs().sum((0, 1))).flatten()}
    assert touched == set(order[: order.index(place)])


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(L)))
def test_step_by_step_is_the_same_as_all_at_once(order: list[int]) -> None:
    model = randomly_coupled(order)
    codes = torch.randint(A, (7, L), generator=torch.Generator().manual_seed(1))
    x, known = one_hot(codes, A), torch.zeros(7, A, L)
    whole = model(x)
    for place in order:
        torch.testing.assert_close(model.step(known, place), whole[:, :, place])
        known[:, :, place] = x[:, :, place]


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(L)))
def test_a_state_dict_restores_the_order(order: list[int]) -> None:
    model, fresh = randomly_coupled(order), Couplings(A, L)
    fresh.load_state_dict(model.state_dict())
    assert fresh.order == tuple(order)
    x = torch.randn(3, A, L)
    torch.testing.assert_close(fresh(x), model(x))


def test_the_least_varied_place_is_drawn_first() -> None:
    codes = torch.randint(A, (200, L), generator=torch.Generator().manual_seed(4))
    codes[:, 3], codes[:, 1] = 0, codes[:, 1].clamp(max=1)
    x = one_hot(codes, A)
    assert fit_couplings(x, x).order[:2] == (3, 1)


def test_an_order_that_leaves_a_place_out_is_refused() -> None:
    with pytest.raises(ValueError, match="each of the 3 places once"):
        Couplings(A, 3, [0, 1, 1])


@pytest.mark.parametrize("order", [None, [4, 0, 3, 1, 2]])
def test_pair_statistics_of_a_potts_model_are_learned(order: list[int] | None) -> None:
    rng = np.random.default_rng(0)
    states = np.array(list(product(range(A), repeat=L)))
    unit = np.eye(A)[states].reshape(len(states), -1)  # every state, so that sampling is exact
    raw = rng.normal(0, 0.5, (A * L, A * L))
    energy = np.einsum("ni,ij,nj->n", unit, raw, unit)
    share = np.exp(energy) / np.exp(energy).sum()
    x = one_hot(torch.from_numpy(states[rng.choice(len(states), 6000, p=share)]), A)
    made = drawn(fit_couplings(x[:4000], x[4000:5000], order=order), 20_000)
    truth, found = (
        connected(one_hot(torch.from_numpy(states[rng.choice(len(states), 20_000, p=share)]), A)),
        connected(made),
    )
    strong = np.abs(truth) > 0.01
    assert strong.sum() > 30
    slope = np.polyfit(truth[strong], found[strong], 1)[0]
    assert np.corrcoef(truth[strong], found[strong])[0, 1] > 0.97
    assert 0.85 < slope < 1.15


def test_held_out_sequences_choose_the_penalty() -> None:
    generator = torch.Generator().manual_seed(0)
    noise = [one_hot(torch.randint(A, (size, L), generator=generator), A) for size in (40, 400)]
    strong = fit_couplings(noise[0], noise[1])  # nothing is coupled
    weak = fit_couplings(noise[0], noise[0])
    assert strong.couplings.abs().max() < 0.5 * weak.couplings.abs().max()


def test_weights_count_like_copies() -> None:
    x = one_hot(torch.randint(A, (60, L), generator=torch.Generator().manual_seed(3)), A)
    weights = torch.ones(60)
    weights[:20] = 2
    copied = fit_couplings(torch.cat([x, x[:20]]), x, iterations=200)
    weighted = fit_couplings(x, x, weights, iterations=200)
    torch.testing.assert_close(weighted(x).softmax(1), copied(x).softmax(1), atol=0.02, rtol=0)
