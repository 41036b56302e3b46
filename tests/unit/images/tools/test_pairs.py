"""Images come to a common range; those without contrast stay without."""

from __future__ import annotations

import numpy as np

from vivogan.domains.images.tools.pairs import Normaliser, limits


def shots(gains: list[float]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    base = rng.gamma(2, 20, (40, 50, 2))
    return [np.clip(base * g, 0, 65535).astype(np.uint16) for g in gains]


def test_images_of_one_exposure_share_their_range() -> None:
    images = shots([1, 1.02, 0.98])
    normalise = Normaliser.fit(images)
    assert normalise.shared
    twice = np.clip(images[0].astype(int) * 2, 0, 65535).astype(np.uint16)
    assert normalise(twice).mean() > 1.8 * normalise(images[0]).mean()  # brightness keeps its meaning


def test_images_of_many_exposures_have_each_their_own() -> None:
    images = shots([0.5, 1, 4, 9])
    normalise = Normaliser.fit(images)
    assert not normalise.shared
    np.testing.assert_allclose(normalise(images[2]), normalise(images[1]), atol=0.1)
    assert normalise(images[0]).shape == (2, 40, 50)


def test_noise_of_an_empty_image_is_not_blown_up() -> None:
    normalise = Normaliser.fit(shots([0.5, 1, 4, 9]))
    noise = np.random.default_rng(1).integers(10, 13, (40, 50, 2)).astype(np.uint16)
    assert np.ptp(normalise(noise)) < 0.3
    flat = normalise(np.full((40, 50, 2), 7, np.uint16))
    assert np.isfinite(flat).all()
    assert np.ptp(flat) == 0


def test_it_survives_its_state() -> None:
    images = shots([0.5, 1, 4])
    normalise = Normaliser.fit(images)
    again = Normaliser.from_state(*normalise.state())
    np.testing.assert_array_equal(again(images[0]), normalise(images[0]))


def test_limits_of_a_large_image_come_from_some_of_its_pixels() -> None:
    image = np.arange(2000 * 1000, dtype=np.float32).reshape(2000, 1000, 1)
    low, high = limits(image)
    np.testing.assert_allclose([low[0], high[0]], np.percentile(image, [1, 99.8]), rtol=1e-2)
