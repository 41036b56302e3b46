"""The latent model: a codec that loses nothing, a start that is the mixture, a game among noisy points."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import norm

from vivogan.core.seeds import latents
from vivogan.domains.base import Start
from vivogan.domains.likelihood import LikelihoodSettings
from vivogan.domains.molecules.latent import Latent, LatentCodec, LatentDiscriminator, LatentGenerator
from vivogan.domains.molecules.latent_plan import LATENT_GAME, LatentSettings
from vivogan.domains.molecules.mixture import Mixture
from vivogan.domains.molecules.plan import MoleculePlan
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.engine.game import Game
from vivogan.engine.settings import GameSettings
from vivogan.engine.speed import samples_per_second
from vivogan.errors import DamagedRun

SMILES = [
    f"{a}{b}{c}" for a in ("C", "N", "O", "CC") for b in ("C", "C1CC1", "c1ccccc1", "C(=O)") for c in ("C", "N", "O")
]
OWN = LatentSettings(merges=2, size=6, width=16, mixture=3, generator_width=16, discriminator_width=16)


def plan(**game: Any) -> Any:
    settings = LATENT_GAME.model_copy(update={"batch": 16, **game})
    return SimpleNamespace(latent=OWN, game=settings, likelihood=LikelihoodSettings(epochs=2, batch=16))


@cache
def records() -> MoleculeRecords:
    from rdkit import Chem

    own = [Chem.MolToSmiles(Chem.MolFromSmiles(text)) for text in SMILES]
    return MoleculeRecords(own, {}, [str(i) for i in range(len(own))])


@cache
def codec() -> LatentCodec:
    return Latent().fit_codec(records(), np.arange(len(SMILES)), plan(), 0)


def test_every_molecule_is_decoded_as_it_was_encoded() -> None:
    x = codec().encode(records(), np.arange(len(SMILES)))
    assert x.shape == (len(SMILES), OWN.size + codec().spelling.length)
    assert x.dtype == torch.float32
    assert codec().decode(x) == records().smiles


def test_the_codec_is_the_same_after_keeping() -> None:
    again = Latent().load_codec(*codec().state())
    rows = np.arange(5)
    assert torch.equal(again.encode(records(), rows), codec().encode(records(), rows))
    assert codec().state()[1]["model"] == "latent"


@pytest.mark.parametrize("lost", ["vocabulary", "size", "length"])
def test_a_codec_that_lacks_something_is_damaged(lost: str) -> None:
    tensors, state = codec().state()
    with pytest.raises(DamagedRun):
        Latent().load_codec(tensors, {k: v for k, v in state.items() if k != lost})
    with pytest.raises(DamagedRun):
        Latent().load_codec({}, state)


def test_the_game_starts_at_the_mixture_and_leaves_nothing_open() -> None:
    generator, _ = Latent().networks(codec(), 2, plan())
    assert isinstance(generator, LatentGenerator)
    z, y = torch.randn(20, generator.latent_dim), torch.arange(20) % 2
    x = generator(z, y)
    assert torch.equal(x[:, : OWN.size], generator.mixture(z, y))
    assert (x[:, OWN.size :] == 0).all()


def test_the_discriminator_sees_the_latent_alone() -> None:
    discriminator = LatentDiscriminator(6, 2, 16)
    x, y = torch.randn(8, 10), torch.arange(8) % 2
    other = torch.cat([x[:, :6], torch.rand(8, 4)], 1)
    assert torch.equal(discriminator(x, y), discriminator(other, y))
    assert not torch.allclose(discriminator(x, y), discriminator(x, 1 - y))


def test_real_points_go_through_the_channel() -> None:
    noisy = Latent().symmetry(plan())(torch.zeros(4000, OWN.size + 3), torch.Generator().manual_seed(0))
    assert float(noisy[:, : OWN.size].std()) == pytest.approx(OWN.played, rel=0.02)
    assert (noisy[:, OWN.size :] == 0).all()


def test_starting_fits_the_mixture_to_noisy_points() -> None:
    generator, _ = Latent().networks(codec(), 1, plan())
    x = torch.cat([3 + torch.randn(3000, OWN.size), torch.zeros(3000, codec().spelling.length)], 1)
    y = np.zeros(3000, np.intp)
    part = Start(x, y, x[:10], y[:10], plan(), 0, lambda record: None, lambda: False)
    assert Latent().start(generator, part)
    made = generator(torch.from_numpy(latents(0, np.arange(4000), generator.latent_dim)), torch.zeros(4000).long())
    assert made[:, : OWN.size].mean(0).detach().numpy() == pytest.approx(3, abs=0.15)
    assert made[:, : OWN.size].std(0).detach().numpy() == pytest.approx((1 + OWN.played**2) ** 0.5, rel=0.1)


def test_the_game_moves_the_generator() -> None:
    generator, discriminator = Latent().networks(codec(), 1, plan())
    before = generator.leave.weight.clone()  # type: ignore[union-attr, operator]
    game = Game(generator, discriminator, plan(learning_rate=1e-2).game)
    samples_per_second(game, codec().encode(records(), np.arange(len(SMILES))), torch.zeros(len(SMILES)).long(), 4, 0)
    assert not torch.equal(before, generator.leave.weight)  # type: ignore[arg-type, union-attr]


def test_adapting_shrinks_for_few_and_grows_for_large_molecules() -> None:
    few, many, large = (
        Latent().adapt(MoleculePlan(model="latent"), {"count": count, "heavy_atoms": {"median": median}})
        for count, median in ((500, 9), (100_000, 9), (100_000, 22))
    )
    assert large.latent.size > many.latent.size == few.latent.size
    assert few.latent.width < many.latent.width == LatentSettings().width
    assert many.game == LATENT_GAME
    assert isinstance(many.game, GameSettings)


def test_a_mixture_finds_its_clusters_and_their_shares_by_class() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=4000)
    centre = np.where(rng.random(4000) < np.where(y == 0, 0.9, 0.2), -5.0, 5.0)
    x = torch.from_numpy(centre[:, None] + rng.normal(size=(4000, 2)) * [1.0, 0.5]).float()
    mixture = Mixture(2, 2, 2)
    mixture.fit(x, y, 0)
    z = torch.from_numpy(latents(1, np.arange(4000), mixture.latent_dim))
    for c, share in ((0, 0.9), (1, 0.2)):
        made = mixture(z, torch.full((4000,), c))
        assert float((made[:, 0] < 0).float().mean()) == pytest.approx(share, abs=0.04)
        left = made[made[:, 0] < 0]
        assert left.mean(0).numpy() == pytest.approx([-5, -5], abs=0.1)
        assert left.std(0).numpy() == pytest.approx([1, 0.5], rel=0.1)


def test_components_that_the_points_do_not_bear_stay_empty() -> None:
    mixture = Mixture(4, 1, 8)
    x = torch.randn(200, 4) + 10  # enough for two components of four numbers
    mixture.fit(x, np.zeros(200, np.intp), 0)
    extremes = torch.zeros(3, 5)
    extremes[:, 0] = torch.tensor([norm.ppf(1e-9), 0.0, norm.ppf(1 - 1e-9)])
    assert float(mixture(extremes, torch.zeros(3).long()).min()) > 5  # never an empty one, which would be at zero
