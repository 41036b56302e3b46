"""The door, with every kind of annotation and without any."""

from __future__ import annotations

import numpy as np
import pytest

from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.scenes.composition import compose, cut_outs
from vivogan.domains.images.scenes.imagine import histogram_of, imagine
from vivogan.domains.images.scenes.learned import around_dots, learned, sizes_of
from vivogan.domains.images.scenes.settings import ClassDescription, Kind, SceneDescription, SceneSettings
from vivogan.domains.images.scenes.simulator import simulate
from vivogan.domains.images.tools.pairs import Pair

QUICK = SceneSettings(crop=48, prior=30, particles=12, rounds=1, discriminator_steps=2, batch=4)
DESCRIPTION = SceneDescription(
    count=(6, 12), diameter=(10, 12), classes=(ClassDescription(), ClassDescription(scale=1.5))
)


def annotated(kind: Kind, drawn: str, n: int = 4) -> list[Pair]:
    pairs = simulate(kind, n, (72, 96), 3, description=DESCRIPTION)
    keep = {"masks": ("boxes", "labels"), "boxes": ("boxes",), "dots": ()}[drawn]
    return [
        Pair(
            p.image, Objects(p.objects.centres, p.objects.classes, **{name: getattr(p.objects, name) for name in keep})
        )
        for p in pairs
    ]


@pytest.mark.parametrize("kind", ["fluorescence", "brightfield"])
@pytest.mark.parametrize("mode", ["nothing drawn", "dots", "boxes", "masks", "masks alone", "words alone"])
def test_whatever_is_given_pictures_with_labels_come_out(kind: Kind, mode: str) -> None:
    given = annotated(kind, mode.split()[0]) if mode.split()[0] in ("dots", "boxes", "masks") else []
    unlabelled = [] if mode.endswith("alone") else [p.image for p in annotated(kind, "dots", 6)]
    settings = QUICK.model_copy(update={"kind": kind})
    pairs = imagine(given, unlabelled, 6, (40, 52), settings, 1, description=DESCRIPTION)
    assert len(pairs) == 6
    for pair in pairs:
        objects = pair.objects
        assert pair.image.shape == (1 if kind == "fluorescence" else 3, 40, 52)
        assert pair.image.dtype == np.float32
        assert np.isfinite(pair.image).all()
        assert objects.labels is not None
        assert objects.boxes is not None
        assert len(objects) == len(objects.classes) == len(objects.boxes) == objects.labels.max()
        assert set(objects.classes) <= {0, 1}
    again = imagine(given, unlabelled, 6, (40, 52), settings, 1, description=DESCRIPTION)
    assert all(np.array_equal(a.image, b.image) for a, b in zip(pairs, again, strict=True))


def test_one_picture_without_objects_is_enough() -> None:
    empty = Pair(np.random.default_rng(0).random((1, 50, 60), np.float32), Objects.none((50, 60)))
    assert len(imagine([empty], [], 2, (32, 32), QUICK, 0)) == 2


def test_the_kind_of_light_is_recognised() -> None:
    kinds: list[Kind] = ["fluorescence", "brightfield"]
    for kind in kinds:
        seen: list[dict[str, object]] = []
        real = [p.image for p in simulate(kind, 8, (64, 64), 9, channels=1)]
        imagine([], real, 1, (32, 32), QUICK, 0, log=seen.append)
        assert seen[0]["kind"] == kind


def test_sizes_are_learned_from_masks_boxes_and_dots() -> None:
    one = SceneDescription(
        count=(8, 12), diameter=(14, 14), elongation=(1, 1.1), overlap=(-0.1, -0.1), clustering=(0, 0)
    )
    pairs = simulate("fluorescence", 6, (128, 128), 0, description=one)
    for keep in (("boxes", "labels"), ("boxes",)):
        given = [
            Pair(p.image, Objects(p.objects.centres, p.objects.classes, **{k: getattr(p.objects, k) for k in keep}))
            for p in pairs
        ]
        _, space = learned(given)
        assert space["diameter"].low < 14 < space["diameter"].high
        assert space["density"].low < 10 / 1.6384 < space["density"].high
        sizes = np.concatenate([sizes_of(p)[0] for p in given])
        assert np.nanmedian(sizes) == pytest.approx(14, rel=0.15)


def test_dots_on_blobs_tell_their_width() -> None:
    y, x = np.mgrid[:60, :90].astype(np.float32)
    image = sum(np.exp(-((y - 30) ** 2 + (x - c) ** 2) / (2 * 5.0**2)) for c in (22, 66))[None]
    found = around_dots(np.asarray(image, np.float32), np.array([[30, 22], [30, 66]], np.float32))
    assert found == pytest.approx([2 * 1.18 * 5] * 2, abs=2)


def test_composed_pictures_hold_pasted_objects_where_labels_say() -> None:
    given = annotated("fluorescence", "masks")
    cuts = cut_outs(given)
    assert cuts
    for size in ((60, 60), (100, 130)):  # smaller and larger than what was annotated
        composed = [compose(given, cuts, size, seed, most=3.0) for seed in range(5)]
        before = [compose(given, [], size, seed) for seed in range(5)]
        assert sum(len(p.objects) for p in composed) > sum(len(p.objects) for p in before)
        for pair in composed:
            assert pair.objects.labels is not None
            assert pair.image.shape[1:] == pair.objects.labels.shape == size
            inside = pair.objects.labels > 0
            if inside.any():
                assert pair.image[0][inside].mean() > pair.image[0][~inside].mean()


def test_a_matched_histogram_is_the_models() -> None:
    rng = np.random.default_rng(0)
    image, model = rng.normal(size=(64, 64)).astype(np.float32), rng.gamma(2, size=(50, 70)).astype(np.float32)
    moved = histogram_of(image, model)
    levels = [5, 25, 50, 75, 95]
    assert np.percentile(moved, levels) == pytest.approx(np.percentile(model, levels), abs=0.05)
    assert (np.diff(moved.ravel()[np.argsort(image.ravel())]) >= 0).all()
