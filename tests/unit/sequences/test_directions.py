"""Directions have the effects that were put into them, and no name where there is none."""

import numpy as np
import pytest

from vivogan.domains.sequences.tools.directions import (
    class_effects,
    corrected,
    names,
    style_effects,
    truncation_effects,
)


def test_a_style_is_named_by_what_follows_it() -> None:
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(400, 2))
    style = hidden @ np.array([[3.0, 3, 3, 0], [0, 0, 0, 1]]) + 0.1 * rng.normal(size=(400, 4))
    values = {"GC content": hidden[:, 0] + 0.5 * rng.normal(size=400), "length": rng.normal(size=400)}
    found = corrected(style_effects(style, values))
    first = next(effect for effect in found if effect.quantity == "GC content")
    assert abs(first.effect) == pytest.approx(1 / np.sqrt(1.25), abs=0.03)
    assert first.low < first.effect < first.high
    said = names(found)
    assert "GC content" in said[first.direction]
    assert all("length" not in words for words in said.values())


def test_a_class_is_named_by_its_difference() -> None:
    rng = np.random.default_rng(1)
    y = np.repeat([0, 1], 300)
    found = corrected(
        class_effects(y, ["low", "high"], {"charge": rng.normal(2.0 * y, 2), "none": rng.normal(size=600)})
    )
    effect = next(e for e in found if e.direction == "high" and e.quantity == "charge")
    assert effect.effect == pytest.approx(1.0, abs=0.2)
    assert effect.change == pytest.approx(2.0, abs=0.4)
    assert names(found)["high"].startswith("more charge")


def test_noise_has_no_name() -> None:
    rng = np.random.default_rng(2)
    values = {"a": rng.normal(size=200), "constant": np.ones(200), "unknown": np.full(200, np.nan)}
    found = corrected(style_effects(rng.normal(size=(200, 3)), values) + truncation_effects(values, values))
    assert set(names(found).values()) == {"nothing that was measured"}
    assert all(np.isfinite([e.effect, e.low, e.high, e.p, e.q]).all() for e in found)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng, y = np.random.default_rng(3), np.repeat([0, 1], 60)
    held = []
    for _ in range(300):
        effect = class_effects(y, ["a", "b"], {"v": rng.normal(0.8 * y)})[1]
        held.append(effect.low < 0.8 < effect.high)
    assert 0.91 < np.mean(held) < 0.985
