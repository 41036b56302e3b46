"""Who predicts: kernel ridges that compare molecules with known ones, and trees on a table of what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.domains.molecules.tools.features import Described, Table
from vivogan.domains.molecules.tools.forest import Forest
from vivogan.domains.molecules.tools.gaussian import GaussianKernel
from vivogan.domains.molecules.tools.kernel import CountKernel
from vivogan.domains.molecules.tools.messages import Messages, graphs
from vivogan.domains.molecules.tools.trees import Trees
from vivogan.domains.tasks.targets import Floats


@dataclass(frozen=True)
class Seen:
    """Molecules as members see them, each view made when it is first asked for."""

    smiles: Sequence[str]
    compare: CountKernel
    blocks: Sequence[str]  # of the table
    ranked_blocks: Sequence[str]
    columns: NDArray[np.int64]

    @cached_property
    def described(self) -> Described:
        return Described(self.smiles)

    @cached_property
    def alike(self) -> Floats:
        """With the landmarks, [n, m]."""
        return self.compare(self.smiles)

    @cached_property
    def ranked(self) -> Table:
        """What the kernel on descriptors looks at, [n, D]."""
        return self.described.table(self.ranked_blocks)

    @cached_property
    def table(self) -> Table:
        """What trees look at, [n, F]."""
        return np.ascontiguousarray(self.described.table(self.blocks)[:, self.columns])


@dataclass(frozen=True)
class Ridges:
    """Ridges of all targets on what molecules count: ``weights`` [m, t] of the landmarks, ``offset`` [t]."""

    weights: Floats
    offset: Floats

    def said(self, seen: Seen) -> Floats:
        """[n, t]."""
        return seen.alike @ self.weights + self.offset

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {"weights": torch.from_numpy(self.weights), "offset": torch.from_numpy(self.offset)}, {}

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> Self:
        return cls(tensors["weights"].numpy(), tensors["offset"].numpy())


@dataclass(frozen=True)
class GaussianRidges:
    """The same on what molecules are described by."""

    compare: GaussianKernel
    weights: Floats
    offset: Floats

    def said(self, seen: Seen) -> Floats:
        """[n, t]."""
        return self.compare(seen.ranked) @ self.weights + self.offset

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        own = {"weights": torch.from_numpy(self.weights), "offset": torch.from_numpy(self.offset)}
        return self.compare.state() | own, {}

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> Self:
        return cls(GaussianKernel.from_state(tensors), tensors["weights"].numpy(), tensors["offset"].numpy())


@dataclass(frozen=True)
class Woods:
    """Boosted trees of all targets."""

    each: list[Trees]

    def said(self, seen: Seen) -> Floats:
        """[n, t]: numbers, or log-odds."""
        return np.stack([trees.said(seen.table) for trees in self.each], 1)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {}, {"trees": [trees.state() for trees in self.each]}

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> Self:
        return cls([Trees(**own) for own in state["trees"]])


@dataclass(frozen=True)
class Forests:
    """Random forests of all targets."""

    each: list[Forest]
    chances: bool

    def said(self, seen: Seen) -> Floats:
        """[n, t]: numbers, or log-odds."""
        return np.stack([forest.said(seen.table, self.chances) for forest in self.each], 1)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        tensors = {f"{k}.{name}": value for k, own in enumerate(self.each) for name, value in own.state().items()}
        return tensors, {"forests": len(self.each), "chances": self.chances}

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> Self:
        return cls([Forest.from_state(below(tensors, f"{k}.")) for k in range(state["forests"])], state["chances"])


@dataclass(frozen=True)
class Graphs:
    """One message-passing network for all targets."""

    net: Messages

    def said(self, seen: Seen) -> Floats:
        """[n, t]: numbers, or log-odds."""
        return self.net.said(graphs(seen.smiles))

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return self.net.state()

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> Self:
        return cls(Messages.from_state(tensors, state))


def below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


Member = Ridges | GaussianRidges | Woods | Forests | Graphs
KINDS: Mapping[str, Any] = {
    "kernel": Ridges,
    "descriptors": GaussianRidges,
    "boosting": Woods,
    "forest": Forests,
    "chemprop": Graphs,
}
