"""Blood cells and the frozen classifier whose features judge them: shared by the image benchmarks."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.domains.images.features import ImageExtractor, fit_extractor

CACHE = Path(os.environ.get("VIVOGAN_CACHE", Path.home() / ".cache" / "vivogan")) / "benchmarks"


def data_folder() -> Path:
    """The folder of the reference data sets (``VIVOGAN_DATA``)."""
    folder = os.environ.get("VIVOGAN_DATA")
    if not folder:
        raise SystemExit("set VIVOGAN_DATA to the folder of the reference data sets")
    return Path(folder)


@dataclass(frozen=True)
class Part:
    x: Tensor  # n x 3 x 28 x 28 in (-1, 1)
    y: NDArray[np.intp]


@dataclass(frozen=True)
class Blood:
    """pbc_blood_cells_28 with the split of its file."""

    train: Part
    test: Part

    @classmethod
    def load(cls) -> Blood:
        with np.load(data_folder() / "pbc_blood_cells_28" / "pbc28.npz") as arrays:
            x, y, part = arrays["x"], arrays["y"].astype(np.intp), arrays["split"]
        encoded = torch.from_numpy(x).permute(0, 3, 1, 2).float() / 127.5 - 1
        encoded = encoded.contiguous(memory_format=torch.channels_last)
        return cls(*(Part(encoded[torch.from_numpy(part == p)], y[part == p]) for p in (0, 2)))

    @cached_property
    def extractor(self) -> ImageExtractor:
        """The frozen classifier (96 features before its head), trained once on the training part and kept in the
        cache."""
        from safetensors.torch import load_file, save_file

        path = CACHE / "blood-extractor.safetensors"
        state = {"channels": 3, "classes": 8, "side": 64}
        if path.exists():
            return ImageExtractor.from_state(load_file(path), state)
        found = fit_extractor(self.train.x, self.train.y, steps=1400, seed=0)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({name: tensor.contiguous() for name, tensor in found.state()[0].items()}, path)
        return found

    def accuracy(self) -> float:
        """Test accuracy of the frozen classifier."""
        return float((self.extractor.probabilities(self.test.x).argmax(1) == self.test.y).mean())
