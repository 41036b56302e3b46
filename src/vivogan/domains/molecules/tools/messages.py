"""A directed message-passing network over atoms and bonds (Yang et al. 2019), of the package chemprop, for all targets.

It is an extra: ``members=["kernel","boosting","chemprop"]`` asks it too, where chemprop is installed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from vivogan.core.configuration import Settings
from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.molecules.chemistry import molecule
from vivogan.domains.tasks.learn import LearnSettings, learn
from vivogan.domains.tasks.targets import Floats
from vivogan.errors import UserError

MODULES = ("nn", "models", "data", "featurizers")
ROWS = 500  # molecules looked at together


class MessageSettings(Settings):
    """How the network is made, and how often it sees each molecule."""

    width: Annotated[int, Field(ge=1)] = 300
    depth: Annotated[int, Field(ge=1)] = 3  # bonds that a message goes
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    epochs: Annotated[int, Field(ge=1)] = 40
    batch: Annotated[int, Field(ge=1)] = 64
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3


def installed() -> Any:
    """The modules nn, models, data and featurizers of chemprop. Raises ``UserError`` where it is not installed."""
    try:
        parts, models, data, featurizers = (import_module(f"chemprop.{name}") for name in MODULES)
    except ImportError as error:
        reason = f"members: chemprop cannot be used ({error})"
        raise UserError(reason, "pip install 'chemprop<2.2', or leave it out") from error
    return parts, models, data, featurizers


def network(targets: int, settings: MessageSettings) -> nn.Module:
    """The network, not trained yet: [n, t] of a batch of graphs."""
    parts, models, _, _ = installed()
    passing = parts.BondMessagePassing(d_h=settings.width, depth=settings.depth, dropout=settings.dropout)
    head = parts.RegressionFFN(
        n_tasks=targets, input_dim=settings.width, hidden_dim=settings.width, dropout=settings.dropout
    )
    made: nn.Module = models.MPNN(passing, parts.MeanAggregation(), head, batch_norm=True)
    return made


def graphs(smiles: Sequence[str]) -> list[Any]:
    """The graph of each molecule; a lone atom of no element for what is none."""
    from rdkit import Chem

    _, _, _, featurizers = installed()
    featurise = featurizers.SimpleMoleculeMolGraphFeaturizer()
    nothing = Chem.MolFromSmiles("*")
    return [featurise(mol if (mol := molecule(text)) is not None and mol.GetNumAtoms() else nothing) for text in smiles]


@dataclass(frozen=True)
class Messages:
    """A trained network; ``said`` gives numbers, or log-odds."""

    net: nn.Module
    settings: MessageSettings
    shift: Floats
    unit: Floats

    @torch.no_grad()
    def said(self, each: Sequence[Any]) -> Floats:
        """[n, t] of n graphs."""
        _, _, data, _ = installed()
        parts = [self.net(data.BatchMolGraph(each[i : i + ROWS])).double().numpy() for i in range(0, len(each), ROWS)]
        return np.concatenate([np.zeros((0, len(self.shift))), *parts]) * self.unit + self.shift

    @classmethod
    def learned(cls, each: Sequence[Any], y: Floats, chances: bool, settings: MessageSettings, seed: int) -> Self:
        """A network that has learned y [n, t] (NaN: unknown) of n graphs."""
        _, _, data, _ = installed()
        shift, unit = np.zeros(y.shape[1]), np.ones(y.shape[1])
        if not chances:
            shift, unit = np.nanmean(y, 0), np.maximum(np.nanstd(y, 0), 1e-6)
        target = torch.from_numpy((y - shift) / unit).float()
        size = min(settings.batch, len(each))
        steps = max(1, len(each) // size)

        def rows(step: int) -> NDArray[np.intp]:
            epoch, place = divmod(step, steps)
            order = numpy_generator(seed, "order", epoch).permutation(len(each))
            return order[place * size : (place + 1) * size]

        def loss(net: nn.Module, step: int) -> Tensor:
            chosen = rows(step)
            said, truth = net(data.BatchMolGraph([each[i] for i in chosen.tolist()])), target[chosen]
            known = truth.isfinite()
            if chances:
                return F.binary_cross_entropy_with_logits(said[known], truth[known])
            return F.mse_loss(said[known], truth[known])

        torch.manual_seed(derive(seed, "messages"))
        given = LearnSettings(steps=settings.epochs * steps, learning_rate=settings.learning_rate, tick=10**9)
        return cls(learn(network(y.shape[1], settings), loss, given).eval(), settings, shift, unit)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        tensors = {name: value.contiguous() for name, value in self.net.state_dict().items()}
        numbers = {"shift": self.shift.tolist(), "unit": self.unit.tolist()}
        return tensors, numbers | {"settings": self.settings.model_dump(mode="json")}

    @classmethod
    def from_state(cls, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> Self:
        settings = MessageSettings.model_validate(state["settings"])
        net = network(len(state["shift"]), settings)
        net.load_state_dict(dict(tensors))
        return cls(net.eval(), settings, np.array(state["shift"]), np.array(state["unit"]))
