"""Attribution against scoring every mutant, and shuffling against counting pairs."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from vivogan.domains.sequences.generator import Parts, SequenceGenerator
from vivogan.domains.sequences.style import Style
from vivogan.domains.sequences.tools.attribution import (
    contributions,
    importance,
    likelihood,
    likelihood_changes,
    mutagenesis,
    shuffled,
)


def one_hot(n: int, length: int, seed: int = 0, symbols: int = 4) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.eye(symbols)[torch.randint(0, symbols, (n, length), generator=rng)].transpose(1, 2)


@pytest.mark.parametrize("first_order", [True, False])
def test_a_linear_score_gives_its_own_weights(first_order: bool) -> None:
    x, weights = one_hot(3, 12), torch.randn(4, 12)
    found = mutagenesis(lambda s: (s * weights).sum((1, 2)), x, first_order)
    expected = weights - (weights * x).sum(1, keepdim=True)
    assert torch.allclose(found, expected, atol=1e-5)


def test_every_substitution_is_scored_by_itself() -> None:
    x = one_hot(2, 6)
    found = mutagenesis(lambda s: s[:, 0].sum(1) ** 2, x)
    mutant = x[1].clone()
    mutant[:, 3] = torch.eye(4)[0]
    assert found[1, 0, 3] == mutant[0].sum() ** 2 - x[1, 0].sum() ** 2


def generator(width: int, order: int = 2, styled: bool = False) -> SequenceGenerator:
    torch.manual_seed(0)
    style = Style(4, 16, 1) if styled else None
    found = SequenceGenerator(
        Parts(4, 16, 1, order, width, style), torch.ones(5, 4, dtype=torch.bool), torch.ones(4, dtype=torch.bool)
    )
    for parameter in found.parameters():
        parameter.data.normal_(0, 0.3)
    return found.eval().requires_grad_(False)


@pytest.mark.parametrize(("width", "styled", "least"), [(0, False, 0.999999), (8, False, 0.95), (8, True, 0.95)])
def test_the_likelihood_changes_as_its_mutants_say(width: int, styled: bool, least: float) -> None:
    model, x, y = generator(width, styled=styled), one_hot(3, 16), torch.zeros(3, dtype=torch.long)
    found = likelihood_changes(model, x, y)
    exact = torch.cat([mutagenesis(likelihood(model, x[i : i + 1], y[:1]), x[i : i + 1]) for i in range(3)])
    assert float(torch.corrcoef(torch.stack([found.flatten(), exact.flatten()]))[0, 1]) > least


def test_contributions_are_of_letters_alone() -> None:
    x, changes = one_hot(2, 8, symbols=5), torch.randn(2, 5, 8)
    found = contributions(changes, x, 4)
    assert torch.allclose(found.sum(1), torch.zeros(2, 8), atol=1e-5)
    assert (found.transpose(1, 2)[x[:, 4] == 1] == 0).all()
    assert (importance(found, x)[x[:, 4] == 1] == 0).all()


@given(st.integers(0, 1000), st.integers(4, 30))
@settings(max_examples=30, deadline=None)
def test_shuffling_keeps_pairs_and_gaps(seed: int, length: int) -> None:
    x = one_hot(2, length, seed)
    found = shuffled(x, 4, np.random.default_rng(seed)).argmax(1)
    for before, after in zip(x.argmax(1), found, strict=True):
        a, b = (Counter(zip(row[:-1].tolist(), row[1:].tolist(), strict=True)) for row in (before, after))
        assert a == b
    gapped = one_hot(2, length, seed, 5)
    again = shuffled(gapped, 4, np.random.default_rng(seed))
    assert torch.equal(again[:, 4], gapped[:, 4])
    assert torch.equal(again.sum(2), gapped.sum(2))


def test_shuffling_changes_the_order() -> None:
    x = one_hot(4, 60)
    assert (shuffled(x, 4, np.random.default_rng(0)) != x).any(1).float().mean() > 0.4
