"""Expression as a domain: the rooms of this folder tied to the contract."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.budget import Budget
from vivogan.core.seeds import derive
from vivogan.domains.base import Baseline, Figure, Split, Start
from vivogan.domains.expression import data, judge, likelihood, metrics
from vivogan.domains.expression.augment import thinned
from vivogan.domains.expression.baselines import baselines
from vivogan.domains.expression.codec import ExpressionCodec
from vivogan.domains.expression.features import ExpressionExtractor, fit_extractor
from vivogan.domains.expression.generator import ExpressionGenerator
from vivogan.domains.expression.plan import ExpressionPlan, networks, plan_for
from vivogan.domains.expression.records import Cells, ExpressionRecords, ReadOptions
from vivogan.domains.scores import Measure, Sample
from vivogan.engine.dealer import Symmetry


class Expression:
    """Counts of molecules of each gene in single cells."""

    name = "expression"
    plan_model = ExpressionPlan

    def read(self, source: Path, options: Mapping[str, Any]) -> ExpressionRecords:
        return data.read(source, ReadOptions(**options))

    def inspect(self, source: Path, read: Mapping[str, Any]) -> dict[str, Any]:
        """What a data set holds, also a large one: it is never read whole."""
        return data.survey(source, ReadOptions(**read))

    def split(self, records: ExpressionRecords, seed: int) -> Split:
        return data.split(records, seed)

    def fingerprint(self, records: ExpressionRecords) -> dict[str, Any]:
        return data.fingerprint(records)

    def digest(self, records: ExpressionRecords) -> str:
        return data.content_hash(records)

    def plan(
        self, fingerprint: Mapping[str, Any], budget: Budget, device: str, asked: ExpressionPlan | None = None
    ) -> ExpressionPlan:
        return plan_for(fingerprint, budget, device, asked)

    def fit_codec(self, records: ExpressionRecords, train: NDArray[np.intp], plan: ExpressionPlan) -> ExpressionCodec:
        return ExpressionCodec.fit(records, train)

    def load_codec(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> ExpressionCodec:
        return ExpressionCodec.from_state(tensors, state)

    def networks(self, codec: ExpressionCodec, classes: int, plan: ExpressionPlan) -> tuple[nn.Module, nn.Module]:
        return networks(codec, classes, plan)

    def symmetry(self, plan: ExpressionPlan) -> Symmetry:
        return lambda x, rng: x

    def augment(self, x: Tensor, p: float, rng: torch.Generator) -> Tensor:
        return thinned(x, p, rng)

    def start(self, generator: nn.Module, part: Start) -> bool:
        """Maximise the evidence; see ``likelihood.py``."""
        epochs = part.plan.likelihood.epochs

        def log(record: dict[str, Any]) -> None:
            text = f"likelihood, epoch {record['epoch']} of {epochs}: evidence {record['evidence']:.1f} nats a cell"
            part.log({"event": "stage", "text": text})

        own = cast(ExpressionGenerator, generator)
        y = torch.from_numpy(part.y)
        likelihood.start(own, part.x, y, part.plan.likelihood, derive(part.seed, "likelihood"), log, part.stop)
        return True

    def fit_extractor(
        self, codec: ExpressionCodec, x: Tensor, y: NDArray[np.intp], plan: ExpressionPlan, seed: int
    ) -> ExpressionExtractor:
        return fit_extractor(x, seed)

    def load_extractor(
        self, codec: ExpressionCodec, tensors: dict[str, Tensor], state: dict[str, Any]
    ) -> ExpressionExtractor:
        return ExpressionExtractor.from_state(tensors)

    def summaries(self, x: Tensor, codec: ExpressionCodec) -> dict[str, NDArray[np.float64]]:
        return metrics.summaries(x, codec)

    def measures(self, train: Sample, codec: ExpressionCodec) -> list[Measure]:
        return judge.measures(train, codec)

    def literature(self, real: Cells, made: Cells) -> dict[str, tuple[float, Literal["higher", "lower"]]]:
        return metrics.literature(real, made)

    def baselines(self) -> dict[str, Baseline]:
        return baselines()

    def records(
        self, items: Cells, labels: dict[str, NDArray[np.str_]], ids: list[str], like: Mapping[str, Any]
    ) -> ExpressionRecords:
        fingerprint = like["fingerprint"]
        return ExpressionRecords(
            items.counts,
            items.genes,
            labels,
            ids,
            most_variable=int(fingerprint["modelled"]),
            source="generated",
            provenance={"generated": "true", "data": str(fingerprint["sha256"])},
        )

    def figures(self, gallery: Mapping[str, Any]) -> list[Figure]:
        from vivogan.domains.expression import plots

        return plots.figures(gallery)

    def write(self, records: ExpressionRecords, path: Path) -> Any:
        return data.write(records, path)


DOMAIN = Expression()
