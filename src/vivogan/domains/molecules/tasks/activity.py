"""Predicting activity and toxicity: molecules with measured numbers, yes or no, or a class → the same for new ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.checkpoints import Checkpoints
from vivogan.core.configuration import validated
from vivogan.core.files import write_json, write_text
from vivogan.domains.base import Figure, Fitted, Split
from vivogan.domains.molecules import data as molecules
from vivogan.domains.molecules.draw import Drawing, picture, svg
from vivogan.domains.molecules.tasks import pictures
from vivogan.domains.molecules.tasks.data import ActivityData, read
from vivogan.domains.molecules.tasks.neighbours import simply
from vivogan.domains.molecules.tools.attribution import atom_weights
from vivogan.domains.molecules.tools.learning import fit_predictor
from vivogan.domains.molecules.tools.predictor import Predictor, PredictPlan
from vivogan.domains.tasks.agreement import chance_scores, class_scores, number_scores
from vivogan.domains.tasks.base import Better, Judgement, Watch, Words
from vivogan.domains.tasks.results import write_rows
from vivogan.domains.tasks.targets import Predicted, dealt
from vivogan.errors import InputError, SettingsError, UserError

FEWEST = 10  # labelled molecules that something can be learned from
MANY = 20_000  # answers beyond which learning is kept short
MOST_GENERATED = 2000
FILE, EXPLAINED = "predicted.csv", "explained"
WORDS = Words("molecule", "measured", "measure", "measurements", "predicted")
BIG = (520, 400)


@dataclass(frozen=True)
class Nothing:
    """A predictor of molecules has nothing to fit before it learns."""

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {}, {}


@dataclass(frozen=True)
class ActivityTask:
    """See ``vivogan.domains.tasks.base.Task``."""

    domain: str = "molecules"
    name: str = "activity"
    command: str = "predict"
    words: Words = WORDS
    measure: str = "Spearman correlation"
    better: Better = "higher"
    most_judged: int = 20_000
    tried: int = 0
    labels_shape_generated: bool = False

    @property
    def plan_model(self) -> type[PredictPlan]:
        return PredictPlan

    def read(self, source: Path, options: Mapping[str, str]) -> ActivityData:
        data = read(source, options)
        mend = "Name the column of the measurements with --labels"
        if not data.records.labels:
            raise InputError(source, "has no labels; a predictor learns from measured molecules", mend=mend)
        targets = data.targets
        if targets.classes and len(targets.names) < 2:
            raise InputError(
                source, f"has one class only ({', '.join(targets.names)}) in '{targets.classes}'", mend=mend
            )
        if data.known.sum() < FEWEST:
            raise InputError(source, f"has {data.known.sum()} measured molecules", mend=f"Give {FEWEST} or more")
        return data

    def split(self, data: ActivityData, seed: int) -> Split:
        """The split of the records, by scaffolds; of each part what was measured."""
        found = molecules.split(data.records, seed)
        return Split(*(part[data.known[part]] for part in (found.train, found.selection, found.test)))

    def plan(self, data: ActivityData, split: Split, options: Mapping[str, str]) -> PredictPlan:
        known = len(split.train) + len(split.selection)
        generated = min(MOST_GENERATED, 2 * known) if data.generator else 0
        return planned(data, known).model_copy(update={"generated": generated})

    def seconds_a_step(self, data: ActivityData, plan: PredictPlan) -> float:
        """Nothing is learned in steps."""
        return 1e-3

    def fitted(self, data: ActivityData, split: Split) -> Fitted:
        return Nothing()

    def imagine(self, data: ActivityData, split: Split, plan: PredictPlan, seed: int, log: Watch) -> list[Any]:
        """New molecules of the generator; without one those of the data that nobody has measured."""
        if data.generator:
            from vivogan.domains.run import Run

            made = Run.open(data.generator).generate(plan.generated, seed=seed).smiles
        else:
            made = [data.records.smiles[i] for i in np.flatnonzero(~data.known).tolist()][: plan.generated]
        known = set(data.records.smiles) if data.generator else set()
        found = [text for text in dict.fromkeys(made) if text and text not in known]
        if not found:
            mend = "Name a run of a generator (generator=RUN), or leave generated at 0"
            raise SettingsError("generated: there is neither a generator nor a molecule without a label", mend)
        return found

    def picture(self, data: ActivityData, split: Split, generated: Sequence[Any]) -> NDArray[np.uint8]:
        """Measured molecules above, generated ones below."""
        real = [Drawing(data.records.smiles[i]) for i in split.train[:5].tolist()]
        return picture([*real, *(Drawing(text) for text in generated[:5])], columns=max(1, len(real)))

    def fit(
        self,
        data: ActivityData,
        train: NDArray[np.intp],
        held: NDArray[np.intp],
        generated: Sequence[Any],
        plan: PredictPlan,
        seed: int,
        checkpoints: Checkpoints | None,
        log: Watch,
    ) -> Predictor:
        known = np.union1d(train, held)
        folds = dealt(data.groups(known), min(plan.folds, len(known)), seed)
        chosen = [data.records.smiles[i] for i in known.tolist()]
        return fit_predictor(chosen, data.y[known], data.targets, folds, plan, seed, generated, log)

    def load(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> Predictor:
        return Predictor.from_state(tensors, state)

    def judge(
        self, model: Predictor, data: ActivityData, indices: NDArray[np.intp], train: NDArray[np.intp]
    ) -> Judgement:
        judged, learned = ([data.records.smiles[i] for i in part.tolist()] for part in (indices, train))
        ids, targets = [data.ids[i] for i in indices.tolist()], model.targets
        scores = class_scores if targets.classes else chance_scores if targets.chances else number_scores
        return scores(ids, model.predict(judged), targets, data.y[indices], simply(learned, data.y[train], judged))

    def figures(self, model: Predictor, data: ActivityData, judgement: Judgement) -> list[Figure]:
        """What the atoms of a few judged molecules do to their prediction, and the largest mistakes."""
        by_id = dict(zip(data.ids, data.records.smiles, strict=True))
        return [
            figure
            for drawn in (pictures.explained, pictures.furthest)
            for figure in drawn(model, by_id, judgement.items)
        ]

    def apply(
        self, run: Any, model: Predictor, source: Path, out: Path, options: Mapping[str, str], watch: Watch
    ) -> dict[str, Any]:
        """Write a CSV: id, smiles, of every target what is predicted with its interval, whether the molecule is like
        what was learned from, and the nearest of that.

        ``out`` is the CSV, or a folder for it. ``explain`` draws so many molecules, those with the highest predictions
        of the first target, with what each atom does, one SVG each.
        """
        reading = dict(options)
        count = explained(reading.pop("explain", "0"))
        records = molecules.read(source, validated(molecules.ReadOptions, reading))
        watch({"event": "stage", "text": f"predicting {WORDS.some(len(records))}"})
        found, where = model.predict(records.smiles), model.where(records.smiles)
        rows: list[dict[str, Any]] = [
            {"id": name, "smiles": text} for name, text in zip(records.ids, records.smiles, strict=True)
        ]
        for row, values in zip(rows, said(model, found), strict=True):
            row |= values
        for i, row in enumerate(rows):
            nearest = model.smiles[where.nearest[i]] if where.nearest[i] >= 0 else ""
            row |= {"domain": where.words[i], "nearest": nearest, "similarity": round(float(where.similarity[i]), 4)}
        file = out if out.suffix.lower() == ".csv" else out / FILE
        write_rows(file, rows)
        drawn = self._explain(model, records, found, file.parent / EXPLAINED, count, watch)
        summary = {
            "run": str(run.folder.path),
            "file": str(file),
            "molecules": len(rows),
            "outside": where.words.count("outside"),
            "explained": drawn,
            "refusals": [vars(refusal) for refusal in records.refusals],
        }
        write_json(file.with_suffix(".json"), summary)
        return summary

    def _explain(
        self, model: Predictor, records: Any, found: Predicted, folder: Path, count: int, watch: Watch
    ) -> list[str]:
        chosen = np.argsort(-found.mean[:, 0], kind="stable")[:count].tolist()
        if not chosen:
            return []
        watch({"event": "stage", "text": f"explaining {WORDS.some(len(chosen))}"})
        files = []
        weights = atom_weights(model, [records.smiles[i] for i in chosen], 0)
        for rank, (i, own) in enumerate(zip(chosen, weights, strict=True), 1):
            legend = f"{records.ids[i]}: {model.targets.names[0]} {found.mean[i, 0]:.3g}"
            drawing = svg([Drawing(records.smiles[i], legend, weights=own.tolist())], 1, BIG)
            file = folder / f"{rank:03d}.svg"
            write_text(file, drawing)
            files.append(str(file))
        return files


def planned(data: ActivityData, known: int) -> PredictPlan:
    """Members by what is predicted: forests help where answers are yes and no, and cost too much where there are
    many of them; chosen by cross-validation in the train parts of ``benchmarks/molecules_toxicity``."""
    numbers = not (data.targets.classes or data.targets.chances)
    if numbers:
        return PredictPlan()
    if known * len(data.targets.names) > MANY:
        return PredictPlan(folds=3, landmarks=2500)
    return PredictPlan(members=("kernel", "descriptors", "boosting", "forest"))


def explained(text: str) -> int:
    """How many molecules to explain. Raises ``UserError``."""
    if not text.isdigit():
        raise UserError(f"explain {text}: is no number of molecules", "Give a number such as 10")
    return int(text)


def said(model: Predictor, found: Predicted) -> list[dict[str, Any]]:
    """The columns of each row about every target: prediction, low and high; of chances also the conformal answer."""
    names, word = model.targets.names, "probability" if model.says_chances else "predicted"
    answers = model.answers(found.mean) if model.targets.chances else []
    rows = []
    for i in range(len(found.mean)):
        row: dict[str, Any] = {}
        for k, name in enumerate(names):
            row |= {f"{name} {word}": shown(found.mean[i, k])}
            row |= {f"{name} low": shown(found.low[i, k]), f"{name} high": shown(found.high[i, k])}
            row |= {f"{name} possible": answers[k][i]} if answers else {}
        if model.targets.classes:
            row["class"] = names[int(found.mean[i].argmax())]
        rows.append(row)
    return rows


def shown(value: Any) -> float:
    return round(float(value), 6)


TASK = ActivityTask()
