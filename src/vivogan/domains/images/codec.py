"""Images ⇄ tensors: square, float32, in [-1, 1]; the range is fitted on the training part and given back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.images.records import ImageRecords
from vivogan.errors import DamagedRun

if TYPE_CHECKING:
    from torch import Tensor

Fit = Literal["resize", "crop", "pad"]
BEND = 0.95  # where a long tail of bright or dark pixels begins on the scale [-1, 1]
TAIL = 4.0  # min..max over the 0.1..99.9 % range, from where the tails are folded
SAMPLED = 4096  # pixels an image gives to the percentiles


@dataclass(frozen=True)
class ImageCodec:
    """``encode`` and ``decode`` follow straight lines between ``values`` (the user's units) and ``codes``, both [C, 4].

    uint8 has the fixed range 0..255. Other types take each channel's min..max of the training part. Where a
    few pixels stretch that range past ``TAIL`` times what 99.8 % of pixels use, the tails share the outer 5 % of the
    scale: no training pixel is clipped, and the picture keeps its contrast.
    """

    size: int
    fit_mode: Fit
    dtype: np.dtype[Any]
    values: NDArray[np.float64]  # [C, 4]
    codes: NDArray[np.float64]  # [C, 4]

    @property
    def channels(self) -> int:
        return len(self.values)

    @classmethod
    def fit(cls, records: ImageRecords, indices: NDArray[np.intp], size: int, fit: Fit = "resize") -> ImageCodec:
        """Learn type, channels and range of the training part; ``size`` is the side of the square that networks see."""
        images = [records.images[i] for i in np.asarray(indices).tolist()]
        dtype, channels = images[0].dtype, images[0].shape[2]
        if dtype == np.uint8:
            values = np.tile([0.0, 85.0, 170.0, 255.0], (channels, 1))
            return cls(size, fit, dtype, values, values / 127.5 - 1)
        pairs = [knots(images, channel) for channel in range(channels)]
        return cls(size, fit, dtype, np.stack([v for v, _ in pairs]), np.stack([c for _, c in pairs]))

    def encode(self, records: ImageRecords, indices: NDArray[np.intp]) -> Tensor:
        """The chosen images as float32 [n, C, size, size] in [-1, 1]; pixels beyond the training range are clipped."""
        import torch

        chosen = np.asarray(indices).tolist()
        encoded = np.empty((len(chosen), self.channels, self.size, self.size), dtype=np.float32)
        for row, index in enumerate(chosen):
            image = records.images[index]
            for channel in range(self.channels):
                code = np.interp(image[..., channel], self.values[channel], self.codes[channel])  # [H, W]
                encoded[row, channel] = squared(code.astype(np.float32), self.size, self.fit_mode)
        return torch.from_numpy(encoded)

    def decode(self, x: Tensor | NDArray[np.float32]) -> list[NDArray[Any]]:
        """Tensors [n, C, H, W] as n arrays [H, W, C] in the user's type and range; codes are clipped to [-1, 1]."""
        array = np.asarray(x if isinstance(x, np.ndarray) else x.detach().cpu().float().numpy(), dtype=np.float64)
        array = np.clip(np.nan_to_num(array), -1, 1)
        return [self._decode_one(image) for image in array]

    def _decode_one(self, image: NDArray[np.float64]) -> NDArray[Any]:
        result = np.empty((*image.shape[1:], self.channels), dtype=self.dtype)  # [H, W, C]
        for channel in range(self.channels):
            value = np.interp(image[channel], self.codes[channel], self.values[channel])
            if self.dtype.kind in "iu":
                value = np.rint(value)
            result[..., channel] = value.astype(self.dtype)
        return result

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """All there is to know, as tensors and JSON."""
        import torch

        tensors = {"values": torch.from_numpy(self.values.copy()), "codes": torch.from_numpy(self.codes.copy())}
        return tensors, {"size": self.size, "fit": self.fit_mode, "dtype": self.dtype.name, "channels": self.channels}

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor | NDArray[np.float64]], state: Mapping[str, Any]) -> ImageCodec:
        """The codec that gave this state. Raises ``DamagedRun`` when the state is not one."""
        try:
            values, codes = (np.asarray(tensors[name], dtype=np.float64) for name in ("values", "codes"))
            codec = cls(int(state["size"]), state["fit"], np.dtype(state["dtype"]), values, codes)
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedRun(
                f"the codec of the run cannot be read ({error})", "Train again, or copy the run again"
            ) from error
        if values.shape != codes.shape or values.shape != (state["channels"], 4):
            raise DamagedRun("the codec of the run does not fit together", "Train again, or copy the run again")
        return codec


def knots(images: Sequence[NDArray[Any]], channel: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Four values and their codes for one channel: a straight line from min to max, bent where the tails are long."""
    low = float(min(image[..., channel].min() for image in images))
    high = float(max(image[..., channel].max() for image in images))
    if low == high:  # a constant channel: one code, and any width gives the value back
        return np.full(4, low), np.linspace(-1, 1, 4)
    straight = np.linspace(low, high, 4), np.linspace(-1, 1, 4)
    sampled = np.concatenate([spread_out(image[..., channel]) for image in images])
    inner_low, inner_high = np.percentile(sampled.astype(np.float64), [0.1, 99.9])
    if high - low <= TAIL * (inner_high - inner_low) or inner_low == inner_high:
        return straight
    values = np.array([low, inner_low, inner_high, high])
    codes = np.array([-1.0, -BEND if inner_low > low else -1.0, BEND if inner_high < high else 1.0, 1.0])
    return values, codes


def spread_out(channel: NDArray[Any]) -> NDArray[Any]:
    """At most ``SAMPLED`` pixels of [H, W], evenly spread; which ones does not depend on chance."""
    flat = channel.ravel()
    return flat[:: max(1, -(-flat.size // SAMPLED))]


def squared(code: NDArray[np.float32], size: int, fit: Fit) -> NDArray[np.float32]:
    """[H, W] → [size, size]: stretched whole, cut to the middle, or padded with the border's median."""
    height, width = code.shape
    if height == width == size:
        return code
    if fit == "resize" or height == width:
        return resized(code, size, size)
    scale = size / (min(height, width) if fit == "crop" else max(height, width))
    code = resized(code, max(1, round(height * scale)), max(1, round(width * scale)))
    height, width = code.shape
    if fit == "crop":
        top, left = (height - size) // 2, (width - size) // 2
        return code[top : top + size, left : left + size]
    border = np.concatenate([code[0], code[-1], code[:, 0], code[:, -1]])
    top, left = (size - height) // 2, (size - width) // 2
    edges = ((top, size - height - top), (left, size - width - left))
    return np.pad(code, edges, constant_values=np.median(border))


def resized(code: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Resample one float32 channel; both filters average with positive weights, so nothing leaves the range."""
    from PIL import Image

    shrinks = height * width < code.size
    # Hamming is the anti-aliased area filter without the blocks of a plain box; bilinear enlarges without ringing.
    method = Image.Resampling.HAMMING if shrinks else Image.Resampling.BILINEAR
    image = Image.fromarray(np.ascontiguousarray(code)).resize((width, height), method)
    return np.clip(np.asarray(image, dtype=np.float32), -1, 1)
