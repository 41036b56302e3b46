"""Sequences as a domain: the rooms of this folder tied to the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.budget import Budget
from vivogan.domains.base import Baseline, Figure, Split, Start
from vivogan.domains.scores import Measure, Sample
from vivogan.domains.sequences import data, judge, likelihood, metrics, symmetry
from vivogan.domains.sequences.alphabets import ALPHABETS, DNA
from vivogan.domains.sequences.baselines import baselines
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.features import SequenceExtractor, fit_extractor
from vivogan.domains.sequences.generator import SequenceGenerator
from vivogan.domains.sequences.plan import SequencePlan, networks, plan_for
from vivogan.domains.sequences.records import ReadOptions, SequenceRecords
from vivogan.domains.sequences.split import split
from vivogan.engine.dealer import Symmetry


class Sequences:
    """DNA, RNA and protein: free, aligned, or coding."""

    name = "sequences"
    plan_model = SequencePlan

    def read(self, source: Path, options: Mapping[str, Any]) -> SequenceRecords:
        return data.read(source, ReadOptions(**options))

    def inspect(self, source: Path, read: Mapping[str, Any]) -> dict[str, Any]:
        """What a data set holds: fingerprint, refusals and notes."""
        records = self.read(source, read)
        refusals = [asdict(refusal) for refusal in records.refusals]
        return {"fingerprint": self.fingerprint(records), "refusals": refusals, "notes": list(records.notes)}

    def split(self, records: SequenceRecords, seed: int) -> Split:
        return split(records, seed)

    def fingerprint(self, records: SequenceRecords) -> dict[str, Any]:
        rows = np.arange(len(records))[:: max(1, len(records) // (2 * symmetry.LOOKED_AT))]
        codec = SequenceCodec.fit(records, rows)
        double = records.alphabet is DNA and len(codec.symbols) == len(DNA.letters)
        alike = double and symmetry.strands_alike(codec.encode(records, rows))
        return data.fingerprint(records) | {"both_strands": alike}

    def digest(self, records: SequenceRecords) -> str:
        return data.content_hash(records)

    def plan(
        self, fingerprint: Mapping[str, Any], budget: Budget, device: str, asked: SequencePlan | None = None
    ) -> SequencePlan:
        return plan_for(fingerprint, budget, device)

    def fit_codec(self, records: SequenceRecords, train: NDArray[np.intp], plan: SequencePlan) -> SequenceCodec:
        return SequenceCodec.fit(records, train)

    def load_codec(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> SequenceCodec:
        return SequenceCodec.from_state(tensors, state)

    def networks(self, codec: SequenceCodec, classes: int, plan: SequencePlan) -> tuple[nn.Module, nn.Module]:
        return networks(codec, classes, plan)

    def symmetry(self, plan: SequencePlan) -> Symmetry:
        return symmetry.symmetrise if plan.both_strands else lambda x, rng: x

    def augment(self, x: Tensor, p: float, rng: torch.Generator) -> Tensor:
        return symmetry.disturb(x, p, rng)

    def start(self, generator: nn.Module, part: Start) -> bool:
        """Count, then maximise the likelihood; see ``likelihood.py``."""
        likelihood.start(cast(SequenceGenerator, generator), part)
        return True

    def fit_extractor(
        self, codec: SequenceCodec, x: Tensor, y: NDArray[np.intp], plan: SequencePlan, seed: int
    ) -> SequenceExtractor:
        return fit_extractor(x, y, seed, aligned=plan.coupled)

    def load_extractor(
        self, codec: SequenceCodec, tensors: dict[str, Tensor], state: dict[str, Any]
    ) -> SequenceExtractor:
        return SequenceExtractor.from_state(tensors, state)

    def summaries(self, x: Tensor, codec: SequenceCodec) -> dict[str, NDArray[np.float64]]:
        return metrics.summaries(x, codec)

    def measures(self, train: Sample, codec: SequenceCodec) -> list[Measure]:
        return judge.measures(train, codec)

    def literature(self, real: list[str], made: list[str]) -> dict[str, tuple[float, Literal["higher", "lower"]]]:
        return metrics.literature(real, made)

    def baselines(self) -> dict[str, Baseline]:
        return baselines()

    def records(
        self, items: list[str], labels: dict[str, NDArray[np.str_]], ids: list[str], like: Mapping[str, Any]
    ) -> SequenceRecords:
        known = like["fingerprint"]
        return SequenceRecords(
            items,
            labels,
            ids,
            source="generated",
            alphabet=ALPHABETS[known["alphabet"]],
            aligned=known["layout"] == "aligned",
            coding=known["layout"] == "coding",
        )

    def figures(self, gallery: Mapping[str, Any]) -> list[Figure]:
        from vivogan.domains.sequences import plots

        return plots.figures(gallery)

    def write(self, records: SequenceRecords, path: Path) -> Any:
        return data.write(records, path)


DOMAIN = Sequences()
