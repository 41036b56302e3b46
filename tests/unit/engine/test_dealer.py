"""The hands of a step follow from (seed, turn, attempt) alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.unit.engine.toy import ring, settings, toy_game
from vivogan.engine.dealer import Dealer, TrainingSet
from vivogan.engine.settings import GameSettings
from vivogan.errors import SettingsError, UserError

GAME = toy_game()


def jitter(x: Tensor, rng: torch.Generator) -> Tensor:
    return x + 100 + torch.rand(x.shape, generator=rng)


def louder(x: Tensor, p: float, rng: torch.Generator) -> Tensor:
    return x * (1 + p * torch.rand(len(x), 1, generator=rng))


def dealer(game: GameSettings | None = None, data: TrainingSet | None = None) -> Dealer:
    return Dealer(data or ring(), game or settings(), 7, lambda x, rng: x, louder)


def deal(source: Dealer, turn: int, attempt: int = 0, p: float = 0.0, graph: bool = False) -> list[tuple[Tensor, ...]]:
    hands = source.deal(GAME.generator, "cpu", turn, attempt, p, graph)
    return [(h.real, h.fake, h.condition if h.condition is not None else torch.empty(0)) for h in hands]


@pytest.mark.parametrize("p", [0.0, 0.5])
def test_a_hand_is_the_same_in_any_order_of_play(p: float) -> None:
    one, other = dealer(), dealer()
    forward = [deal(one, turn, p=p) for turn in range(6)]
    backward = [deal(other, turn, p=p) for turn in reversed(range(6))][::-1]
    for a, b in zip(forward, backward, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a[0], b[0], strict=True))
    assert not torch.equal(forward[0][0][1], forward[1][0][1])


def test_the_condition_belongs_to_the_record() -> None:
    data = ring()
    ((real, _, condition),) = deal(dealer(), 3)
    assert data.condition is not None
    for x, c in zip(real, condition, strict=True):
        assert c == data.condition[(data.x == x).all(1)][0]


def test_without_conditions_there_are_none() -> None:
    hands = dealer(data=TrainingSet(ring().x)).deal(GAME.generator, "cpu", 0, 0, 0.0, False)
    assert hands[0].condition is None


def test_another_attempt_has_other_latents_and_the_same_records() -> None:
    ((real, fake, _),) = deal(dealer(), 2, attempt=0)
    ((same, other, _),) = deal(dealer(), 2, attempt=1)
    assert torch.equal(real, same)
    assert not torch.equal(fake, other)


def test_micro_batches_cut_one_batch() -> None:
    ((real, fake, condition),) = deal(dealer(), 1)
    cut = deal(dealer(settings(accumulate=4)), 1)
    assert [len(hand[0]) for hand in cut] == [8] * 4
    assert torch.equal(torch.cat([hand[0] for hand in cut]), real)
    assert torch.equal(torch.cat([hand[2] for hand in cut]), condition)
    torch.testing.assert_close(torch.cat([hand[1] for hand in cut]), fake)


def test_the_generators_graph_is_there_when_asked_for() -> None:
    for graph in (True, False):
        ((_, fake, _),) = deal(dealer(), 0, p=0.5, graph=graph)
        assert fake.requires_grad == graph


def test_symmetries_touch_the_real_side_alone_and_disturbances_both() -> None:
    ((real, fake, _),) = deal(dealer(), 0)
    only_real = Dealer(ring(), settings(), 7, jitter, louder)
    ((moved, same, _),) = deal(only_real, 0)
    assert (moved > 50).all()
    assert torch.equal(same, fake)
    ((loud_real, loud_fake, _),) = deal(dealer(), 0, p=0.5)
    assert (loud_real / real > 1).any()
    assert (loud_fake / fake > 1).any()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_poisoned_record_is_named(value: float) -> None:
    x = ring(64).x.clone()
    x[37, 1] = value
    with pytest.raises(UserError, match="record 37 ") as caught:
        deal(dealer(settings(batch=64), TrainingSet(x)), 0)
    assert caught.value.exit_code == 2


def test_a_batch_that_cannot_be_cut_evenly_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"game.batch: 32 .* 3 micro-batch.*multiple of 3"):
        dealer(settings(accumulate=3))
