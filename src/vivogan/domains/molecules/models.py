"""The models that a run may be of: each is one entry here, and nothing else in the domain asks which one it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.domains.base import Codec, Start
from vivogan.domains.molecules.graph import Graph
from vivogan.domains.molecules.language import Language
from vivogan.domains.molecules.latent import Latent
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.engine.dealer import Symmetry
from vivogan.errors import DamagedRun

if TYPE_CHECKING:
    from vivogan.domains.molecules.plan import MoleculePlan


class Model(Protocol):
    """How molecules become tensors, who plays with them, and what is learned before the game.

    The codec's ``state()`` JSON carries ``"model": name``; its ``decode`` gives "" where x stands for no molecule.
    x [n, …, m] is float: what both sides of the game are disturbed by hides some of the last axis (``domain.augment``).
    """

    name: str

    def adapt(self, plan: MoleculePlan, fingerprint: Mapping[str, Any]) -> MoleculePlan:
        """The plan with this model's sizes and game for such data; its lengths are set afterwards."""
        ...

    def speed(self, plan: MoleculePlan, device: str) -> float:
        """Samples a second of the game on this machine."""
        ...

    def fit_codec(self, records: MoleculeRecords, train: NDArray[np.intp], plan: MoleculePlan, seed: int) -> Codec: ...

    def load_codec(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> Codec: ...

    def networks(self, codec: Any, classes: int, plan: MoleculePlan) -> tuple[nn.Module, nn.Module]:
        """Generator and discriminator; see ``vivogan.engine.game.Game``."""
        ...

    def symmetry(self, plan: MoleculePlan) -> Symmetry:
        """What is done to real x of a batch (float) before the discriminator sees it."""
        ...

    def start(self, generator: nn.Module, part: Start) -> bool:
        """Learn what may be learned before the game; whether anything was."""
        ...


def named(state: Mapping[str, Any]) -> str:
    """The model whose codec gave this state. Raises ``DamagedRun`` where none did."""
    name = state.get("model")
    if name not in MODELS:
        raise DamagedRun(f"the codec of the run names no model ({name!r})", "Train again, or copy the run again")
    return str(name)


MODELS: dict[str, Model] = {model.name: model for model in (Language(), Latent(), Graph())}
