"""The network that names what an image shows, and what it can be asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, pad, pixel_unshuffle

from vivogan.domains.images.symmetry import MOVES
from vivogan.domains.images.tools.attribution import integrated_gradients, pixel_map, surroundings
from vivogan.nn.layout import channels_last

Floats = NDArray[np.float64]
BATCH = 256


class _Residual(nn.Module):
    """Two 3 × 3 convolutions beside a shortcut (He et al. 2016); begins as the shortcut alone."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        nn.init.zeros_(self.second_norm.weight)
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride, ceil_mode=True), nn.Conv2d(inputs, outputs, 1, bias=False)
            )

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.first_norm(self.first(x)))
        out: Tensor = torch.relu(self.shortcut(x) + self.second_norm(self.second(h)))
        return out


class ClassifierNetwork(nn.Module):
    """Images [B, C, H, W] → class logits [B, K]; works at half resolution after a pixel unshuffle (Shi et al. 2016)."""

    def __init__(self, channels: int, classes: int, widths: Sequence[int] = (32, 64, 128)) -> None:
        super().__init__()
        self.channels, self.classes, self.widths = channels, classes, tuple(widths)
        self.stem = nn.Sequential(
            nn.Conv2d(4 * channels, widths[0], 3, padding=1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        first = _Residual(widths[0], widths[0], 1)
        self.body = nn.Sequential(first, *(_Residual(a, b, 2) for a, b in pairwise(widths)))
        self.norm = nn.BatchNorm1d(widths[-1], affine=False)  # a head on raw features learns too slowly
        self.head = nn.Linear(widths[-1], classes)

    def represent(self, x: Tensor) -> Tensor:
        """The features [B, widths[-1]] that the logits are a linear function of, before they are standardised."""
        height, width = x.shape[-2:]
        if height % 2 or width % 2:
            x = pad(x, (0, width % 2, 0, height % 2), mode="replicate")
        features: Tensor = self.body(self.stem(pixel_unshuffle(x, 2))).mean((2, 3))
        return features

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.norm(self.represent(x)))
        return logits


@dataclass(frozen=True)
class Novelty:
    """How far each image is from every known class: ``score`` [n], called unknown above ``threshold``."""

    score: Floats
    threshold: float

    @property
    def unknown(self) -> NDArray[np.bool_]:
        """Whether each image [n] fits no class."""
        return self.score > self.threshold


@dataclass(frozen=True)
class Known:
    """Where the features of known images lie: ``means`` [K, F], ``whitening`` [F, F] of what is left around them, and
    the score that known images seldom exceed."""

    means: Tensor
    whitening: Tensor
    threshold: float = float("inf")

    @classmethod
    def fit(cls, features: Floats, chances: Floats) -> Known:
        """From features [n, F] of images that belong to the classes with ``chances`` [n, K].

        One covariance for all classes, shrunk (Lee et al. 2018; Ledoit and Wolf 2004).
        """
        from sklearn.covariance import ledoit_wolf

        means = chances.T @ features / np.maximum(chances.sum(0), 1e-9)[:, None]
        covariance, _ = ledoit_wolf(features - means[chances.argmax(1)], assume_centered=True)
        values, axes = np.linalg.eigh(covariance)
        whitening = axes / np.sqrt(np.maximum(values, 1e-9 * max(values[-1], 1e-12)))
        return cls(torch.from_numpy(means).float(), torch.from_numpy(whitening).float())

    def score(self, features: Floats, chances: Floats) -> Floats:
        """Squared Mahalanobis distance to the nearest class a feature, plus the surprise −log max p of the answer."""
        rows = torch.from_numpy(features).float() @ self.whitening
        distance = torch.cdist(rows, self.means @ self.whitening).min(1).values.square() / features.shape[1]
        score: Floats = distance.double().numpy() - np.log(np.maximum(chances.max(1), 1e-12))
        return score


class Classifier:
    """A trained ``ClassifierNetwork``, frozen and calibrated. All images are encoded: [n, C, H, W] in (−1, 1).

    Answers are means over the symmetries ``moves`` of the images.
    """

    def __init__(
        self,
        network: ClassifierNetwork,
        side: int,
        moves: Collection[str] = tuple(MOVES),
        temperature: float = 1.0,
        known: Known | None = None,
    ) -> None:
        self.network = channels_last(network.eval().requires_grad_(False))
        self.side, self.moves, self.temperature, self.known = side, tuple(moves), temperature, known

    @property
    def classes(self) -> int:
        return self.network.classes

    def logits(self, x: Tensor) -> Floats:
        """Uncalibrated logits [n, K], averaged over the moves."""
        return self.judged(self.features(x))

    @torch.no_grad()
    def judged(self, features: Floats) -> Floats:
        """Uncalibrated logits [n, K] of features [n, F]: the head is linear, so means pass through it."""
        rows = torch.from_numpy(features).float()
        logits: Tensor = self.network.head(self.network.norm(rows))
        return logits.double().numpy()

    def probabilities(self, x: Tensor) -> Floats:
        """Class probabilities [n, K], calibrated."""
        return self.chances(self.features(x))

    def chances(self, features: Floats) -> Floats:
        """Calibrated class probabilities [n, K] of features [n, F]."""
        from scipy.special import softmax

        found: Floats = softmax(self.judged(features) / self.temperature, axis=1)
        return found

    @torch.no_grad()
    def features(self, x: Tensor) -> Floats:
        """Features [n, F], averaged over the moves."""
        pieces = [torch.empty(0, self.network.widths[-1])]
        for piece in x.split(BATCH) if len(x) else ():
            small = reduced(piece.float(), self.side)
            seen = [small, *(MOVES[move](small) for move in MOVES if move in self.moves)]
            views = [self.network.represent(view.contiguous(memory_format=torch.channels_last)) for view in seen]
            pieces.append(torch.stack(views).mean(0))
        return torch.cat(pieces).double().numpy()

    def unknown(self, x: Tensor) -> Novelty:
        """Which images fit no class: noise, debris, a class that was not in the training images."""
        known = self.known
        if known is None:
            raise ValueError("this classifier was not shown what known images are")
        features = self.features(x)
        return Novelty(known.score(features, self.chances(features)), known.threshold)

    def attribution(self, x: Tensor, classes: ArrayLike | None = None, steps: int = 16) -> Floats:
        """How much each pixel spoke for the class: [n, H, W], positive for it, negative against it.

        Integrated gradients of the log-odds against an image of each image's border colour. ``classes`` is one class
        or one an image; the most likely one of each by default.
        """
        small = reduced(x.float(), self.side)
        chosen = self.logits(x).argmax(1) if classes is None else np.broadcast_to(np.asarray(classes), len(x))
        targets = torch.from_numpy(np.array(chosen, np.int64))
        pieces = [
            pixel_map(integrated_gradients(self._log_odds, piece, rows, surroundings(piece), steps))
            for piece, rows in zip(small.split(BATCH), targets.split(BATCH), strict=True)
        ]
        maps = torch.cat(pieces)[:, None]
        if maps.shape[-2:] != x.shape[-2:]:
            maps = interpolate(maps, x.shape[-2:], mode="bilinear")
        return maps[:, 0].double().numpy()

    def _log_odds(self, x: Tensor) -> Tensor:
        logits = self.network(x)
        others = torch.stack(
            [torch.cat([logits[:, :k], logits[:, k + 1 :]], 1).logsumexp(1) for k in range(logits.shape[1])], 1
        )
        return logits - others

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Weights and statistics; and JSON."""
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        if self.known is not None:
            tensors |= {"known.means": self.known.means, "known.whitening": self.known.whitening}
        return tensors, {
            "channels": self.network.channels,
            "classes": self.network.classes,
            "widths": list(self.network.widths),
            "side": self.side,
            "moves": list(self.moves),
            "temperature": self.temperature,
            "threshold": None if self.known is None else self.known.threshold,
        }

    @classmethod
    def from_state(cls, tensors: dict[str, Tensor], state: dict[str, Any]) -> Classifier:
        """The classifier that gave this state."""
        network = ClassifierNetwork(state["channels"], state["classes"], state["widths"])
        weights = {name.removeprefix("network."): t for name, t in tensors.items() if name.startswith("network.")}
        network.load_state_dict(weights)
        known = None
        if state["threshold"] is not None:
            known = Known(tensors["known.means"], tensors["known.whitening"], float(state["threshold"]))
        return cls(network, state["side"], state["moves"], float(state["temperature"]), known)


def reduced(x: Tensor, side: int) -> Tensor:
    """Images [n, C, H, W] averaged down, by halves, until less than twice ``side`` pixels are left."""
    while x.shape[-1] >= 2 * side:
        x = avg_pool2d(x, 2)
    return x.contiguous(memory_format=torch.channels_last)
