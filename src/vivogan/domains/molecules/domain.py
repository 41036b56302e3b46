"""Molecules as a domain: the rooms of this folder tied to the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.budget import Budget
from vivogan.core.seeds import derive
from vivogan.domains.base import Baseline, Codec, Figure, Split, Start
from vivogan.domains.molecules import data, judge, metrics
from vivogan.domains.molecules.baselines import baselines
from vivogan.domains.molecules.features import MoleculeExtractor, fit_extractor, load_extractor
from vivogan.domains.molecules.models import MODELS, named
from vivogan.domains.molecules.plan import MoleculePlan, lengths
from vivogan.domains.molecules.records import MoleculeRecords, ReadOptions
from vivogan.domains.scores import Measure, Sample
from vivogan.engine.dealer import Symmetry

HIDDEN = 0.3  # share of the places that an augmentation of strength 1 hides


class Molecules:
    """Drug-like and other small molecules; ``models.py`` says what a run may be of."""

    name = "molecules"
    plan_model = MoleculePlan

    def read(self, source: Path, options: Mapping[str, Any]) -> MoleculeRecords:
        return data.read(source, ReadOptions(**options))

    def inspect(self, source: Path, read: Mapping[str, Any]) -> dict[str, Any]:
        """What a data set holds: fingerprint, refusals and notes."""
        records = self.read(source, read)
        refusals = [asdict(refusal) for refusal in records.refusals]
        return {"fingerprint": self.fingerprint(records), "refusals": refusals, "notes": list(records.notes)}

    def split(self, records: MoleculeRecords, seed: int) -> Split:
        return data.split(records, seed)

    def fingerprint(self, records: MoleculeRecords) -> dict[str, Any]:
        return data.fingerprint(records)

    def digest(self, records: MoleculeRecords) -> str:
        return data.content_hash(records)

    def plan(
        self, fingerprint: Mapping[str, Any], budget: Budget, device: str, asked: MoleculePlan | None = None
    ) -> MoleculePlan:
        chosen = MoleculePlan() if asked is None else asked
        model = MODELS[chosen.model]
        draft = model.adapt(chosen, fingerprint)
        return lengths(draft, fingerprint, budget, lambda: model.speed(draft, device))

    def fit_codec(self, records: MoleculeRecords, train: NDArray[np.intp], plan: MoleculePlan) -> Codec:
        return MODELS[plan.model].fit_codec(records, train, plan, derive(0, "codec"))

    def load_codec(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> Codec:
        return MODELS[named(state)].load_codec(tensors, state)

    def networks(self, codec: Any, classes: int, plan: MoleculePlan) -> tuple[nn.Module, nn.Module]:
        return MODELS[plan.model].networks(codec, classes, plan)

    def symmetry(self, plan: MoleculePlan) -> Symmetry:
        return MODELS[plan.model].symmetry(plan)

    def augment(self, x: Tensor, p: float, rng: torch.Generator) -> Tensor:
        """Hide some places of x [n, …, m]."""
        shape = (len(x), *([1] * (x.dim() - 2)), x.shape[-1])
        return x * (torch.rand(shape, generator=rng, device=x.device) >= HIDDEN * p)

    def start(self, generator: nn.Module, part: Start) -> bool:
        return MODELS[part.plan.model].start(generator, part)

    def fit_extractor(
        self, codec: Any, x: Tensor, y: NDArray[np.intp], plan: MoleculePlan, seed: int
    ) -> MoleculeExtractor:
        return fit_extractor(codec, x, y, seed)

    def load_extractor(self, codec: Any, tensors: dict[str, Tensor], state: dict[str, Any]) -> MoleculeExtractor:
        return load_extractor(codec, tensors, state)

    def summaries(self, x: Tensor, codec: Any) -> dict[str, NDArray[np.float64]]:
        return metrics.summaries(x, codec)

    def measures(self, train: Sample, codec: Any) -> list[Measure]:
        return judge.measures(train, codec)

    def literature(self, real: list[str], made: list[str]) -> dict[str, tuple[float, Literal["higher", "lower"]]]:
        return metrics.literature(real, made)

    def baselines(self) -> dict[str, Baseline]:
        return baselines()

    def records(
        self, items: list[str], labels: dict[str, NDArray[np.str_]], ids: list[str], like: Mapping[str, Any]
    ) -> MoleculeRecords:
        return MoleculeRecords(items, labels, ids, source="generated")

    def figures(self, gallery: Mapping[str, Any]) -> list[Figure]:
        from vivogan.domains.molecules import plots

        return plots.figures(gallery)

    def write(self, records: MoleculeRecords, path: Path) -> Any:
        return data.write(records, path)


DOMAIN = Molecules()
