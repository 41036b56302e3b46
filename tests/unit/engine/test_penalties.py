"""Penalties in closed form, and that they teach the weights."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tests.unit.engine.toy import ToyDiscriminator, settings, toy_game
from vivogan.engine.losses import Objective
from vivogan.engine.penalties import interpolated_gradient, squared_gradient
from vivogan.engine.schedules import penalties
from vivogan.engine.step import Penalties, discriminator_loss

INDIFFERENT = Objective(lambda real, fake: 0 * (real.sum() + fake.sum()), lambda real, fake: 0 * fake.sum())


class Linear(nn.Module):
    """D(x) = w · x."""

    def __init__(self, w: Tensor) -> None:
        super().__init__()
        self.w = nn.Parameter(w)

    def forward(self, x: Tensor, condition: Tensor | None) -> Tensor:
        return x.flatten(1) @ self.w


class Quadratic(nn.Module):
    """D(x) = xᵀ A x / 2 with symmetric A."""

    def __init__(self, a: Tensor) -> None:
        super().__init__()
        self.a = nn.Parameter(a)

    def forward(self, x: Tensor, condition: Tensor | None) -> Tensor:
        return (x @ self.a * x).sum(1) / 2


def points(count: int = 7, width: int = 3, seed: int = 0) -> Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def penalised(critic: nn.Module, penalties: Penalties, real: Tensor, fake: Tensor) -> Tensor:
    """The discriminator's loss when nothing but penalties counts."""
    rng = torch.Generator().manual_seed(1)
    loss, watched = discriminator_loss(critic, INDIFFERENT, penalties, real, fake, None, rng)
    assert watched["penalty"].item() == loss.item()
    return loss


def test_of_a_linear_critic_it_is_the_squared_length_of_its_weights() -> None:
    w = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    critic, x = Linear(w), points().requires_grad_()
    assert squared_gradient(critic(x, None), x).item() == pytest.approx(1 + 4 + 0.25)
    for strength in ({"r1": 3.0}, {"r2": 3.0}):
        found = penalised(critic, Penalties(**strength), points(seed=1), points(seed=2))
        assert found.item() == pytest.approx(3 / 2 * 5.25, rel=1e-5)  # logits are float32 in a step
        found.backward()
        torch.testing.assert_close(critic.w.grad, 3 * w, rtol=1e-5, atol=0)  # d/dw of 3/2 ‖w‖²
        critic.w.grad = None


def test_of_a_quadratic_critic_it_is_at_the_points_themselves() -> None:
    a = torch.tensor([[2.0, 1.0, 0.0], [1.0, -1.0, 0.5], [0.0, 0.5, 3.0]], dtype=torch.float64)
    real, fake = points(seed=1), points(seed=2)
    length = {"r1": (real @ a).square().sum(1).mean(), "r2": (fake @ a).square().sum(1).mean()}
    for name, expected in length.items():
        found = penalised(Quadratic(a), Penalties(**{name: 2.0}), real, fake)
        assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    both = penalised(Quadratic(a), Penalties(r1=2.0, r2=4.0), real, fake)
    assert both.item() == pytest.approx((length["r1"] + 2 * length["r2"]).item(), rel=1e-5)


def test_the_interpolated_one_pulls_the_gradient_to_length_one() -> None:
    rng = torch.Generator().manual_seed(0)
    for length in (0.5, 1.0, 3.0):
        w = torch.tensor([length, 0.0, 0.0], dtype=torch.float64)
        found = interpolated_gradient(Linear(w), points(seed=1), points(seed=2), None, rng)
        assert found.item() == pytest.approx((length - 1) ** 2, abs=1e-6)


def test_the_interpolated_one_looks_between_the_samples_and_at_a_place_of_its_own_for_each() -> None:
    seen: list[Tensor] = []

    def critic(x: Tensor, condition: Tensor | None) -> Tensor:
        seen.append(x.detach())
        return x.square().sum(1)

    real, fake = torch.zeros(200, 2), torch.ones(200, 2)
    interpolated_gradient(critic, real, fake, None, torch.Generator().manual_seed(0))
    place = seen[0]
    assert torch.equal(place[:, 0], place[:, 1])
    assert place.min() > 0
    assert place.max() < 1
    assert len(place[:, 0].unique()) > 190
    assert abs(float(place.mean()) - 0.5) < 0.1


@pytest.mark.parametrize("strength", [{"r1": 1.0}, {"r2": 1.0}, {"interpolated": 1.0}])
def test_the_second_derivative_reaches_every_weight(strength: dict[str, float]) -> None:
    torch.manual_seed(0)
    critic = ToyDiscriminator().double()
    critic.body[1] = critic.body[3] = nn.Tanh()  # smooth, for the finite difference below
    real, fake = points(64, 2, 1), points(64, 2, 2)
    penalised(critic, Penalties(**strength), real, fake).backward()
    weights = {name: p for name, p in critic.named_parameters() if name.endswith("weight") and "embedding" not in name}
    assert len(weights) == 3
    for name, parameter in weights.items():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 1e-6, name
    # Walking along the gradient of a layer raises the penalty by the gradient's length a step.
    layer, step = critic.body[0].weight, 0.01
    assert layer.grad is not None
    slope = layer.grad.norm()
    values = []
    for sign in (1, -1):
        with torch.no_grad():
            layer += sign * step * layer.grad / slope
        values.append(penalised(critic, Penalties(**strength), real, fake).item())
        with torch.no_grad():
            layer -= sign * step * layer.grad / slope
    assert (values[0] - values[1]) / (2 * step) == pytest.approx(slope.item(), rel=0.02)


def test_lazily_it_comes_every_k_th_turn_k_times_as_strong() -> None:
    lazy = settings(penalty_every=4, r1=0.5, r2=0.25, gradient_penalty=2.0)
    strengths = [penalties(lazy, turn, 0.0) for turn in range(12)]
    assert [turn for turn, strength in enumerate(strengths) if strength] == [0, 4, 8]
    assert strengths[4] == Penalties(4 * 0.5, 4 * 0.25, 4 * 2.0)
    assert penalties(lazy, 4, 0.0, strength=2.0) == Penalties(8 * 0.5, 8 * 0.25, 8 * 2.0)
    assert [penalties(settings(penalty_every=1, r1=0.5), turn, 0.0).r1 for turn in range(3)] == [0.5] * 3


def test_the_strength_moves_from_start_to_end_by_a_constant_rate() -> None:
    moving = settings(penalty_every=1, r1=1.0, penalty_final=0.01)
    assert [penalties(moving, 0, p).r1 for p in (0.0, 0.5, 1.0)] == pytest.approx([1.0, 0.1, 0.01])


def test_no_penalty_is_false_and_any_is_true() -> None:
    assert not Penalties()
    assert all([Penalties(r1=1), Penalties(r2=1), Penalties(interpolated=1)])


def test_the_generator_gets_no_gradient_from_the_discriminators_turn() -> None:
    game = toy_game()
    real = torch.randn(8, 2)
    fake = game.generator(torch.randn(8, 4), None)
    rng = torch.Generator().manual_seed(0)
    loss, _ = discriminator_loss(
        game.discriminator, game.objective, Penalties(r1=1, r2=1, interpolated=1), real, fake, None, rng
    )
    loss.backward()
    assert all(p.grad is None for p in game.generator.parameters())
