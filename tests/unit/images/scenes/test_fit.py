"""The game: particles move to where the real pictures came from."""

from __future__ import annotations

import numpy as np
import pytest

from vivogan.domains.images.scenes.fit import fit, jittered, ranked, resampling
from vivogan.domains.images.scenes.settings import SceneDescription, SceneSettings
from vivogan.domains.images.scenes.simulator import build


def test_particles_move_to_both_of_two_sub_populations() -> None:
    """Half of the "real" pictures show few large objects, half many small ones; nothing but pictures is given."""
    size = (64, 64)
    simulator = build("fluorescence", 1, size, SceneDescription(elongation=(1, 1.2), overlap=(0, 0.05)))
    space = simulator.space
    true = np.full((2, len(space)), 0.2)
    true[0, [space.index("diameter"), space.index("density")]] = space["diameter"].unit(8), space["density"].unit(30)
    true[1, [space.index("diameter"), space.index("density")]] = space["diameter"].unit(24), space["density"].unit(7)
    real = [simulator(true[i % 2], size, 1000 + i).image for i in range(40)]
    settings = SceneSettings(crop=64, prior=400, particles=60, rounds=2, discriminator_steps=8)
    seen: list[dict[str, float]] = []
    population = fit(simulator, real, settings, 0, log=seen.append)
    diameters = np.array([space.values(u)["diameter"] for u in population.particles])
    near = [np.abs(np.log(diameters / d)) < 0.35 for d in (8, 24)]
    assert (near[0] | near[1]).mean() > 0.8  # by chance .56: the prior is 5 … 60
    assert min(near[0].mean(), near[1].mean()) > 0.2  # neither is lost
    seen = [record for record in seen if "round" in record]
    assert [record["round"] for record in seen] == [1, 2]
    assert all(0 <= record["told_apart"] <= 1 for record in seen)


def test_resampling_prefers_high_logits_but_keeps_many() -> None:
    rng = np.random.default_rng(0)
    logits = np.concatenate([np.full(50, 3.0), np.full(50, -300.0)])
    chosen = resampling(logits, 1.0, 0.4, rng)
    assert (chosen < 50).mean() > 0.9
    peaked = resampling(np.linspace(0, 1000, 200), 1.0, 0.4, rng)
    assert len(np.unique(peaked)) > 30
    assert peaked.mean() > 110


def test_jitter_stays_in_the_cube_and_ranks_are_areas() -> None:
    rng = np.random.default_rng(0)
    assert ((moved := jittered(rng.random((500, 3)), 0.5, rng)) >= 0).all()
    assert (moved <= 1).all()
    assert ranked(np.array([1.0, 2.0]), np.array([0.0, 0.5])) == 1
    assert ranked(np.array([0.0, 1.0]), np.array([0.0, 1.0])) == pytest.approx(0.5)
