"""Summaries of subfamilies keep the family's spread, tell clumps apart, guide couplings, and survive a state dict."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from vivogan.domains.sequences.pairwise import Couplings, fit_couplings
from vivogan.domains.sequences.subfamily import Subfamily

A, L = 4, 30


def clumps(count: int, seed: int = 0, mutated: float = 0.1) -> tuple[Tensor, Tensor]:
    """One-hot sequences [n, A, L] of three unrelated subfamilies of random ancestors, and which one each is of."""
    ancestors = torch.randint(A, (3, L), generator=torch.Generator().manual_seed(99))
    generator = torch.Generator().manual_seed(seed)
    of = torch.randint(3, (count,), generator=generator)
    changed = torch.rand(count, L, generator=generator) < mutated
    codes = torch.where(changed, torch.randint(A, (count, L), generator=generator), ancestors[of])
    return torch.nn.functional.one_hot(codes, A).float().transpose(1, 2), of


@pytest.fixture(scope="module")
def fitted() -> Subfamily:
    return Subfamily(A, L, 1).fit(clumps(600)[0], np.zeros(600, np.intp), seed=0)


def test_drawn_summaries_vary_as_training_summaries_do(fitted: Subfamily) -> None:
    z = torch.randn(20_000, fitted.size + 1, generator=torch.Generator().manual_seed(1))
    drawn = fitted.draw(z, torch.zeros(len(z), dtype=torch.long))
    torch.manual_seed(0)
    seen = fitted.jittered(clumps(600)[0].repeat(30, 1, 1))
    assert drawn.mean(0).abs().max() < 0.05
    torch.testing.assert_close(drawn.std(0), seen.std(0), rtol=0.1, atol=0.02)


def test_the_first_components_are_those_of_the_subfamilies(fitted: Subfamily) -> None:
    x, of = clumps(300, seed=5)
    found = fitted.measure(x)[:, :2]
    centres = torch.stack([found[of == k].mean(0) for k in range(3)])
    assert (torch.cdist(found, centres).argmin(1) == of).float().mean() > 0.99


def test_a_class_is_drawn_around_its_own_sequences() -> None:
    x, of = clumps(600)
    subfamily = Subfamily(A, L, 3).fit(x, of.numpy(), seed=0)
    centres = torch.stack([subfamily.measure(x[of == k]).mean(0) for k in range(3)])[:, :2]
    condition = torch.arange(3).repeat(200)
    z = torch.randn(600, subfamily.size + 1, generator=torch.Generator().manual_seed(2))
    nearest = torch.cdist(subfamily.draw(z, condition)[:, :2], centres).argmin(1)
    assert (nearest == condition).float().mean() > 0.99


def test_a_state_dict_restores_it(fitted: Subfamily) -> None:
    fresh = Subfamily(A, L, 1)
    fresh.load_state_dict(fitted.state_dict())
    z, condition = torch.randn(5, fitted.size + 1), torch.zeros(5, dtype=torch.long)
    torch.testing.assert_close(fresh.draw(z, condition), fitted.draw(z, condition))
    torch.testing.assert_close(fresh.measure(clumps(5)[0]), fitted.measure(clumps(5)[0]))


def test_extreme_latents_stay_finite(fitted: Subfamily) -> None:
    z = torch.full((2, fitted.size + 1), 40.0)
    z[1] = -40
    assert fitted.draw(z, torch.zeros(2, dtype=torch.long)).isfinite().all()


def test_fewer_sequences_than_components_are_enough() -> None:
    subfamily = Subfamily(A, L, 2).fit(clumps(6)[0], np.zeros(6, np.intp), seed=0)
    drawn = subfamily.draw(torch.randn(4, subfamily.size + 1), torch.tensor([0, 1, 0, 1]))
    assert drawn.isfinite().all()


def test_guided_couplings_draw_the_subfamily_that_they_are_told(fitted: Subfamily) -> None:
    torch.manual_seed(0)
    x, of = clumps(600)
    model = fit_couplings(x[:500], x[500:], guide=fitted.jittered)
    told = fitted.jittered(x)
    made = torch.zeros_like(x)
    with torch.no_grad():
        for place in model.order:
            code = torch.multinomial(model.step(made, place, told).softmax(1), 1)[:, 0]
            made[torch.arange(len(x)), code, place] = 1
        torch.testing.assert_close(model(made, told)[:, :, 3], model.step(made, 3, told))
    centres = torch.stack([x[of == k].mean(0) for k in range(3)])
    assert (torch.einsum("nal,kal->nk", made, centres).argmax(1) == of).float().mean() > 0.9
    fresh = Couplings(A, L, guide=fitted.size)
    fresh.load_state_dict(model.state_dict())
    assert fresh.order == model.order
    torch.testing.assert_close(fresh(x, told), model(x, told))
