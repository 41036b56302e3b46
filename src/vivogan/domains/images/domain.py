"""Images as a domain: the rooms of this folder tied to the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.budget import Budget
from vivogan.domains.base import Baseline, Figure, Split, Start
from vivogan.domains.images import data, metrics, plots, symmetry, write
from vivogan.domains.images.baselines import PrincipalGaussian, SmoothedBootstrap
from vivogan.domains.images.codec import ImageCodec
from vivogan.domains.images.features import ImageExtractor, fit_extractor
from vivogan.domains.images.plan import ImagePlan, networks, plan_for
from vivogan.domains.images.records import ImageRecords, ReadOptions
from vivogan.domains.images.split import split
from vivogan.engine.dealer import Symmetry


class Images:
    """Micrographs and other images: any bit depth, any number of channels."""

    name = "images"
    plan_model = ImagePlan

    def read(self, source: Path, options: Mapping[str, Any]) -> ImageRecords:
        return data.read(source, ReadOptions(**options))

    def inspect(self, source: Path, read: Mapping[str, Any]) -> dict[str, Any]:
        """What a data set holds: fingerprint, refusals and notes."""
        records = self.read(source, read)
        refusals = [asdict(refusal) for refusal in records.refusals]
        return {"fingerprint": self.fingerprint(records), "refusals": refusals, "notes": list(records.notes)}

    def split(self, records: ImageRecords, seed: int) -> Split:
        return split(records, seed)

    def fingerprint(self, records: ImageRecords) -> dict[str, Any]:
        rows = np.arange(len(records))[:: max(1, len(records) // (2 * symmetry.LOOKED_AT))]
        small = ImageCodec.fit(records, rows, 24, "crop").encode(records, rows)
        return data.fingerprint(records) | {"symmetries": symmetry.measured(small)}

    def digest(self, records: ImageRecords) -> str:
        return data.content_hash(records)

    def plan(
        self, fingerprint: Mapping[str, Any], budget: Budget, device: str, asked: ImagePlan | None = None
    ) -> ImagePlan:
        return plan_for(fingerprint, budget, device)

    def fit_codec(self, records: ImageRecords, train: NDArray[np.intp], plan: ImagePlan) -> ImageCodec:
        return ImageCodec.fit(records, train, plan.side, plan.fit)

    def load_codec(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> ImageCodec:
        return ImageCodec.from_state(tensors, state)

    def networks(self, codec: ImageCodec, classes: int, plan: ImagePlan) -> tuple[nn.Module, nn.Module]:
        return networks(codec.channels, classes, plan)

    def symmetry(self, plan: ImagePlan) -> Symmetry:
        return partial(symmetry.symmetrise, moves=plan.symmetries)

    def augment(self, x: Tensor, p: float, rng: torch.Generator) -> Tensor:
        return symmetry.disturb(x, p, rng)

    def fit_extractor(
        self, codec: ImageCodec, x: Tensor, y: NDArray[np.intp], plan: ImagePlan, seed: int
    ) -> ImageExtractor:
        return fit_extractor(x, y, plan.extractor_steps, seed, plan.symmetries)

    def load_extractor(self, codec: ImageCodec, tensors: dict[str, Tensor], state: dict[str, Any]) -> ImageExtractor:
        return ImageExtractor.from_state(tensors, state)

    def start(self, generator: nn.Module, part: Start) -> bool:
        """Images begin from noise."""
        return False

    def summaries(self, x: Tensor, codec: ImageCodec) -> dict[str, NDArray[np.float64]]:
        return metrics.summaries(x)

    def measures(self, train: Any, codec: ImageCodec) -> list[Any]:
        """Nothing beyond what every domain is judged by."""
        return []

    def literature(
        self, real: list[NDArray[Any]], made: list[NDArray[Any]]
    ) -> dict[str, tuple[float, Literal["higher", "lower"]]]:
        return metrics.inception_scores(real, made)

    def baselines(self) -> dict[str, Baseline]:
        return {"principal Gaussian": PrincipalGaussian(), "smoothed bootstrap": SmoothedBootstrap()}

    def records(
        self, items: list[NDArray[Any]], labels: dict[str, NDArray[np.str_]], ids: list[str], like: Mapping[str, Any]
    ) -> ImageRecords:
        return ImageRecords(items, labels, ids, [], [], None, None, "generated")

    def figures(self, gallery: Mapping[str, Any]) -> list[Figure]:
        return plots.figures(gallery)

    def write(self, records: ImageRecords, path: Path) -> list[Path]:
        return write.write(records, path)


DOMAIN = Images()
