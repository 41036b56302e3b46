"""A trained predictor as an oracle: which of its outputs, and how cautiously it is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from vivogan.core.files import sha256
from vivogan.core.run_folder import RunFolder
from vivogan.domains.molecules.chemistry import molecule
from vivogan.domains.molecules.tools.predictor import Predictor
from vivogan.domains.tasks.targets import Floats
from vivogan.errors import UserError

CAUTIOUS = "@lcb"
DOMAIN = "molecules"


@dataclass(frozen=True)
class Learned:
    """One output of a predictor. ``caution`` standard deviations are added to what it says: positive raises it."""

    model: Predictor
    column: int
    caution: float
    folder: Path
    task: str
    kind: str
    seed: int
    source: str = ""  # the file that it learned from
    recipe: str = ""

    @property
    def target(self) -> str:
        """What it predicts."""
        return self.model.targets.names[self.column]

    @cached_property
    def digest(self) -> str:
        """Of what was learned."""
        return sha256(self.folder / "model.safetensors") + sha256(self.folder / "model.json")

    def same_as(self, other: Learned) -> str:
        """How this predictor is the other one again; empty where it is not."""
        if self.folder.resolve() == other.folder.resolve() or self.digest == other.digest:
            return "is the same predictor as"
        if (self.task, self.kind, self.seed) == (other.task, other.kind, other.seed):
            return f"was trained with the same kind ({self.kind}) and seed ({self.seed}) as"
        return ""

    def values(self) -> Callable[[list[str]], Floats]:
        """The function of SMILES; NaN for what is no molecule. Without caution no interval is computed."""
        return self._cautious if self.caution else self._mean

    def spread(self, smiles: Sequence[str]) -> Floats:
        """How far each prediction is believed to be off, [n]: one standard deviation."""
        return self.model.predict(smiles).sd[:, self.column]

    def _mean(self, smiles: list[str]) -> Floats:
        return readable(smiles, self.model.means(smiles)[:, self.column])

    def _cautious(self, smiles: list[str]) -> Floats:
        found = self.model.predict(smiles)
        return readable(smiles, found.mean[:, self.column] + self.caution * found.sd[:, self.column])


def readable(smiles: Sequence[str], values: Floats) -> Floats:
    """The values [n] with NaN for what is no molecule."""
    return np.where([molecule(text) is None for text in smiles], np.nan, values)


def learned(body: str, sign: float = 1.0) -> Learned | None:
    """The predictor that ``folder[:column][@lcb]`` names; None where there is no run folder.

    Raises ``UserError`` when the folder holds something else, or has no such column.
    """
    text = body.removesuffix(CAUTIOUS)
    folder, column = text, ""
    if not RunFolder.exists(Path(folder)) and ":" in text:
        folder, column = text.rsplit(":", 1)
    if not RunFolder.exists(Path(folder)):
        return None
    from vivogan.domains.tasks.run import TaskRun

    run = TaskRun.open(folder, device="cpu", domain=DOMAIN)
    model = run.model
    names = list(model.targets.names)
    if not column and len(names) > 1:
        raise UserError(f"--objective {body}: predicts several things", f"Name one of them: {folder}:{names[0]}, …")
    if column and column not in names:
        raise UserError(f"--objective {body}: does not predict '{column}'", f"It predicts {', '.join(names)}")
    caution = -sign if body.endswith(CAUTIOUS) else 0.0
    place = names.index(column) if column else 0
    config = run.config
    kind, recipe = "+".join(run.plan.members), config.read.get("recipe", "")
    return Learned(model, place, caution, Path(folder), run.task.name, kind, config.seed, config.source, recipe)
