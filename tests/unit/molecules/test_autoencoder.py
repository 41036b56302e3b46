"""Points say everything about a molecule, lie on a sphere, and are learned through noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from vivogan.domains.likelihood import LikelihoodSettings, Part, learn
from vivogan.domains.molecules.autoencoder import Autoencoder

TOKENS, LENGTH = 30, 9


def numbers(n: int, seed: int = 0) -> Tensor:
    """Random molecules of 1 to L − 1 tokens."""
    rng = np.random.default_rng(seed)
    found = np.zeros((n, LENGTH), np.int16)
    for row in found:
        count = rng.integers(1, LENGTH)
        row[:count] = rng.integers(1, TOKENS, count)
    return torch.from_numpy(found)


def built(seed: int = 0, **settings: float) -> Autoencoder:
    torch.manual_seed(seed)
    return Autoencoder(TOKENS, LENGTH, size=8, width=24, **settings).eval()  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(3))
def test_every_molecule_comes_back_from_its_point_even_before_learning(seed: int) -> None:
    autoencoder, x = built(seed), numbers(200, seed)
    assert torch.equal(autoencoder.read(autoencoder.points(x)), x.long())


def test_a_point_that_leaves_nothing_open_reads_as_the_likeliest_tokens() -> None:
    autoencoder = built()
    z = torch.randn(50, 8)
    read = autoencoder.read(torch.cat([z, torch.zeros(50, LENGTH)], 1))
    likeliest = autoencoder.logits(z, read).argmax(2)
    inside = torch.cat([torch.ones(50, 1, dtype=torch.long), read[:, :-1]], 1).cumprod(1) > 0
    assert torch.equal(likeliest[inside], read[inside])
    assert (read[~inside] == 0).all()


def test_a_larger_share_takes_a_less_likely_token() -> None:
    autoencoder = built()
    z = torch.randn(1, 8)
    shares = autoencoder.logits(z, torch.zeros(1, 1).long()).detach().softmax(2)[0, 0].sort(descending=True)
    for rank, share in ((0, 0.0), (1, float(shares.values[0]) + 1e-3), (TOKENS - 1, 0.9999)):
        open_ = torch.zeros(1, LENGTH)
        open_[0, 0] = share
        assert int(autoencoder.read(torch.cat([z, open_], 1))[0, 0]) == int(shares.indices[rank])


def test_what_is_learned_through_has_mean_0_and_variance_1() -> None:
    autoencoder, x = built().train(), numbers(300).long()
    z = autoencoder.encode(x)
    assert z.mean(0).detach().numpy() == pytest.approx(0, abs=1e-4)
    assert z.var(0, unbiased=False).detach().numpy() == pytest.approx(1, rel=2e-2)
    assert torch.allclose(autoencoder.eval().encode(x), z, atol=2e-3)  # what it remembers is what it saw


def test_no_molecules_give_no_points() -> None:
    autoencoder = built()
    assert autoencoder.points(numbers(0)).shape == (0, 8 + LENGTH)
    assert autoencoder.read(torch.zeros(0, 8 + LENGTH)).shape == (0, LENGTH)


def test_it_learns_to_read_through_noise_and_more_noise_lets_less_through() -> None:
    x = numbers(64)
    part = Part(x, torch.zeros(64, dtype=torch.long))
    found = {}
    for noise in (0.2, 3.0):
        autoencoder = built(noise=noise)
        before = float(autoencoder.anchor(x, part.y).detach())
        found[noise] = learn(autoencoder, part, part, LikelihoodSettings(epochs=60, batch=16, rate=1e-2), 0)
        assert found[noise] < before
    assert found[0.2] < 0.5 * found[3.0]


def test_tokens_are_hidden_from_the_decoder_while_it_learns_alone() -> None:
    autoencoder, x = built(hidden=0.5), numbers(20).long()
    z = torch.randn(20, 8)
    assert torch.equal(autoencoder.logits(z, x), autoencoder.logits(z, x))
    autoencoder.train()
    assert not torch.equal(autoencoder.logits(z, x), autoencoder.logits(z, x))
