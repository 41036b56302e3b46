"""Optimising sequences towards a goal: by feedback, among latents, or by evolution; judged by one that took no part."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vivogan.core.files import write_json, write_tensors
from vivogan.domains.likelihood import Part
from vivogan.domains.oracles import Gain, agreement, told
from vivogan.domains.run import Run, Watch, silent
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.data import write
from vivogan.domains.sequences.generator import SequenceGenerator
from vivogan.domains.sequences.identity import nearest_identity
from vivogan.domains.sequences.infill import allowed
from vivogan.domains.sequences.oracles import Floats, Oracle, independent
from vivogan.domains.sequences.records import SequenceRecords
from vivogan.domains.sequences.screening import Screen, ScreenSettings, screened
from vivogan.domains.sequences.tools.evolution import evolution
from vivogan.domains.sequences.tools.feedback import feedback
from vivogan.domains.sequences.tools.latent import latent
from vivogan.domains.sequences.tools.search import Found, Reference, Search
from vivogan.domains.tasks.results import write_rows
from vivogan.errors import UserError

Method = Callable[[Search], SequenceGenerator | None]
METHODS: Mapping[str, Method] = {"feedback": feedback, "latent": latent, "evolution": evolution}
BATCH: Mapping[str, int] = {"feedback": 1024, "latent": 256, "evolution": 256}  # candidates a round


@dataclass(frozen=True)
class Optimised:
    """What came of it.

    ``rows``: the designs, best first, with sequence, score, what each oracle and the judge said, nearest identity with
    the training sequences and round. ``start`` and ``end``: sequences before and after; the end is what the moved
    generator makes, unselected, where the method moves it (``generator``), else the designs. ``gains``: of the
    objective and, where there is one, of the judge.
    """

    method: str
    rows: list[dict[str, Any]]
    start: list[str]
    end: list[str]
    gains: list[Gain]
    calls: int
    history: list[dict[str, Any]]
    notes: list[str]
    codec: SequenceCodec
    class_column: str = ""
    generator: SequenceGenerator | None = None
    seed: int = 0
    screen: Screen | None = field(default=None, compare=False)

    @property
    def sequences(self) -> list[str]:
        return [row["sequence"] for row in self.rows]

    @property
    def ids(self) -> list[str]:
        return [f"{self.method}-seed{self.seed}-{i:06d}" for i in range(len(self.rows))]

    @property
    def lines(self) -> list[str]:
        """What is to be said of it in plain words."""
        return [*map(told, self.gains), agreement(self.gains), *self.notes]

    def records(self) -> SequenceRecords:
        """The designs, with all that is known of them as labels."""
        known = [name for name in dict.fromkeys(k for row in self.rows for k in row) if name != "sequence"]
        labels = {name: np.array([short(row[name]) for row in self.rows], np.str_) for name in known}
        c = self.codec
        return SequenceRecords(
            self.sequences, labels, self.ids, source=f"optimised by {self.method}",
            alphabet=c.alphabet, aligned=c.aligned, coding=c.coding,
        )  # fmt: skip

    def save(self, folder: Path | str, settings: ScreenSettings | None = None) -> dict[str, Any]:
        """Screen the designs and write the rest: ``designs.fasta``, ``designs.csv``, ``optimised.json``.

        Where the generator was moved, its weights too. Returns what the JSON file holds; ``lines`` are for people.
        Raises ``UserError`` when screening was asked for and fails: then nothing is written.
        """
        folder = Path(folder)
        kept, screen = screened(self.records(), ScreenSettings.given() if settings is None else settings)
        remarks = kept.remarks or [""] * len(kept)
        places = np.flatnonzero(screen.kept).tolist()
        table = [
            {"id": name} | self.rows[i] | ({"remark": remark} if remark else {})
            for i, name, remark in zip(places, kept.ids, remarks, strict=True)
        ]
        summary = {
            "method": self.method,
            "designs": len(kept),
            "withheld": [name for name, reason in zip(screen.ids, screen.reasons, strict=True) if reason],
            "screening": screen.line,
            "gains": [gain.to_dict() for gain in self.gains],
            "lines": [*self.lines, screen.line],
            "calls": self.calls,
            "history": self.history,
        }
        write(kept, folder / "designs.fasta")
        write_rows(folder / "designs.csv", table)
        if self.generator is not None:
            write_tensors(folder / "generator.safetensors", self.generator.state_dict(), {})
        write_json(folder / "optimised.json", summary)
        return summary


def optimize(
    run: Run,
    oracles: Sequence[Oracle],
    judge: Oracle | None = None,
    method: str = "feedback",
    n: int = 100,
    rounds: int = 20,
    budget: int | None = None,
    seed: int = 0,
    where: Mapping[str, str] | None = None,
    template: str | None = None,
    reference: str | None = None,
    mutations: tuple[int, int] = (3, 8),
    batch: int | None = None,
    enough: float | None = None,
    per_cluster: int = 3,
    watch: Watch = silent,
) -> Optimised:
    """Sequences of a run that oracles score high, all new and different from one another.

    Args:
        oracles: what is maximised, as a plain weighted sum; a negative weight lowers (toxicity, haemolysis, MIC).
        judge: a predictor that takes no part, of another seed or kind than the oracles; it sees start, end and designs.
        method: "feedback" moves the generator, "latent" and "evolution" search with it as it is.
        n: designs.
        rounds: of ``batch`` candidates each (by default 1,024 for "feedback", else 256).
        budget: most sequences that the oracles are asked for.
        where: the class to make.
        template: letters that must stand, and ambiguity letters (N; X) where the generator may choose.
        reference: a wild type; designs have ``mutations`` (least, most) substitutions, all seen in training
            ("evolution").
        enough: for "feedback", a score from where every candidate is fed back.
        per_cluster: designs of a cluster at 80 % identity, at most.

    Raises ``UserError``.
    """
    if method not in METHODS:
        raise UserError(f"--method {method}: unknown", f"Choose one of {', '.join(METHODS)}")
    if reference is not None and method != "evolution":
        raise UserError(f"--reference: '{method}' does not vary a reference", "Use --method evolution")
    if not oracles:
        raise UserError("nothing to optimise", "Give at least one --oracle")
    if judge is not None:
        independent(judge, oracles)
    codec: SequenceCodec = run.codec  # type: ignore[assignment]
    train, shares = learned_from(run, where)
    size = batch or BATCH[method]
    search = Search(
        generator=copy.deepcopy(run.generator).cpu(),  # type: ignore[arg-type]
        discriminator=None if run.discriminator is None else copy.deepcopy(run.discriminator).cpu(),
        game=run.plan.game,
        codec=codec,
        train=train,
        classes=shares,
        oracles=[oracle.reading(codec) for oracle in oracles],
        may=None if template is None else allowed(template, codec),
        reference=None if reference is None else varied(reference, codec, mutations),
        rounds=rounds,
        batch=size if budget is None else max(1, min(size, budget // 4)),
        calls=budget,
        seed=seed,
        per_cluster=per_cluster,
        enough=enough,
        watch=watch,
    )
    return _report(search, run, method, n, None if judge is None else judge.reading(codec))


def _report(search: Search, run: Run, method: str, n: int, judge: Oracle | None) -> Optimised:
    codec = search.codec
    x, y = search.sample(search.batch, "start")
    start = codec.decode(x)
    before = search.scores(start, y.tolist(), 0)
    moved = METHODS[method](search)
    known = codec.decode(search.train.x)
    designs = search.best(n, frozenset(known))
    search.watch({"event": "stage", "text": f"judging {len(designs)} designs"})
    sequences = [design.sequence for design in designs]
    end = sequences
    if moved is not None:
        x, y = search.sample(search.batch, "end", generator=moved)
        end = codec.decode(x)
        after = search.scores(end, y.tolist(), search.rounds + 1)
    else:
        after = np.array([design.score for design in designs])
    gains, said = [Gain("objective", before, after)], np.full(len(designs), np.nan)
    if judge is not None:
        gains.append(Gain(judge.name, judge(start), judge(end)))
        said = judge.values(sequences) if sequences else said
    near = nearest_identity(sequences, known) if sequences else np.zeros(0)
    names = run.classes.names if run.classes.column else ()
    rows = [
        described(design, search.oracles, {run.classes.column: names[design.class_]} if names else {})
        | ({} if judge is None else {f"judge {judge.name}": float(said[i])})
        | {"nearest": float(near[i]), "round": design.round}
        for i, design in enumerate(designs)
    ]
    notes = [] if len(designs) >= n else [f"only {len(designs)} of {n} designs are new and different enough"]
    if (unknown := int(np.isnan(before).sum())) > len(before) // 10:
        notes.append(f"the oracles could not score {unknown} of {len(before)} sequences at the start")
    return Optimised(
        method, rows, start, end, gains, search.asked, search.history, notes, codec,
        run.classes.column, moved, search.seed,
    )  # fmt: skip


def described(design: Found, oracles: Sequence[Oracle], labels: Mapping[str, str]) -> dict[str, Any]:
    values = {oracle.name: value for oracle, value in zip(oracles, design.values, strict=True)}
    return {"sequence": design.sequence, **labels, "score": design.score} | values


def learned_from(run: Run, where: Mapping[str, str] | None) -> tuple[Part, Floats]:
    """The training sequences of the classes that are asked for, and the share of each class in what is made.

    Raises ``UserError`` when the data changed since the run was trained.
    """
    records = run.source_records()
    rows = run.split.train
    y = run.classes.indices(records.classes)[rows]
    chosen = run.classes.chosen(where)
    kept = (y >= 0) if chosen is None else (y == chosen)
    shares = np.array(run.classes.counts, np.float64)
    if chosen is not None:
        shares = np.eye(len(shares))[chosen]
    x: Tensor = run.codec.encode(records, rows[kept])
    return Part(x, torch.from_numpy(y[kept].astype(np.int64))), shares / shares.sum()


def varied(reference: str, codec: SequenceCodec, mutations: tuple[int, int]) -> Reference:
    """The reference as numbers of symbols, with how many substitutions are asked for."""
    text = reference.strip().upper()
    size, (least, most) = len(codec.split(text)), mutations
    if set(text) - set("".join(codec.symbols)):
        raise UserError("--reference: holds letters that are not certain", "Give a sequence without ambiguity letters")
    if size > codec.length or (size < codec.length and not codec.ends):
        raise UserError(
            f"--reference: has {size} symbols, the run's sequences {codec.length}", "Give the run's wild type"
        )
    if not 1 <= least <= most <= size:
        raise UserError(f"--mutations {least} {most}: not a range within 1 and {size}")
    return Reference(codec.encoded([text])[0].argmax(0), least, most)


# ── in words ────────────────────────────────────────────────────────────────────────────────────────────────────────


def short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
