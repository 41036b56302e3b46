"""The space in which molecules are compared: circular fingerprints and a dozen descriptors, in their principal
components; named after what it is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.seeds import numpy_generator
from vivogan.domains.base import Codec
from vivogan.domains.molecules.fingerprints import count_fingerprints
from vivogan.domains.molecules.properties import properties
from vivogan.errors import DamagedRun

Floats = NDArray[np.float64]
T = TypeVar("T")
COMPONENTS = 64
BITS = 1024
FITTED = 20_000  # molecules from which the axes are learned
DESCRIBED = (
    "logp", "weight", "tpsa", "donors", "acceptors", "rotatable", "rings", "aromatic_rings", "fsp3", "heteroatoms",
    "stereocentres", "charge",
)  # fmt: skip
KEPT = 12  # readings of tensors that are remembered


class MoleculeExtractor:
    """Encoded molecules x [n, …] → features [n, d], d ≤ 64.

    Logarithms of the counts of Morgan environments (radius 2, folded to 1024), and twelve descriptors; each of the two
    groups has the same variance on the training part. Then principal components, not whitened. What is no molecule has
    the features of one without atoms. ``name`` tells the score it is used in what it was: ``morgan64-1a2b3c4d`` ends in
    the first digits of a hash of what was fitted.
    """

    def __init__(self, codec: Codec, mean: Tensor, scale: Tensor, axes: Tensor, seed: int) -> None:
        self.codec, self.seed = codec, seed
        self.mean, self.scale, self.axes = mean, scale, axes  # D, D, D x d
        self.name = f"morgan{axes.shape[1]}-{_digest(seed, mean, scale, axes)}"

    def __call__(self, x: Tensor) -> Floats:
        """Features [n, d] of encoded molecules x [n, …]."""

        def features() -> Floats:
            mean, scale, axes = self.mean.numpy(), self.scale.numpy(), self.axes.numpy()
            return np.asarray(((_table(smiles_of(self.codec, x)) - mean) * scale) @ axes)

        return remembered(x, (self.name, id(self.codec)), features)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Mean, scale and axes, and what they belong to."""
        return {"mean": self.mean, "scale": self.scale, "axes": self.axes}, {"kind": "morgan", "seed": self.seed}


def load_extractor(codec: Codec, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> MoleculeExtractor:
    """The extractor that gave this state. Raises ``DamagedRun`` when the state is not one."""
    try:
        return MoleculeExtractor(codec, tensors["mean"], tensors["scale"], tensors["axes"], int(state["seed"]))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DamagedRun(
            f"the features of the run cannot be read ({error})", "Train again, or copy the run again"
        ) from error


def fit_extractor(codec: Codec, x: Tensor, y: NDArray[np.intp], seed: int) -> MoleculeExtractor:
    """Fit the features on encoded molecules x [n, …], 20,000 of them at most; classes y are not looked at.

    The axes are found by random projection (Halko et al. 2011), hence the seed.
    """
    from sklearn.utils.extmath import randomized_svd

    if len(x) > FITTED:
        chosen = numpy_generator(seed, "extractor").choice(len(x), FITTED, replace=False)
        x = x[torch.from_numpy(np.sort(chosen))]
    table = _table(smiles_of(codec, x))
    mean, deviation = table.mean(0), table.std(0)
    counts = np.full(BITS, 1 / max(1e-6, float(np.linalg.norm(deviation[:BITS]))))
    varied = deviation[BITS:] > 0
    numbers = np.where(varied, 1 / np.where(varied, deviation[BITS:], 1), 0) / np.sqrt(max(1, varied.sum()))
    scale = np.concatenate([counts, numbers])
    centred = (table - mean) * scale
    count = max(1, min(COMPONENTS, len(centred) - 1))
    axes = randomized_svd(centred, count, n_iter=4, random_state=seed % 2**32)[2]
    fitted = [torch.from_numpy(np.ascontiguousarray(part)) for part in (mean, scale, axes.T)]
    return MoleculeExtractor(codec, fitted[0], fitted[1], fitted[2], seed)


def _table(smiles: list[str]) -> Floats:
    """Logarithms of counts and descriptors, [n, D]; zeros for what is no molecule."""
    counts = np.log1p(count_fingerprints(smiles, size=BITS), dtype=np.float64)
    return np.hstack([counts, np.nan_to_num(properties(smiles, DESCRIBED))])


_memory: OrderedDict[tuple[int, Any], tuple[Tensor, int, Any]] = OrderedDict()


def smiles_of(codec: Codec, x: Tensor) -> list[str]:
    """The SMILES of encoded molecules x [n, …]; "" where there is none."""
    return remembered(x, ("smiles", id(codec)), lambda: codec.decode(x))


def remembered(x: Tensor, what: Any, reading: Callable[[], T]) -> T:
    """What was read from this very tensor before, so that its features, summaries and scores describe it only once."""
    key = id(x), what
    kept = _memory.get(key)
    if kept is None or kept[0] is not x or kept[1] != x._version:
        kept = (x, x._version, reading())
        _memory[key] = kept
        while len(_memory) > KEPT:
            _memory.popitem(last=False)
    _memory.move_to_end(key)
    found: T = kept[2]
    return found


def _digest(seed: int, *tensors: Tensor) -> str:
    import hashlib

    digest = hashlib.sha256(str(seed).encode())
    for tensor in tensors:
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:8]
