"""A sample has a name, (seed, number), and looks the same whoever asks for it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn

from tests.unit.engine.toy import ToyDiscriminator, ToyGenerator
from vivogan.domains.images.networks import ImageGenerator
from vivogan.engine.sampler import BLOCK, even_shares, sample, uniform

torch.manual_seed(0)
GENERATOR, DISCRIMINATOR = ToyGenerator(), ToyDiscriminator()
IMAGES = ImageGenerator(16, 1, 8, latent_dim=8, width=16).eval()


def classes(rows: NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(rows % 8)


def drawn(numbers: list[int], generator: nn.Module = GENERATOR, seed: int = 3, **more: object) -> Tensor:
    return sample(generator, seed, np.array(numbers, np.int64), classes, **more)  # type: ignore[arg-type]


@cache
def all_of(generator: nn.Module, discriminator: nn.Module | None, keep: float) -> Tensor:
    return drawn(list(range(301)), generator, discriminator=discriminator, keep=keep)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=20), st.sampled_from([1.0, 0.3]))
def test_a_sample_depends_on_its_number_alone(numbers: list[int], keep: float) -> None:
    for generator, discriminator in ((GENERATOR, DISCRIMINATOR), (IMAGES, None)):
        everything = all_of(generator, discriminator, keep)
        assert torch.equal(drawn(numbers, generator, discriminator=discriminator, keep=keep), everything[numbers])


def test_numbers_far_apart_and_large() -> None:
    far = [10**12, 0, 10**12 + BLOCK, 5]
    assert torch.equal(drawn(far)[[1, 3]], drawn([0, 5]))
    assert torch.equal(drawn(far)[2:3], drawn([10**12 + BLOCK]))


def test_seeds_and_numbers_give_different_samples() -> None:
    rows = torch.cat([drawn(list(range(200))), drawn(list(range(200)), seed=4)])
    assert len(rows.unique(dim=0)) == 400


def test_the_condition_is_asked_by_number() -> None:
    assert not torch.equal(drawn([9]), sample(GENERATOR, 3, np.array([9]), lambda rows: torch.full((len(rows),), 5)))
    assert torch.equal(drawn([13]), sample(GENERATOR, 3, np.array([13]), lambda rows: torch.full((len(rows),), 5)))


def test_truncation_brings_samples_nearer_to_the_middle() -> None:
    numbers = list(range(256))
    middle = sample(GENERATOR, 3, np.array(numbers), lambda rows: None, truncation=1e-9)
    spreads = [
        sample(GENERATOR, 3, np.array(numbers), lambda rows: None, truncation=t).sub(middle).square().mean().item()
        for t in (0.25, 0.5, 1.0)
    ]
    assert middle.std(0).max() < 1e-6
    assert spreads == sorted(spreads)
    assert spreads[0] < spreads[2] / 4


def test_keeping_fewer_raises_what_the_discriminator_thinks() -> None:
    class Louder(nn.Module):
        def forward(self, x: Tensor, c: Tensor) -> Tensor:
            return 300 * DISCRIMINATOR(x, c)

    numbers = list(range(512))
    critic = Louder()
    logits = [
        critic(drawn(numbers, discriminator=critic, keep=keep), classes(np.arange(512))).mean().item()
        for keep in (1.0, 0.5, 0.1)
    ]
    assert logits == sorted(logits)
    assert logits[2] > logits[0] + 0.5


def test_candidates_are_drawn_in_proportion_to_their_likelihood_ratio() -> None:
    class Coin(nn.Module):
        """0 or 1, as z falls."""

        latent_dim = 1

        def forward(self, z: Tensor, c: Tensor | None) -> Tensor:
            return (z > 0).float()

    odds = 3.0
    made = sample(Coin(), 0, np.arange(20_000), discriminator=LogOdds(odds), keep=0.5, condition=lambda rows: None)
    # Two fair coins: equal ones (1/2) leave no choice, of unequal ones heads is taken 3 times of 4.
    expected = 0.25 + 0.5 * odds / (1 + odds)
    assert made.mean().item() == pytest.approx(expected, abs=5 * np.sqrt(0.25 / 20_000))


class LogOdds(nn.Module):
    def __init__(self, odds: float) -> None:
        super().__init__()
        self.logit = float(np.log(odds))

    def forward(self, x: Tensor, c: Tensor | None) -> Tensor:
        return self.logit * x[:, 0]


def test_keeping_all_needs_no_judge() -> None:
    assert torch.equal(drawn([1, 2], discriminator=DISCRIMINATOR, keep=1.0), drawn([1, 2]))
    assert torch.equal(drawn([1, 2], keep=0.2), drawn([1, 2]))


@pytest.mark.parametrize("wrong", [{"keep": 0.0}, {"keep": 1.1}, {"truncation": 0.0}, {"truncation": 1.5}])
def test_shares_beyond_their_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="lie in"):
        drawn([0], **wrong)


def test_no_number_no_sample() -> None:
    with pytest.raises(ValueError, match="no sample"):
        drawn([])


def test_no_gradient_and_float32_on_the_cpu() -> None:
    made = drawn([0, 1, 2])
    assert (made.dtype, made.device.type, made.requires_grad) == (torch.float32, "cpu", False)


def test_uniform_numbers_are_uniform_and_belong_to_their_index() -> None:
    numbers = uniform(1, "class", np.arange(20_000))
    assert np.abs(np.histogram(numbers, 10, (0, 1))[0] / 20_000 - 0.1).max() < 0.012
    assert np.array_equal(numbers[[7, 3]], uniform(1, "class", np.array([7, 3])))
    assert not np.array_equal(numbers, uniform(1, "other", np.arange(20_000)))


def test_the_number_of_threads_makes_no_difference() -> None:
    generator = ToyGenerator(256).eval()
    threads = torch.get_num_threads()
    found = []
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            found.append(sample(generator, 0, np.arange(500), lambda rows: torch.zeros(len(rows), dtype=torch.long)))
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*found)


def test_even_shares_are_uniform_evenly_spaced_and_belong_to_their_index() -> None:
    shares = even_shares(3, np.arange(1000)).numpy()
    gaps = np.diff(np.sort(shares))
    assert shares.min() >= 0
    assert shares.max() < 1
    assert gaps.max() < 3 / 1000  # of independent ones it is about 7 / 1000
    assert gaps.min() > 0.3 / 1000
    assert even_shares(3, np.array([5])).numpy() == shares[5]
    assert even_shares(4, np.array([5])).numpy() != shares[5]


def test_a_generator_that_draws_evenly_is_given_even_shares_unless_truncated() -> None:
    class Even(nn.Module):
        latent_dim = 1

        def forward(self, z: Tensor, condition: Tensor | None) -> Tensor:
            return torch.full((len(z),), -1.0)

        def evenly(self, even: Tensor, z: Tensor, condition: Tensor | None) -> Tensor:
            return even

    numbers = np.array([200, 3, 4])
    found = sample(Even(), 1, numbers)
    assert len(set(found.tolist())) == 3
    assert (found >= 0).all()
    assert torch.equal(found, sample(Even(), 1, np.arange(300))[numbers])
    assert (sample(Even(), 1, numbers, truncation=0.5) == -1).all()
