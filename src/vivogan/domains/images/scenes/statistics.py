"""Summary statistics of pictures, by which real and simulated ones are compared before any network has learnt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

QUANTILES = (1, 5, 20, 40, 60, 80, 90, 95, 98, 99.5)
SCALES = (1.5, 3.0, 6.0, 12.0)  # σ of the Laplacians whose peaks are counted, in pixels
BANDS = 8


def statistics(image: NDArray[np.float32]) -> NDArray[np.float64]:
    """[C, H, W] → [S]: intensities, gradients, spectrum and peaks of every channel, and how channels go together."""
    parts = [_channel(channel) for channel in image]
    if len(image) > 1:
        together = np.corrcoef(image.reshape(len(image), -1) + 1e-6 * np.arange(image[0].size))
        parts.append(np.atleast_2d(together)[np.triu_indices(len(image), 1)])
    return np.nan_to_num(np.concatenate(parts))


def table(images: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """[n, S] of n pictures."""
    return np.stack([statistics(image) for image in images])


def _channel(x: NDArray[np.float32]) -> NDArray[np.float64]:
    found: list[NDArray[Any]] = [np.percentile(x, QUANTILES)]
    dy, dx = np.diff(x, axis=0)[:, 1:], np.diff(x, axis=1)[1:]
    found.append(np.log(np.percentile(np.hypot(dy, dx), (20, 50, 80, 95, 99)) + 1e-3))
    found.append(_spectrum(x))
    for scale in SCALES:
        found.append(_peaks(x, scale))
    return np.concatenate(found)


def _spectrum(x: NDArray[np.float32]) -> NDArray[np.float64]:
    """Log power in bands of growing frequency."""
    height, width = x.shape
    window = np.hanning(height)[:, None] * np.hanning(width)[None]
    power = np.abs(np.fft.rfft2((x - x.mean()) * window)) ** 2 / (window**2).sum()
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    edges = np.geomspace(1.5 / min(height, width), 0.5, BANDS + 1)
    band = np.digitize(frequency, edges) - 1
    means = [power[band == k].mean() if (band == k).any() else 0.0 for k in range(BANDS)]
    return np.log(np.array(means) + 1e-6)


def _peaks(x: NDArray[np.float32], scale: float) -> NDArray[np.float64]:
    """Bright and dark spots of one size: how many, and how strong."""
    factor = max(1, int(scale / 1.5))
    small = x[: x.shape[0] // factor * factor, : x.shape[1] // factor * factor]
    small = small.reshape(small.shape[0] // factor, factor, small.shape[1] // factor, factor).mean((1, 3))
    sigma = scale / factor
    response = -ndimage.gaussian_laplace(small, sigma) * sigma**2
    side = 2 * int(sigma * 1.5) + 1
    found: list[float] = []
    for signed in (response, -response):
        top = (signed == ndimage.maximum_filter(signed, side)) & (signed > 0.05)
        heights = signed[top]
        share = len(heights) * scale**2 / response.size / factor**2
        spread = np.percentile(heights, (25, 75, 95)) if len(heights) else np.zeros(3)
        found += [float(np.sqrt(share)), *(float(v) for v in spread)]
    return np.array(found)
