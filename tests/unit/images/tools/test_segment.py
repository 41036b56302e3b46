from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vivogan.core.checkpoints import Checkpoints
from vivogan.core.configuration import override
from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.tools.crops import Crops
from vivogan.domains.images.tools.instances import DecodeSettings, decode, depth, encode, tune
from vivogan.domains.images.tools.pairs import Pair
from vivogan.domains.images.tools.properties import properties
from vivogan.domains.images.tools.segment import Segmenter, SegmentPlan, encoder, fit_segmenter, plan_for
from vivogan.metrics.instances import average_precision

QUICK = override(
    SegmentPlan(),
    [
        "widths=[8,16]",
        "crops.size=48",
        "crops.batch=4",
        "crops.zooms=[1.0]",
        "crops.blur=0.5",
        "learn.steps=120",
        "learn.learning_rate=0.01",
        "tuned=8",
    ],
)


def discs(seed: int, n: int = 9, side: int = 64, channels: int = 1) -> Pair:
    """Bright discs, many of which touch, on a dark noisy ground."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    labels = np.zeros((side, side), np.int32)
    image = np.zeros((side, side))
    for i in range(n):
        radius, (cy, cx) = rng.uniform(5, 8), rng.uniform(6, side - 6, 2)
        away = np.hypot(y - cy, x - cx)
        if labels[away < radius].any() and (labels[away < radius] > 0).mean() > 0.1:
            continue
        free = (away < radius) & (labels == 0)
        labels[free] = i + 1
        image[free] = rng.uniform(0.6, 1) * (1 - 0.5 * away[free] / radius)
    image = image + 0.03 * rng.standard_normal((channels, side, side))
    return Pair(image.astype(np.float32), Objects.from_labels(labels))


def labels_of(pair: Pair) -> NDArray[np.int32]:
    assert pair.objects.labels is not None
    return pair.objects.labels


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return fit_segmenter([discs(i) for i in range(12)], [discs(100 + i) for i in range(4)], QUICK, 0)


def test_learns_to_part_touching_discs(segmenter: Segmenter) -> None:
    scores = []
    for i in range(200, 212):
        pair = discs(i)
        found = segmenter.segment(pair.image).labels
        scores.append(average_precision(labels_of(pair), found))
    assert np.mean(scores) > 0.75


def test_a_blank_image_holds_nothing(segmenter: Segmenter) -> None:
    found = segmenter.segment(np.zeros((1, 40, 50), np.float32))
    assert len(found) == 0
    assert found.labels is not None
    assert found.labels.shape == (40, 50)


def test_tiles_give_what_the_whole_gives(segmenter: Segmenter) -> None:
    image = discs(7, 60, 200).image
    whole, parts = segmenter.maps(image, 512), segmenter.maps(image, 32)
    np.testing.assert_allclose(parts, whole, atol=1e-5)
    np.testing.assert_array_equal(segmenter.segment(image, 32).labels, segmenter.segment(image, 512).labels)


def test_state_round_trip(segmenter: Segmenter) -> None:
    again = Segmenter.from_state(*segmenter.state())
    image = discs(3).image
    np.testing.assert_array_equal(again.segment(image).labels, segmenter.segment(image).labels)
    assert again.decoder == segmenter.decoder
    assert again.plan == segmenter.plan


def test_the_same_seed_and_a_continued_run_give_the_same_segmenter(tmp_path) -> None:
    plan = override(QUICK, ["learn.steps=6", "learn.tick=3", "tuned=1"])
    pairs = [discs(i) for i in range(3)]
    first = fit_segmenter(pairs, [], plan, 4)
    other = fit_segmenter(pairs, [], plan, 5)
    stops = iter([True])

    def stop(record: dict[str, object]) -> None:
        if record.get("samples") == 6 and next(stops, False):
            raise KeyboardInterrupt  # after the checkpoint of step 3

    with pytest.raises(KeyboardInterrupt):
        fit_segmenter(pairs, [], plan, 4, Checkpoints(tmp_path), stop)
    again = fit_segmenter(pairs, [], plan, 4, Checkpoints(tmp_path))
    image = pairs[0].image
    np.testing.assert_array_equal(again.maps(image), first.maps(image))
    assert not np.array_equal(other.maps(image), first.maps(image))


def test_many_channels_and_odd_sizes() -> None:
    plan = override(QUICK, ["learn.steps=2", "tuned=1", "zoom=1.5", "views=4"])
    pairs = [discs(i, channels=3) for i in range(2)]
    segmenter = fit_segmenter(pairs, [], plan, 0)
    maps = segmenter.maps(pairs[0].image[:, :37, :51])
    assert maps.shape == (2, 37, 51)
    assert (maps >= 0).all()
    assert (maps <= 1).all()


def test_centres_are_not_enough() -> None:
    dots = Pair(np.zeros((1, 32, 32), np.float32), Objects(np.ones((1, 2), np.float32), np.zeros(1, np.intp)))
    with pytest.raises(ValueError, match="outlines"):
        fit_segmenter([dots], [], QUICK, 0)


def test_images_without_objects_can_be_learned_from() -> None:
    plan = override(QUICK, ["learn.steps=1", "tuned=2"])
    empty = Pair(np.zeros((1, 40, 40), np.float32), Objects.none((40, 40)))
    assert fit_segmenter([empty, discs(0)], [], plan, 0).network.channels == 1


@pytest.mark.parametrize("kind", ["distance", "inner"])
@pytest.mark.parametrize("seed", range(4))
def test_perfect_maps_give_the_objects_back(kind, seed: int) -> None:
    labels = labels_of(discs(seed, 30, 96))
    areas = np.bincount(labels.ravel())[1:]
    labels = Objects.from_labels(np.where(np.isin(labels, np.flatnonzero(areas < 30) + 1), 0, labels)).labels
    settings = DecodeSettings()
    found = decode(encode(labels, kind, 1.0), settings)
    assert average_precision(labels, found, 0.7) == 1
    np.testing.assert_array_equal(found > 0, labels > 0)


def test_tuning_finds_what_parts_touching_objects() -> None:
    pairs = [discs(i, 30, 96) for i in range(3)]
    maps = [encode(labels_of(p), "distance", 0.0) for p in pairs]
    settings, score = tune(maps, [labels_of(p) for p in pairs], "objects")
    assert score > 0.95
    assert settings.rise < 4  # which leaves neighbours together
    _, partition = tune(maps, [labels_of(p) for p in pairs], "partition")
    assert partition > 0.95


def test_cells_that_fill_the_plane() -> None:
    cells = np.array([[1, 2], [3, 4]]).repeat(24, 0).repeat(24, 1)
    cells[23:25], cells[:, 23:25] = 0, 0
    labels = Objects.from_labels(cells).labels
    assert labels is not None
    plan = plan_for([labels])
    assert (plan.judge, plan_for([labels_of(discs(0))]).judge) == ("partition", "objects")
    maps = encode(labels, plan.kind, plan.margin)
    maps[:, 22:26, 10:13] = 1  # a leak in the first map, and a little in the second
    maps[1, 22:26, 10:13] = 0.5
    whole = decode(maps, DecodeSettings(shape=False, rise=0.3))
    assert average_precision(labels, whole, 0.9) == 1
    assert decode(np.ones((2, 5, 6), np.float32), DecodeSettings()).max() == 1


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["distance", "inner"]))
def test_target_maps_turn_with_the_image(seed: int, kind) -> None:
    labels = labels_of(discs(seed, 12, 40))
    maps = encode(labels, kind, 1.5)
    np.testing.assert_allclose(encode(labels[::-1], kind, 1.5), maps[:, ::-1])
    np.testing.assert_allclose(encode(labels[:, ::-1], kind, 1.5), maps[:, :, ::-1])
    np.testing.assert_allclose(encode(labels.T, kind, 1.5), maps.transpose(0, 2, 1))
    assert maps.min() >= 0
    assert maps.max() <= 1


def test_depth_by_hand() -> None:
    labels = np.array([[1, 1, 1, 1, 1, 2, 2, 0]], np.int32)
    np.testing.assert_array_equal(depth(labels), [[5, 4, 3, 2, 1, 1, 1, 0]])  # the image's edge is no border
    np.testing.assert_array_equal(depth(np.ones((2, 3), np.int32)), np.full((2, 3), 3))
    assert not depth(np.zeros((2, 3), np.int32)).any()


def test_properties_by_hand() -> None:
    labels = np.zeros((8, 8), np.int32)
    labels[1:3, 1:5], labels[5:8, 5:8] = 1, 2
    image = np.stack([np.arange(64.0).reshape(8, 8), np.full((8, 8), 7.0)], -1)
    table = properties(Objects.from_labels(labels), image, ["DAPI", "GFP"])
    assert table["area"].tolist() == [8, 9]
    assert table["intensity_mean_DAPI"][0] == image[1:3, 1:5, 0].mean()
    assert table["intensity_max_GFP"].tolist() == [7, 7]
    assert (table["top"].tolist(), table["right"].tolist()) == ([1, 5], [5, 8])
    assert (table["centre_y"][0], table["centre_x"][0]) == (1.5, 2.5)
    assert {len(column) for column in table.values()} == {2}
    assert len(properties(Objects.none((8, 8)), image)["area"]) == 0
    with pytest.raises(ValueError, match="names"):
        properties(Objects.from_labels(labels), image, ["one"])
    with pytest.raises(ValueError, match="outlines"):
        properties(Objects(np.ones((1, 2), np.float32), np.zeros(1, np.intp)), image)
    with pytest.raises(ValueError, match="fit"):
        properties(Objects.from_labels(labels), image[:4])


def test_more_tries_show_more_objects() -> None:
    pairs = [discs(i, 3, 96) for i in range(4)]

    def shown(tries: int) -> float:
        plan = override(QUICK, [f"crops.tries={tries}"])
        crops = Crops(pairs, [], encoder(plan), plan.crops, 20, 0)
        return float(np.mean([crops(step)[1][:, 0].mean() for step in range(20)]))

    assert shown(4) > 1.3 * shown(1)


def test_torch_is_left_as_it_was() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    fit_segmenter([discs(0)], [], override(QUICK, ["learn.steps=1", "tuned=1"]), 0)
    assert torch.rand(1) == expected
