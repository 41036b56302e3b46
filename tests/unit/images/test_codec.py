"""The codec gives back what it was given, at any bit depth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from vivogan.domains.images.codec import ImageCodec
from vivogan.domains.images.records import ImageRecords
from vivogan.errors import DamagedRun


def records(images: list[NDArray[Any]]) -> ImageRecords:
    return ImageRecords(images, {}, [str(i) for i in range(len(images))], [], [], None, None, "test")


def stacks(dtype: Any) -> st.SearchStrategy[NDArray[Any]]:
    shapes = st.tuples(st.integers(1, 4), st.just(6), st.just(6), st.integers(1, 4))
    return hnp.arrays(dtype, shapes)


@settings(max_examples=60, deadline=None)
@given(st.one_of(stacks(np.uint8), stacks(np.uint16), stacks(np.int16)))
def test_whole_numbers_come_back_exactly_at_native_size(stack: NDArray[Any]) -> None:
    data = records(list(stack))
    everything = np.arange(len(stack))
    codec = ImageCodec.fit(data, everything, 6, "resize")
    x = codec.encode(data, everything)
    assert x.shape == (len(stack), stack.shape[3], 6, 6)
    assert float(x.min()) >= -1
    assert float(x.max()) <= 1
    for before, after in zip(stack, codec.decode(x), strict=True):
        assert after.dtype == before.dtype
        np.testing.assert_array_equal(after, before)


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.float32, (3, 5, 5, 2), elements=st.floats(-1e6, 1e6, width=32)))
def test_floats_come_back_within_the_precision_of_their_range(stack: NDArray[np.float32]) -> None:
    data = records(list(stack))
    codec = ImageCodec.fit(data, np.arange(3), 5, "resize")
    back = np.stack(codec.decode(codec.encode(data, np.arange(3))))
    for channel in range(2):
        span = np.ptp(stack[..., channel].astype(np.float64))
        tolerance = 1e-5 * span + 1e-6 * np.abs(stack[..., channel]).max()
        np.testing.assert_allclose(back[..., channel], stack[..., channel], atol=tolerance)


def test_one_hot_pixel_neither_clips_nor_flattens_the_rest() -> None:
    rng = np.random.default_rng(0)
    images = [rng.uniform(0, 100, (32, 32, 1)).astype(np.float32) for _ in range(8)]
    images[3][5, 5, 0] = 60_000
    data = records(images)
    codec = ImageCodec.fit(data, np.arange(8), 32, "resize")
    x = codec.encode(data, np.arange(8))
    assert float(x[0].std()) > 0.4  # a plain line from 0 to 60,000 would leave 0.001
    assert codec.decode(x)[3][5, 5, 0] == pytest.approx(60_000, rel=1e-5)


def test_range_is_learnt_from_the_training_part_alone() -> None:
    data = records([np.full((4, 4, 1), v, np.uint16) for v in (10, 20, 5000)])
    codec = ImageCodec.fit(data, np.array([0, 1]), 4, "resize")
    assert codec.values.max() == 20
    assert float(codec.encode(data, np.array([2])).max()) == 1


def test_constant_channels_come_back() -> None:
    data = records([np.full((4, 4, 2), 7, np.uint16), np.full((4, 4, 2), 7, np.uint16)])
    codec = ImageCodec.fit(data, np.arange(2), 4, "resize")
    x = codec.encode(data, np.arange(2))
    assert np.isfinite(x.numpy()).all()
    assert (codec.decode(x + 0.3)[0] == 7).all()


@pytest.mark.parametrize("fit", ["resize", "crop", "pad"])
@pytest.mark.parametrize("shape", [(40, 20, 3), (20, 40, 3), (8, 100, 3), (16, 16, 3), (1, 50, 3), (5, 3, 3)])
def test_any_shape_becomes_the_square(fit: Any, shape: tuple[int, int, int]) -> None:
    data = records([np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)])
    codec = ImageCodec.fit(data, np.array([0]), 16, fit)
    x = codec.encode(data, np.array([0]))
    assert x.shape == (1, 3, 16, 16)
    assert codec.decode(x)[0].shape == (16, 16, 3)


def test_crop_takes_the_middle_and_pad_keeps_the_whole() -> None:
    image = np.zeros((10, 30, 1), np.uint8)
    image[:, 10:20] = 255
    data = records([image])
    crop = ImageCodec.fit(data, np.array([0]), 10, "crop").encode(data, np.array([0]))
    pad = ImageCodec.fit(data, np.array([0]), 30, "pad").encode(data, np.array([0]))
    assert (crop == 1).all()
    assert (pad[0, 0, 10:20, 10:20] == 1).all()
    assert (pad[0, 0, :10] == -1).all()


def test_shrinking_averages() -> None:
    data = records([np.tile(np.array([[0, 65535], [65535, 0]], np.uint16), (8, 8))[..., None]])
    codec = ImageCodec.fit(data, np.array([0]), 8, "resize")
    assert abs(float(codec.encode(data, np.array([0])).mean())) < 0.05


def test_state_gives_the_same_codec() -> None:
    images = [np.random.default_rng(i).normal(size=(4, 4, 3)).astype(np.float32) for i in range(3)]
    data = records(images)
    codec = ImageCodec.fit(data, np.arange(3), 4, "pad")
    again = ImageCodec.from_state(*codec.state())
    assert (again.encode(data, np.arange(3)) == codec.encode(data, np.arange(3))).all()
    assert again.dtype == codec.dtype


def test_broken_state_is_a_damaged_run() -> None:
    tensors, state = ImageCodec.fit(records([np.zeros((4, 4, 1), np.uint8)]), np.array([0]), 4, "resize").state()
    with pytest.raises(DamagedRun):
        ImageCodec.from_state(tensors, {**state, "channels": 3})
    with pytest.raises(DamagedRun):
        ImageCodec.from_state({}, state)


def test_nan_from_a_network_still_decodes() -> None:
    codec = ImageCodec.fit(records([np.zeros((4, 4, 1), np.uint8)]), np.array([0]), 4, "resize")
    assert codec.decode(np.full((1, 1, 4, 4), np.nan, np.float32))[0].dtype == np.uint8
