"""What a microscopist sees at a glance, as numbers of each image: brightness, contrast, texture, scale."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BANDS = 8


def summaries(x: Tensor) -> dict[str, NDArray[np.float64]]:
    """Statistics [n, k] of encoded images x [n, C, H, W], by name.

    ``intensity``: mean and the 5, 50 and 95 % quantiles of each channel; ``contrast``: standard deviation of each
    channel; ``texture``: mean absolute difference of neighbours, and of neighbours two apart; ``spectrum``: log power
    in eight bands of spatial frequency.
    """
    images = x.float()
    flat = images.flatten(2)  # n x C x HW
    quantiles = torch.quantile(flat, torch.tensor([0.05, 0.5, 0.95]), dim=2)  # 3 x n x C
    found = {
        "intensity": torch.cat([flat.mean(2), *quantiles], 1),
        "contrast": flat.std(2),
        "texture": torch.stack([_roughness(images, 1), _roughness(images, 2)], 1),
        "spectrum": _spectrum(images.mean(1)),
    }
    return {name: value.double().numpy() for name, value in found.items()}


def _roughness(x: Tensor, gap: int) -> Tensor:
    down = (x[..., gap:, :] - x[..., :-gap, :]).abs().mean((1, 2, 3))
    along = (x[..., gap:] - x[..., :-gap]).abs().mean((1, 2, 3))
    return (down + along) / 2


def _spectrum(grey: Tensor) -> Tensor:
    """Log of the mean power in rings of equal width, [n, BANDS]; without the mean of the image."""
    side = grey.shape[-1]
    power = torch.fft.fft2(grey - grey.mean((1, 2), keepdim=True)).abs().square() / grey[0].numel()  # n x H x W
    row = torch.fft.fftfreq(grey.shape[-2])
    radius = (row[:, None].square() + torch.fft.fftfreq(side)[None].square()).sqrt()  # H x W, 0 … 0.71
    ring = (radius / 0.5 * BANDS).long().clamp(max=BANDS - 1)
    return torch.stack([(power[:, ring == band].mean(1) + 1e-8).log() for band in range(BANDS)], 1)


def inception_scores(
    real: list[NDArray[Any]], made: list[NDArray[Any]]
) -> dict[str, tuple[float, Literal["higher", "lower"]]]:
    """FID, KID (x 1000) and inception score with the Inception-V3 of the literature, whose weights are downloaded once.

    Args:
        real, made: images [H, W, 3] uint8.

    Raises:
        UserError: the images are not 8-bit RGB, or the weights can be neither found nor downloaded.
    """
    from vivogan.errors import UserError
    from vivogan.metrics.frechet import frechet_distance
    from vivogan.metrics.inception import inception_score
    from vivogan.metrics.kernel import kernel_distance
    from vivogan.nn.inception import inception_outputs, inception_v3

    if any(image.dtype != np.uint8 or image.shape[2] != 3 for image in (*real, *made)):
        raise UserError(
            "FID is defined for 8-bit RGB images alone", "Read the distance of the run's own features instead"
        )
    network = inception_v3("cpu")
    (real_features, _), (features, logits) = (
        inception_outputs(torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2), network) for images in (real, made)
    )
    shares = torch.from_numpy(np.asarray(logits)).softmax(1).numpy()
    size = min(1000, len(real), len(made))
    return {
        "FID": (frechet_distance(real_features, features), "lower"),
        "KID x 1000": (1000 * kernel_distance(real_features, features, size=size)[0], "lower"),
        "IS": (inception_score(shares, splits=min(10, len(made)))[0], "higher"),
    }
