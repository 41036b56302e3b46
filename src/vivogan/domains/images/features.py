"""The space in which images are compared: a small network trained on the training part, named after what it is, never
"FID"."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from vivogan.core.seeds import numpy_generator, torch_generator
from vivogan.domains.images.symmetry import MOVES, symmetrise
from vivogan.nn.layout import channels_last

FEATURES = 96
CLUSTERS = 12  # pseudo-classes where nothing is labelled


class FeatureNetwork(nn.Module):
    """Images [B, C, H, W] → class logits [B, K]; ``represent`` gives the 96 features before them."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        plan = [(channels, 24, 1), (24, 32, 2), (32, 48, 1), (48, 64, 2), (64, FEATURES, 1)]
        self.trunk = nn.Sequential(*(_block(*layer) for layer in plan))
        self.head = nn.Linear(FEATURES, classes)

    def represent(self, x: Tensor) -> Tensor:
        features: Tensor = self.trunk(x).mean((2, 3))
        return features

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.represent(x))
        return logits


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class ImageExtractor:
    """A trained ``FeatureNetwork``, frozen.

    ``name`` tells the score it is used in what it was: ``cnn96-1a2b3c4d`` ends in the first digits of its weights'
    hash.
    """

    def __init__(self, network: FeatureNetwork, side: int) -> None:
        self.network = channels_last(network.eval().requires_grad_(False))
        self.side = side  # images are averaged down to this side at most: features need no more
        self.name = f"cnn{FEATURES}-{_digest(network)}"

    def __call__(self, x: Tensor) -> NDArray[np.float64]:
        """Features [n, 96] of encoded images x [n, C, H, W]."""
        return self._apply(self.network.represent, x)

    def probabilities(self, x: Tensor) -> NDArray[np.float64]:
        """Class probabilities [n, K]."""
        return self._apply(lambda batch: self.network(batch).softmax(1), x)

    @torch.no_grad()
    def _apply(self, function: Any, x: Tensor) -> NDArray[np.float64]:
        pieces = [function(_reduced(piece.float(), self.side)) for piece in x.split(256)]
        return torch.cat(pieces).double().numpy() if pieces else np.empty((0, FEATURES))

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Weights, and the shape of the network."""
        weights = self.network.state_dict()
        channels, classes = weights["trunk.0.0.weight"].shape[1], len(weights["head.bias"])
        return weights, {"channels": channels, "classes": classes, "side": self.side}

    @classmethod
    def from_state(cls, tensors: dict[str, Tensor], state: dict[str, Any]) -> ImageExtractor:
        network = FeatureNetwork(state["channels"], state["classes"])
        network.load_state_dict(tensors)
        return cls(network, state["side"])


def fit_extractor(
    x: Tensor,
    y: NDArray[np.intp],
    steps: int,
    seed: int,
    moves: Collection[str] = tuple(MOVES),
    side: int = 64,
    batch: int = 128,
    rate: float = 6e-3,
) -> ImageExtractor:
    """Train the features on encoded images x [n, C, H, W] of classes y [n].

    Where there is one class only, k-means clusters of the images' principal components stand in for classes (Caron et
    al. 2018).
    """
    x = _reduced(x, side)
    if len(np.unique(y)) < 2:
        y = _clusters(x, seed)
    labels = torch.from_numpy(np.asarray(y, np.int64))
    classes = int(labels.max()) + 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = channels_last(FeatureNetwork(x.shape[1], classes))
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps + 1)
    draw, rng = numpy_generator(seed, "extractor batches"), torch_generator(seed, "extractor")
    size = min(batch, max(2, len(x)))
    for _ in range(steps):
        rows = torch.from_numpy(draw.integers(len(x), size=size))
        loss = cross_entropy(network(symmetrise(x[rows].float(), rng, moves)), labels[rows], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return ImageExtractor(network, side)


def _reduced(x: Tensor, side: int) -> Tensor:
    while x.shape[-1] >= 2 * side:
        x = nn.functional.avg_pool2d(x, 2)
    return x.contiguous(memory_format=torch.channels_last)


def _clusters(x: Tensor, seed: int) -> NDArray[np.intp]:
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    flat = _reduced(x, 16).flatten(1).float().numpy()
    count = int(np.clip(len(flat) // 8, 2, CLUSTERS))
    parts = PCA(min(32, *flat.shape), random_state=seed % 2**32).fit_transform(flat)
    found: NDArray[np.intp] = KMeans(count, n_init=2, random_state=seed % 2**32).fit_predict(parts)
    return found


def _digest(network: nn.Module) -> str:
    import hashlib

    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:8]
