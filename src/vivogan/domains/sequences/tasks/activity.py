"""Predicting activity: sequences with measured numbers or a class → the same for new sequences, with intervals."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.checkpoints import Checkpoints
from vivogan.core.configuration import validated
from vivogan.core.files import write_json
from vivogan.domains.base import Figure, Fitted, Split
from vivogan.domains.sequences import data as sequences
from vivogan.domains.sequences.alphabets import PROTEIN
from vivogan.domains.sequences.clusters import clusters
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.records import Refusal, SequenceRecords
from vivogan.domains.sequences.tasks.agreement import simply
from vivogan.domains.sequences.tools.oracle import Front
from vivogan.domains.sequences.tools.predictor import Predictor, PredictPlan, fit_predictor, networks
from vivogan.domains.sequences.tools.reader import ReaderSettings
from vivogan.domains.tasks.agreement import class_scores, number_scores
from vivogan.domains.tasks.base import Better, Judgement, Watch, Words
from vivogan.domains.tasks.labelled import Labelled
from vivogan.domains.tasks.results import write_rows
from vivogan.domains.tasks.targets import dealt
from vivogan.errors import InputError, SettingsError

FEWEST = 10  # labelled sequences that something can be learned from
SHORT = 60  # letters at most of what is read letter by letter; longer ones are pooled
EPOCHS = {True: 30, False: 12}  # passes over short sequences, and over long ones
LEAST_STEPS, MOST_STEPS = 400, 6000
FILE = "predicted.csv"
WORDS = Words("sequence", "measured", "measure", "measurements", "predicted")
LONG = ReaderSettings()
PEPTIDES = ReaderSettings(motif=7, pool=1, channels=64)


@dataclass(frozen=True)
class ActivityData(Labelled):
    """``SequenceRecords`` of which some have a label."""

    records: SequenceRecords

    def groups(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """The cluster of alike sequences of each row; those of one group of the source are one."""
        if self.records.group is not None:
            return np.unique(self.records.group[rows], return_inverse=True)[1]
        chosen = [self.records.sequences[i] for i in rows.tolist()]
        return clusters(chosen, self.records.identity, self.records.aligned)

    def fingerprint(self) -> dict[str, Any]:
        return sequences.fingerprint(self.records)

    def digest(self) -> str:
        return sequences.content_hash(self.records)


@dataclass(frozen=True)
class FittedCodec:
    """What a run keeps of the sequences themselves: how they become tensors."""

    codec: SequenceCodec

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return self.codec.state()


@dataclass(frozen=True)
class ActivityTask:
    """See ``vivogan.domains.tasks.base.Task``."""

    domain: str = "sequences"
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
        chosen = {name: value for name, value in options.items() if name in sequences.ReadOptions.model_fields}
        data = ActivityData(sequences.read(source, validated(sequences.ReadOptions, chosen)))
        mend = "Name the column of the measurements with --labels"
        if not data.records.labels:
            raise InputError(source, "has no labels; a predictor learns from measured sequences", mend=mend)
        if data.targets.classes and len(data.targets.names) < 2:
            raise InputError(
                source, f"has one class only ({data.targets.names[0]}) in '{data.targets.classes}'", mend=mend
            )
        if data.known.sum() < FEWEST:
            raise InputError(source, f"has {data.known.sum()} measured sequences", mend=f"Give {FEWEST} or more")
        return data

    def split(self, data: ActivityData, seed: int) -> Split:
        """The split of the records, by clusters of alike sequences; of each part what was measured."""
        found = sequences.split(data.records, seed)
        return Split(*(part[data.known[part]] for part in (found.train, found.selection, found.test)))

    def plan(self, data: ActivityData, split: Split, options: Mapping[str, str]) -> PredictPlan:
        codec = self._codec(data)
        short = codec.length <= SHORT or codec.coding or codec.alphabet is PROTEIN
        known = len(split.train) + len(split.selection)
        plan = PredictPlan(reader=PEPTIDES if short else LONG, batch=64 if short else 128, shift=0 if codec.ends else 3)
        steps = int(np.clip(EPOCHS[short] * known // plan.batch, LEAST_STEPS, MOST_STEPS))
        tick = max(1, steps // 12)
        return plan.model_copy(update={"learn": plan.learn.model_copy(update={"steps": steps, "tick": tick})})

    def _codec(self, data: ActivityData) -> SequenceCodec:
        """Long enough for every sequence at hand, so that none is cut."""
        return SequenceCodec.fit(data.records, np.arange(len(data.ids)))

    def seconds_a_step(self, data: ActivityData, plan: PredictPlan) -> float:
        if plan.kind == "kmers":
            return 1e-3
        codec = self._codec(data)
        front = Front(codec)
        ensemble = networks(front, len(data.targets.names), plan)
        x = torch.zeros(plan.batch, front.symbols, front.length)
        times = []
        for _ in range(3):
            began = time.perf_counter()
            ensemble(x).square().mean().backward()
            times.append(time.perf_counter() - began)
        return min(times)

    def fitted(self, data: ActivityData, split: Split) -> Fitted:
        return FittedCodec(self._codec(data))

    def imagine(self, data: ActivityData, split: Split, plan: PredictPlan, seed: int, log: Watch) -> list[Any]:
        """Predictors learn from measured sequences only."""
        raise SettingsError("generated: a predictor learns from measured sequences only", "Leave it at 0")

    def picture(self, data: ActivityData, split: Split, generated: Sequence[Any]) -> NDArray[np.uint8]:
        raise NotImplementedError("nothing is generated")

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
        known, codec = np.union1d(train, held), self._codec(data)
        if plan.both_strands and (codec.ends or codec.coding or codec.alphabet is PROTEIN):
            raise SettingsError("both_strands: these sequences have one strand, or many lengths", "Leave it out")
        folds = dealt(data.groups(known), plan.members, seed)
        chosen = [data.records.sequences[i] for i in known.tolist()]
        return fit_predictor(chosen, data.y[known], data.targets, codec, folds, plan, seed, checkpoints, log)

    def load(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> Predictor:
        return Predictor.from_state(tensors, state)

    def judge(
        self, model: Predictor, data: ActivityData, indices: NDArray[np.intp], train: NDArray[np.intp]
    ) -> Judgement:
        judged, learned = ([data.records.sequences[i] for i in part.tolist()] for part in (indices, train))
        ids, found = [data.ids[i] for i in indices.tolist()], model.predict(judged)
        scores = class_scores if model.targets.classes else number_scores
        return scores(ids, found, model.targets, data.y[indices], simply(model.codec, learned, data.y[train], judged))

    def figures(self, model: Predictor, data: ActivityData, judgement: Judgement) -> list[Figure]:
        """The report draws what was predicted over what was measured itself."""
        return []

    def apply(
        self, run: Any, model: Predictor, source: Path, out: Path, options: Mapping[str, str], watch: Watch
    ) -> dict[str, Any]:
        """Write a CSV: id, sequence, and of every target what is predicted, with its interval.

        ``out`` is the CSV, or a folder for it. Sequences of an alphabet or a length that the predictor cannot read are
        refused one by one.
        """
        fingerprint = run.data["fingerprint"]
        reading = {"alphabet": fingerprint["alphabet"], "layout": fingerprint["layout"]} | dict(options)
        records = sequences.read(source, validated(sequences.ReadOptions, reading))
        watch({"event": "stage", "text": f"predicting {WORDS.some(len(records))}"})
        refusals, usable = list(records.refusals), []
        for i, sequence in enumerate(records.sequences):
            reason = misfit(sequence, model.codec)
            if reason:
                refusals.append(Refusal(str(source), records.ids[i], reason))
            else:
                usable.append(i)
        if not usable:
            raise InputError(source, f"holds no sequence that can be used: {refusals[0].reason}", mend="Give others")
        found = model.predict([records.sequences[i] for i in usable])
        rows = []
        for row, i in enumerate(usable):
            values: dict[str, Any] = {"id": records.ids[i], "sequence": records.sequences[i]}
            for k, name in enumerate(model.targets.names):
                values[f"{name} predicted"] = round(float(found.mean[row, k]), 6)
                values[f"{name} low"] = round(float(found.low[row, k]), 6)
                values[f"{name} high"] = round(float(found.high[row, k]), 6)
            rows.append(values)
        file = out if out.suffix.lower() == ".csv" else out / FILE
        write_rows(file, rows)
        summary = {
            "run": str(run.folder.path),
            "file": str(file),
            "sequences": len(rows),
            "refusals": [vars(refusal) for refusal in refusals],
        }
        write_json(file.with_suffix(".json"), summary)
        return summary


def misfit(sequence: str, codec: SequenceCodec) -> str:
    """Why a predictor cannot read a sequence; empty where it can."""
    length = len(codec.split(sequence))
    if not codec.ends and length != codec.length:
        return f"has {length} letters; the predictor learned from sequences of {codec.length}"
    if length > codec.length:
        return f"is longer ({length}) than any that the predictor learned from ({codec.length})"
    return ""


TASK = ActivityTask()
