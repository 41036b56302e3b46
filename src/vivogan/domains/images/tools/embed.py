"""Images as rows of numbers: by a trained run, by a classifier, by hand, and by their plain pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from vivogan.domains.images.tools.classifier import Classifier
from vivogan.errors import UserError

if TYPE_CHECKING:
    from vivogan.domains.run import Run

Features = NDArray[np.float64]
BATCH = 256


def embed(source: Run | Classifier | torch.nn.Module, x: Tensor) -> Features:
    """Features [n, F] of encoded images x [n, C, H, W] in (−1, 1).

    Args:
        source: a trained generative run (what its discriminator looks at), a ``Classifier``, or any network with
            ``represent(x) -> [n, F]``.

    Raises ``UserError`` when the source has no representation.
    """
    if isinstance(source, Classifier):
        return source.features(x)
    network: Any = source if isinstance(source, torch.nn.Module) else source.discriminator
    represent = getattr(network, "represent", None)
    if represent is None:
        raise UserError("this run has no image features", "Give a run trained on images, or a classifier")
    device = next(network.parameters()).device
    training = network.training
    network.eval()
    with torch.no_grad():
        pieces = [represent(piece.to(device).float()).cpu() for piece in x.split(BATCH)]
    network.train(training)
    return torch.cat(pieces).double().numpy()


def handcrafted(x: Tensor) -> Features:
    """Features [n, F] that need no training, of images x [n, C, H, W] in (−1, 1).

    A channel: mean, deviation, skewness, eight quantiles, a histogram of 16 bins, radial means from the centre in five
    rings, and the mean strength of the gradient at three scales. Of the grey image: uniform local binary patterns
    (Ojala et al. 2002) of radius 1 and 2, and Haralick's contrast, homogeneity, energy and correlation at one and two
    pixels.
    """
    return np.stack([_by_hand(image) for image in x.double().cpu().numpy()])


def _by_hand(image: NDArray[np.float64]) -> Features:
    flat = image.reshape(len(image), -1)  # C x HW
    mean, deviation = flat.mean(1, keepdims=True), flat.std(1, keepdims=True)
    skewness = (((flat - mean) / (deviation + 1e-6)) ** 3).mean(1)
    quantiles = np.quantile(flat, [0.02, 0.1, 0.25, 0.4, 0.6, 0.75, 0.9, 0.98], axis=1)
    histograms = [np.histogram(channel, 16, (-1, 1))[0] / flat.shape[1] for channel in np.clip(flat, -1, 1)]
    return np.concatenate(
        [
            mean[:, 0],
            deviation[:, 0],
            skewness,
            quantiles.ravel(),
            *histograms,
            _rings(image),
            _edges(image),
            _texture(image),
        ]
    )


def _rings(image: NDArray[np.float64]) -> Features:
    """Mean of each channel in five rings around the centre: [5 C]."""
    height, width = image.shape[1:]
    rows, columns = np.mgrid[:height, :width]
    radius = np.hypot((rows + 0.5) / height - 0.5, (columns + 0.5) / width - 0.5)
    ring = np.minimum((radius * 10).astype(int), 4).ravel()
    flat = image.reshape(len(image), -1)
    return np.concatenate([np.bincount(ring, channel, 5) / np.bincount(ring, minlength=5) for channel in flat])


def _edges(image: NDArray[np.float64]) -> Features:
    """Mean gradient of each channel, smoothed by 0, 1 and 2 pixels: [3 C]."""
    from scipy.ndimage import gaussian_gradient_magnitude

    return np.array([gaussian_gradient_magnitude(channel, s).mean() for channel in image for s in (0.5, 1.0, 2.0)])


def _texture(image: NDArray[np.float64]) -> Features:
    """Local binary patterns and co-occurrences of the grey image: [36]."""
    from skimage.feature import graycomatrix, graycoprops, local_binary_pattern

    grey = np.clip(np.rint((image.mean(0) + 1) * 127.5), 0, 255).astype(np.uint8)
    patterns = [
        np.histogram(local_binary_pattern(grey, 8, radius, "uniform"), 10, (0, 10))[0] / grey.size for radius in (1, 2)
    ]
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    together = graycomatrix(grey // 16, [1, 2], angles, levels=16, symmetric=True, normed=True)
    kinds = ("contrast", "homogeneity", "energy", "correlation")
    found = [graycoprops(together, kind) for kind in kinds]  # each 2 x 4
    return np.concatenate([*patterns, *(np.r_[one.mean(1), one.std(1)] for one in found)])


def pixel_components(x: Tensor, fitted_on: Tensor, components: int = 64) -> Features:
    """The first principal components [n, ≤ components] of the pixels of x, fitted on other images [m, C, H, W]."""
    from sklearn.decomposition import PCA

    count = min(components, len(fitted_on), fitted_on[0].numel())
    model = PCA(count, random_state=0).fit(fitted_on.flatten(1).double().numpy())
    found: Features = model.transform(x.flatten(1).double().numpy())
    return found


def linear_probe(
    features_train: ArrayLike, y_train: ArrayLike, features_test: ArrayLike, y_test: ArrayLike, strength: float = 0.3
) -> float:
    """Accuracy of a logistic regression on standardised features: what a straight cut through them can tell apart.

    ``strength`` is scikit-learn's C.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=500))
    model.fit(np.asarray(features_train), np.asarray(y_train))
    return float(model.score(np.asarray(features_test), np.asarray(y_test)))
