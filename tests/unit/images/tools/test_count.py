"""The counter: masses stay, centres are found, lines are honest, and it learns to count what it is shown."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.tools.calibrate import Calibration, Line, fit_line, quantile, shrunk_line
from vivogan.domains.images.tools.count import Counter, CountPlan, blobs, encoder, fit_counter, split_mass
from vivogan.domains.images.tools.crops import CropSettings
from vivogan.domains.images.tools.pairs import Pair
from vivogan.domains.tasks.learn import LearnSettings

PLAN = CountPlan(
    widths=(16, 24),
    crops=CropSettings(size=48, batch=4, gain=0.02, offset=0.01),
    learn=LearnSettings(steps=150, tick=150, learning_rate=5e-3),
)


def discs(seed: int, classes: int = 1, size: int = 64) -> Pair:
    """Bright discs of radius 4; those of the second class are darker and larger."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 9))
    centres = rng.uniform(6, size - 6, (n, 2)).astype(np.float32)
    kinds = rng.integers(classes, size=n).astype(np.intp)
    image = 0.05 * rng.standard_normal((size, size)).astype(np.float32)
    y, x = np.mgrid[:size, :size]
    boxes = []
    for (cy, cx), kind in zip(centres, kinds, strict=True):
        radius = 4 + 3 * kind
        image[(y - cy) ** 2 + (x - cx) ** 2 < radius**2] = 1 - 0.5 * kind
        boxes.append((cy - radius, cx - radius, cy + radius, cx + radius))
    return Pair(image[None], Objects(centres, kinds, np.array(boxes, np.float32)))


@pytest.fixture(scope="module")
def counter() -> Counter:
    torch.set_num_threads(1)
    return fit_counter([discs(i) for i in range(24)], [], ["disc"], PLAN, seed=0)


def test_blobs_sum_to_the_number_of_objects_even_at_the_border() -> None:
    centres = np.array([[0, 0], [31, 39], [15.5, 20.25], [0, 39]], np.float32)
    assert blobs(centres, (32, 40), 2.5).sum() == pytest.approx(4, rel=1e-4)
    assert blobs(centres[:0], (32, 40), 2.5).sum() == 0


def test_masses_are_split_into_objects() -> None:
    centres = np.array([[10, 10], [30, 12], [30, 14.5], [30, 17]], np.float32)  # three of them in one blob
    found, mass = split_mass(blobs(centres, (48, 48), 2.0), 2.0, 0.5)
    assert len(found) == 4
    nearest = np.linalg.norm(found[:, None] - centres[None], axis=2).min(0)
    assert (nearest < 1.5).all()
    assert mass.sum() == pytest.approx(4, rel=0.05)
    assert len(split_mass(np.zeros((20, 20), np.float32), 2.0, 0.5)[0]) == 0


def test_it_learns_to_count(counter: Counter) -> None:
    pairs = [discs(i) for i in range(100, 120)]
    found = [counter.count(pair.image) for pair in pairs]
    true = np.array([len(pair.objects) for pair in pairs])
    counts = np.array([c.counts[0] for c in found])
    assert np.abs(counts - true).mean() < 0.5 * np.abs(true - true.mean()).mean()
    for c in found:
        assert c.low[0] <= c.counts[0] <= c.high[0]
        assert c.objects.boxes is not None
        assert c.density.shape == (1, 64, 64)
    sizes = np.concatenate([c.objects.boxes[:, 2:] - c.objects.boxes[:, :2] for c in found])
    assert np.median(sizes) == pytest.approx(8, abs=2)


def test_a_blank_image_holds_nothing(counter: Counter) -> None:
    found = counter.count(np.zeros((1, 64, 64), np.float32))
    assert found.low[0] == 0
    assert found.counts[0] < 1
    assert len(found.objects) == 0


def test_tiles_count_what_the_whole_counts(counter: Counter) -> None:
    image = np.tile(discs(3).image, (1, 3, 4))
    once, tiled = counter.count(image, tile=4096), counter.count(image, tile=64)
    np.testing.assert_allclose(tiled.density, once.density, atol=1e-5)
    assert tiled.counts[0] == pytest.approx(once.counts[0], rel=1e-5)


def test_it_survives_its_state(counter: Counter) -> None:
    again = Counter.from_state(*counter.state())
    image = discs(7).image
    np.testing.assert_array_equal(again.count(image).counts, counter.count(image).counts)
    assert again.calibration == counter.calibration


def test_the_same_seed_gives_the_same_counter() -> None:
    plan = PLAN.model_copy(update={"learn": LearnSettings(steps=3)})
    one, other = (fit_counter([discs(0)], [discs(1)], ["disc"], plan, seed=5) for _ in "ab")
    for a, b in zip(one.state()[0].values(), other.state()[0].values(), strict=True):
        assert torch.equal(a, b)


def test_several_classes_have_a_density_each() -> None:
    pair = discs(2, classes=2)
    maps = encoder(PLAN, 2, True)(pair.objects, (64, 64))
    assert maps.shape == (5, 64, 64)
    np.testing.assert_allclose(maps[:2].sum((1, 2)) / 100, np.bincount(pair.objects.classes, minlength=2), rtol=1e-3)


def test_a_line_of_two_images_hardly_bends() -> None:
    slope, intercept = shrunk_line(np.array([10.0, 12.0]), np.array([14.0, 11.0]))
    assert abs(slope - 1) < 0.3
    assert abs(intercept) < 3
    raw = np.linspace(50, 200, 60)
    slope, intercept = shrunk_line(raw, 1.1 * raw - 5)
    assert slope == pytest.approx(1.1, abs=0.03)


def test_intervals_hold_their_share() -> None:
    rng = np.random.default_rng(0)
    true = rng.uniform(20, 200, 400)
    raw = true + np.sqrt(true) * rng.standard_normal(400) * 0.3
    line = fit_line(raw[:100], true[:100], True)
    low, high = line.interval(line(raw[100:]))
    assert 0.85 < ((low <= true[100:]) & (true[100:] <= high)).mean() <= 1.0
    assert quantile(np.zeros(2)) > 0.3  # a fit to two images promises nothing
    empty = Line(width=3.0).interval(np.array([0.0]))
    assert empty[0][0] == 0
    assert empty[1][0] > 0


def test_calibrations_are_json() -> None:
    known = Calibration((Line(1.1, 0.2, 3.0),), (Line(),), (True,), (0.35,))
    assert Calibration.from_dict(known.to_dict()) == known
