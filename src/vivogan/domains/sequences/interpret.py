"""Interpretation: what the generator and the predictor have learned, as motifs and directions that have names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.configuration import validated
from vivogan.core.seeds import numpy_generator
from vivogan.domains.run import Run, Watch, silent
from vivogan.domains.sequences.alphabets import DNA, PROTEIN, Alphabet
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.data import read
from vivogan.domains.sequences.generator import SequenceGenerator
from vivogan.domains.sequences.interpretation import MADE, REAL, Found, Interpretation
from vivogan.domains.sequences.kmers import codes
from vivogan.domains.sequences.matrices import Matrix, read_matrices
from vivogan.domains.sequences.metrics import translated
from vivogan.domains.sequences.records import ReadOptions, SequenceRecords
from vivogan.domains.sequences.tools import attribution, seqlets
from vivogan.domains.sequences.tools.comparison import compare
from vivogan.domains.sequences.tools.directions import Floats, Properties, directions, known_properties
from vivogan.domains.sequences.tools.learned import Learned, learned
from vivogan.domains.sequences.tools.motif import Motif, counted
from vivogan.domains.sequences.tools.occurrences import background, placed, sites
from vivogan.domains.sequences.tools.oracle import translation
from vivogan.domains.sequences.tools.placed_words import placed_words
from vivogan.domains.tasks.run import TaskRun
from vivogan.errors import UserError, VivoganError

MOST = 6  # motifs of one source and sign
CHECKED = 2  # sequences on which gradients are compared with every single substitution
TRUSTED = 0.5  # their correlation, from which they stand for substitutions
EXACT = 50  # sequences in which every single substitution is scored
FEW = 8  # sequences that can tell
WORD = {"protein": 3}  # letters of a placed word; else 6


def interpret(
    run: Run | TaskRun,
    records: SequenceRecords | None = None,
    motifs: Path | None = None,
    n: int = 500,
    seed: int = 0,
    oracle: str | None = None,
    watch: Watch = silent,
) -> Interpretation:
    """The motifs of a run, by source (generator, predictor, words at their place), and its directions.

    Args:
        run: a generative run, or a trained predictor.
        records: real sequences; by default those that the run learned from.
        motifs: known motifs (JASPAR or MEME) with which those of nucleic sequences are compared.
        n: sequences that are generated, and real ones that are looked at, at most.
        oracle: for a generative run, a predictor (``runs/mic`` or ``runs/mic:column``): its motifs are sought in what
            is generated, and its value is a property of the directions. For a predictor, the column to explain.

    Raises ``UserError`` when there are fewer than 8 sequences to look at, ``InputError`` when the motif file is none.
    """
    known = [] if motifs is None else read_matrices(Path(motifs))
    material = (
        _generated(run, records, n, seed, oracle) if isinstance(run, Run) else _given(run, records, n, seed, oracle)
    )
    frame = Frame.of(material.codec)
    drafts = []
    for looked in _looks(run, material, seed, watch):
        own = _motifs(looked, frame)
        drafts += own
        material.notes.append(looked.note)
        if not own:
            material.notes.append(
                f"No motif in the {looked.source}: no word that recurs matters more than in shuffled sequences."
            )
    watch({"event": "stage", "text": "motifs"})
    texts = {REAL: frame.texts(material.real), MADE: frame.texts(material.made)}
    texts = {name: texts_ for name, texts_ in texts.items() if len(texts_) >= FEW}
    shares = background([text for part in texts.values() for text in part], frame.alphabet.letters, frame.both_strands)
    if not material.codec.aligned and REAL in texts:
        k = WORD.get(frame.alphabet.name, 6)
        drafts += placed_words(texts[REAL], frame.alphabet.letters, k, most=MOST)
    if known and frame.alphabet is PROTEIN:
        material.notes.append("Known motifs are of nucleic acids: these are proteins, nothing was compared.")
        known = []
    found = [_judged(motif, known, texts, shares, frame) for motif in _numbered(drafts)]
    effects = []
    if isinstance(run, Run):
        watch({"event": "stage", "text": "directions"})
        effects = directions(run, n, seed, _properties(material, found, shares, frame))
    return Interpretation(frame.alphabet, shares, found, effects, material.notes)


@dataclass(frozen=True)
class Frame:
    """The letters in which motifs are told: those of the alphabet; of codons, the amino acids."""

    alphabet: Alphabet
    matrix: Tensor | None  # A' x A, from codons
    both_strands: bool

    @classmethod
    def of(cls, codec: SequenceCodec) -> Frame:
        alphabet = PROTEIN if codec.coding else codec.alphabet
        matrix = translation(codec)[: len(PROTEIN.letters)] if codec.coding else None
        return cls(alphabet, matrix, alphabet is DNA and not codec.aligned)

    def texts(self, sequences: Sequence[str]) -> list[str]:
        return [translated(text) for text in sequences] if self.matrix is not None else list(sequences)

    def read(self, x: Tensor, changes: Tensor) -> tuple[Floats, Floats, NDArray[np.int64]]:
        """Contributions [n, A, L], importance [n, L], and letter numbers [n, L] (−1: none)."""
        if self.matrix is None:
            x, letters = x[:, : len(self.alphabet.letters)], len(self.alphabet.letters)
            added = attribution.contributions(changes, x, letters)
        else:
            each = self.matrix.sum(1)[:, None]
            changes = torch.einsum("pa,nal->npl", self.matrix / each, changes)
            x = torch.einsum("pa,nal->npl", self.matrix, x)
            added = attribution.contributions(changes, x, len(self.matrix))
        numbers = torch.where(x.sum(1) > 0.5, x.argmax(1), -1)
        return added.double().numpy(), attribution.importance(added, x).double().numpy(), numbers.numpy()


@dataclass(frozen=True)
class Material:
    """Real and generated sequences (classes y of these), the predictor, and what is to be said."""

    codec: SequenceCodec
    real: list[str]
    made: list[str]
    y: NDArray[np.intp]
    predictor: Learned | None
    notes: list[str]

    @property
    def basis(self) -> list[str]:
        """The sequences that are looked into."""
        found = self.made or self.real
        if len(found) < FEW:
            raise UserError(f"{len(found)} sequences are too few to find motifs in", f"Give at least {FEW}")
        return found


def _generated(run: Run, records: SequenceRecords | None, n: int, seed: int, oracle: str | None) -> Material:
    predictor, notes, real = None, list[str](), list[str]()
    if oracle is not None:
        predictor = learned(oracle, 1.0)
        if predictor is None:
            raise UserError(f"--oracle {oracle}: no trained predictor", "Give its run folder")
    try:
        real = _some(_sequences(run, records), n, seed)
    except VivoganError as error:
        notes.append(f"No real sequences beside the generated: {error}")
    samples = np.arange(n, dtype=np.int64)
    y, codec = run.classes.draw(seed, samples), cast(SequenceCodec, run.codec)
    made = codec.decode(run.tensors(samples, seed, lambda rows: run.classes.draw(seed, rows)))
    return Material(codec, real, made, y, predictor, notes)


def _given(run: TaskRun, records: SequenceRecords | None, n: int, seed: int, column: str | None) -> Material:
    targets = run.model.targets
    chosen = column or targets.names[-1 if targets.classes else 0]
    predictor = learned(f"{run.folder.path}:{chosen}", 1.0)
    assert predictor is not None
    several = column is None and len(targets.names) > 1
    notes = [f"Of {len(targets.names)} predicted things this explains '{chosen}'."] if several else []
    codec: SequenceCodec = predictor.model.codec
    every = _sequences(run, records)
    real = [s for s in every if _fits(s, codec)]
    if len(real) < len(every):
        notes.append(f"{len(every) - len(real)} sequences have another length than the predictor reads: left out.")
    return Material(codec, _some(real, n, seed), [], np.zeros(0, np.intp), predictor, notes)


def _fits(sequence: str, codec: SequenceCodec) -> bool:
    places = len(codec.split(sequence))
    return places <= codec.length if codec.ends else places == codec.length


def _sequences(run: Run | TaskRun, records: SequenceRecords | None) -> list[str]:
    """The given ones, or those that the run learned from, as they are in its file now."""
    if records is not None:
        return records.sequences
    options = {key: value for key, value in run.config.read.items() if key in ReadOptions.model_fields}
    return read(Path(run.config.source), validated(ReadOptions, options)).sequences


def _some(sequences: list[str], n: int, seed: int) -> list[str]:
    chosen = numpy_generator(seed, "interpretation", "real").permutation(len(sequences))[:n]
    return [sequences[i] for i in np.sort(chosen).tolist()]


@dataclass(frozen=True)
class Looked:
    """x [n, A, L] with the change [n, A, L] of a score by each substitution, and the same of shuffled sequences."""

    source: str
    x: Tensor
    changes: Tensor
    null: Tensor
    null_changes: Tensor
    signs: tuple[int, ...]
    note: str


def _looks(run: Run | TaskRun, material: Material, seed: int, watch: Watch) -> list[Looked]:
    codec, found = material.codec, list[Looked]()
    x = codec.encoded(material.basis)
    letters = 64 if codec.coding else len(codec.alphabet.letters)
    null = attribution.shuffled(x, letters, numpy_generator(seed, "interpretation", "shuffled"))
    if isinstance(run, Run):
        watch({"event": "stage", "text": "what each letter says to the generator"})
        found.append(_by_likelihood(cast(SequenceGenerator, run.generator), x, null, torch.from_numpy(material.y)))
    if material.predictor is not None:
        watch({"event": "stage", "text": "what each letter says to the predictor"})
        found.append(_by_predictor(material.predictor, codec, x, null))
    return found


def _by_likelihood(generator: SequenceGenerator, x: Tensor, null: Tensor, y: Tensor) -> Looked:
    device = generator.profile.device

    def changes(part: Tensor) -> Tensor:
        return attribution.likelihood_changes(generator, part.to(device), y.to(device)).cpu()

    found = changes(x)
    exact = torch.cat([
        attribution.mutagenesis(attribution.likelihood(generator, part.to(device), label.to(device)), part.to(device))
        for part, label in zip(x[:CHECKED].split(1), y[:CHECKED].split(1), strict=True)
    ]).cpu().clamp(-attribution.MOST, attribution.MOST)  # fmt: skip
    note = f"Generator: substitutions to first order agree with exact ones at r = {_alike(found[:CHECKED], exact):.2f}."
    return Looked("generator", x, found, null, changes(null), (1,), note)


def _by_predictor(predictor: Learned, codec: SequenceCodec, x: Tensor, null: Tensor) -> Looked:
    """By gradients where they tell what substitutions do, else every substitution of fewer sequences."""
    network, values = predictor.network(codec), predictor.values(codec)

    def score(sequences: Tensor) -> Tensor:
        if network is None:
            return torch.from_numpy(values(codec.decode(sequences))).to(sequences.dtype).nan_to_num()
        said = network(sequences)
        return torch.logit(said, 1e-4) if predictor.model.targets.classes else said

    if network is not None:
        agree = _alike(*(attribution.mutagenesis(score, x[:CHECKED], first) for first in (True, False)))
        note = f"Predictor: gradients agree with single substitutions at r = {agree:.2f}."
        if agree >= TRUSTED:
            both = (attribution.mutagenesis(score, part, first_order=True) for part in (x, null))
            return Looked("predictor", x, next(both), null, next(both), (1, -1), note)
    x, null = x[:EXACT], null[:EXACT]
    note = f"Predictor: every single substitution of {len(x)} sequences, as gradients do not tell."
    changes, chance = (attribution.mutagenesis(score, part) for part in (x, null))
    return Looked("predictor", x, changes, null, chance, (1, -1), note)


def _alike(a: Tensor, b: Tensor) -> float:
    moved = (a != 0) | (b != 0)
    if not moved.any():
        return 1.0
    return float(torch.corrcoef(torch.stack([a[moved], b[moved]]))[0, 1].nan_to_num())


def _motifs(looked: Looked, frame: Frame) -> list[Motif]:
    added, important, numbers = frame.read(looked.x, looked.changes)
    chance = frame.read(looked.null, looked.null_changes)[1]
    letters, found = frame.alphabet.letters, list[Motif]()
    for sign in looked.signs:
        runs = seqlets.find(sign * important, sign * chance, seqlets.CORE[len(letters)])
        found += seqlets.motifs(runs, added, numbers, letters, looked.source, frame.both_strands, sign)[:MOST]
    return found


def _numbered(motifs: Sequence[Motif]) -> list[Motif]:
    """With names: the source and a number."""
    counts: dict[str, int] = {}
    found = []
    for motif in motifs:
        counts[motif.source] = counts.get(motif.source, 0) + 1
        found.append(replace(motif, name=f"{motif.source}_{counts[motif.source]}"))
    return found


def _judged(
    motif: Motif, known: Sequence[Matrix], texts: Mapping[str, list[str]], shares: Floats, frame: Frame
) -> Found:
    letters, both = frame.alphabet.letters, frame.both_strands
    places, logos, counts, rates = {}, {}, {}, {}
    for name, sequences in texts.items():
        hits = sites(sequences, motif.matrix, letters, shares, both)
        there = placed(sequences, motif, shares) if motif.placed else hits
        counts[name], rates[name] = len(sequences), len(there) / len(sequences)
        places[name] = np.array([site.start for site in hits], np.int64)
        logos[name] = counted(there, codes(sequences, letters).astype(np.int64), len(motif.counts), len(letters), both)[
            0
        ]
    return Found(motif, compare(motif.matrix, known) if known else [], places, logos, counts, rates)


def _properties(material: Material, found: Sequence[Found], shares: Floats, frame: Frame) -> Properties:
    """What is measured of generated sequences: what they are made of, which motifs they have, what is predicted."""
    composed = known_properties(material.codec)
    values = None if material.predictor is None else material.predictor.values(material.codec)

    def properties(sequences: list[str]) -> dict[str, Floats]:
        measured = dict(composed(sequences))
        texts = frame.texts(sequences)
        for each in found:
            has = np.zeros(len(texts))
            hits = (
                placed(texts, each.motif, shares)
                if each.motif.placed
                else sites(texts, each.motif.matrix, each.motif.letters, shares, frame.both_strands)
            )
            has[[site.row for site in hits]] = 1
            measured[f"{each.motif.name} ({each.motif.consensus})"] = has
        if values is not None and material.predictor is not None:
            measured[f"predicted {material.predictor.model.targets.names[material.predictor.column]}"] = values(
                sequences
            )
        return measured

    return properties
