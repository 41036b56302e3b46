from __future__ import annotations

import numpy as np
import torch

from vivogan.domains.molecules.baselines import MANY, ClassGaussian, MarkovChain, baselines

CORNERS = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])


def cyclic(count: int, seed: int) -> tuple[torch.Tensor, np.ndarray]:
    """Class 0 counts up, class 1 down, from a random beginning."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, count)
    s = (rng.integers(0, 4, count)[:, None] + np.where(y, -1, 1)[:, None] * np.arange(7)) % 4
    return CORNERS[torch.from_numpy(s)].transpose(1, 2), y


def test_a_chain_follows_what_followed_in_its_class() -> None:
    x, y = cyclic(300, 0)
    chain = MarkovChain().fit(x, y)
    wanted = np.arange(200) % 2
    made = chain.sample(wanted, 1)
    assert made.shape == (200, 2, 7)
    s = torch.cdist(made.transpose(1, 2), CORNERS[None].expand(200, -1, -1)).argmin(2).numpy()
    steps = np.diff(s, axis=1) % 4
    right = (steps == np.where(wanted, 3, 1)[:, None]).mean()
    assert right > 0.9  # the rest is back-off to shorter contexts
    assert 0.15 < (s[:, 0] == 0).mean() < 0.35


def test_real_numbers_are_taken_to_their_nearest_neighbours() -> None:
    x = torch.randn(MANY, 3, 2)
    y = np.zeros(MANY, np.intp)
    made = MarkovChain().fit(x, y).sample(y[:50], 0)
    assert made.shape == (50, 3, 2)
    assert torch.isfinite(made).all()


def test_a_gaussian_has_mean_and_covariance_of_its_class() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 4000)
    x = torch.from_numpy(
        rng.standard_normal((4000, 3)) @ np.array([[2.0, 0, 0], [1, 1, 0], [0, 0, 0.1]]) + 5 * y[:, None]
    )
    made = ClassGaussian().fit(x, y).sample(y, 2).numpy()
    for k in (0, 1):
        assert np.allclose(made[y == k].mean(0), x[y == k].mean(0), atol=0.15)
        assert np.allclose(np.cov(made[y == k].T), np.cov(x[y == k].T), atol=0.4)


def test_samples_follow_their_seed() -> None:
    x, y = cyclic(100, 3)
    for baseline in baselines().values():
        fitted = baseline.fit(x, y)
        assert torch.equal(fitted.sample(y, 1), fitted.sample(y, 1))
        assert not torch.equal(fitted.sample(y, 1), fitted.sample(y, 2))
