"""The contract that every domain keeps. What all share is written once: ``train.py``, ``run.py``, ``evaluate.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.budget import Budget
from vivogan.core.configuration import Settings
from vivogan.engine.dealer import Symmetry
from vivogan.engine.settings import GameSettings


@dataclass(frozen=True)
class Split:
    """Indices of the records of each part, sorted; no record is in two."""

    train: NDArray[np.intp]
    selection: NDArray[np.intp]
    test: NDArray[np.intp]


@dataclass(frozen=True)
class Score:
    """A number that says how good the generated data are, beside what it must be read against.

    ``low`` and ``high`` bound its 95 % interval; ``floor`` is real against real at the same sizes, ``baseline`` the
    best simple sampler.
    """

    name: str
    value: float
    low: float
    high: float
    floor: float
    baseline: float
    better: Literal["higher", "lower"]
    n: int
    note: str


@dataclass(frozen=True)
class Figure:
    """A picture for the report: ``image`` is [H, W, 3] uint8."""

    name: str
    title: str
    caption: str
    image: NDArray[np.uint8]


class Records(Protocol):
    """Items in the domain's own type, with labels by column, unique ids, and what was refused on the way."""

    items: Sequence[Any]
    labels: Mapping[str, NDArray[np.str_]]
    ids: Sequence[str]
    refusals: Sequence[Any]
    notes: Sequence[str]

    def __len__(self) -> int: ...

    @property
    def classes(self) -> NDArray[np.str_]: ...


class Fitted(Protocol):
    """Something that was fitted on the training part and is kept in the run folder."""

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]: ...


class Codec(Fitted, Protocol):
    """Records ⇄ tensors x [n, …]; ``decode`` gives a sequence of the domain's items."""

    def encode(self, records: Any, indices: NDArray[np.intp]) -> Tensor: ...

    def decode(self, x: Tensor) -> Any: ...


class Extractor(Fitted, Protocol):
    """The space in which distributions are compared. ``name`` names the scores: only Inception-V3 gives a "FID"."""

    name: str

    def __call__(self, x: Tensor) -> NDArray[np.float64]: ...


class Baseline(Protocol):
    """An honest sampler without a game: fitted on x [N, …] and classes y [N]; gives x of the asked classes."""

    def fit(self, x: Tensor, y: NDArray[np.intp]) -> Any: ...

    def sample(self, y: NDArray[np.intp], seed: int) -> Tensor: ...


@dataclass(frozen=True)
class Start:
    """What a generator may learn from before the game: encoded records [n, …] and their classes [n]."""

    x: Tensor
    y: NDArray[np.intp]
    held_x: Tensor
    held_y: NDArray[np.intp]
    plan: Any
    seed: int
    log: Callable[[dict[str, Any]], None]
    stop: Callable[[], bool]


class Plan(Settings):
    """Every hyper-parameter of a run; a domain adds its own fields."""

    game: GameSettings = GameSettings()


class Domain(Protocol):
    """One object per domain, no inheritance tower."""

    name: str

    @property
    def plan_model(self) -> type[Any]: ...

    def read(self, source: Path, options: Mapping[str, Any]) -> Any: ...

    def split(self, records: Any, seed: int) -> Split: ...

    def fingerprint(self, records: Any) -> dict[str, Any]: ...

    def digest(self, records: Any) -> str: ...

    def plan(self, fingerprint: Mapping[str, Any], budget: Budget, device: str, asked: Any = None) -> Plan:
        """Every hyper-parameter; ``asked`` is a plan of what the user chose and else defaults, None: nothing chosen."""
        ...

    def fit_codec(self, records: Any, train: NDArray[np.intp], plan: Any) -> Codec: ...

    def load_codec(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> Codec: ...

    def networks(self, codec: Any, classes: int, plan: Any) -> tuple[nn.Module, nn.Module]: ...

    def symmetry(self, plan: Any) -> Symmetry: ...

    def augment(self, x: Tensor, p: float, rng: torch.Generator) -> Tensor: ...

    def start(self, generator: nn.Module, part: Start) -> bool: ...

    def fit_extractor(self, codec: Any, x: Tensor, y: NDArray[np.intp], plan: Any, seed: int) -> Extractor: ...

    def load_extractor(self, codec: Any, tensors: dict[str, Tensor], state: dict[str, Any]) -> Extractor: ...

    def summaries(self, x: Tensor, codec: Any) -> dict[str, NDArray[np.float64]]: ...

    def measures(self, train: Any, codec: Any) -> list[Any]: ...

    def literature(self, real: Any, made: Any) -> dict[str, tuple[float, Literal["higher", "lower"]]]: ...

    def baselines(self) -> dict[str, Baseline]: ...

    def records(self, items: Any, labels: dict[str, NDArray[np.str_]], ids: list[str], like: Any) -> Any: ...

    def figures(self, gallery: Mapping[str, Any]) -> list[Figure]: ...

    def write(self, records: Any, path: Path) -> Any: ...
