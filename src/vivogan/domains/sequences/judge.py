"""What sequences are judged by beyond what every domain is: words, motifs, couplings, profiles, copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np

from vivogan.domains.scores import Measure, Sample
from vivogan.domains.sequences import composition
from vivogan.domains.sequences.alphabets import PROTEIN
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.identity import diversity, nearest_identity, unique
from vivogan.domains.sequences.kmers import kmer_divergence
from vivogan.domains.sequences.metrics import LONGEST_WORD
from vivogan.domains.sequences.motifs import most_placed, motif_rate, peak
from vivogan.domains.sequences.couplings import pair_scores
from vivogan.domains.sequences.telling import cnn_auc
from vivogan.metrics.bootstrap import interval

Of = Callable[[Sequence[str], Sequence[str]], float]  # real, other
Better = Literal["higher", "lower"]
MOST = 1500  # sequences that a measure looks at
REPEATS = 20  # of a bootstrap; classifiers and alignments are too slow for one


def measures(train: Sample, codec: SequenceCodec) -> list[Measure]:
    """The measures that fit the kind of sequences: what letters, length and layout allow."""
    known = codec.decode(train.x)
    decode = lru_cache(maxsize=32)(lambda key: codec.decode(key.x[:MOST]))

    def measure(name: str, better: Better, note: str, of: Of, bounded: bool = True) -> Measure:
        def compare(a: Sample, b: Sample) -> float:
            return of(decode(_Key(a)), decode(_Key(b)))

        def bounds(a: Sample, b: Sample, value: float) -> tuple[float, float]:
            if not bounded:
                return value, value
            one, other = (np.array(decode(_Key(s)), dtype=object) for s in (a, b))
            return interval(lambda r, m: of(r.tolist(), m.tolist()), one, other, n=REPEATS)

        return Measure(name, better, note, compare, bounds)

    k = LONGEST_WORD[codec.alphabet.name]
    found = [
        measure(f"JSD {k}-mers", "lower", f"Jensen–Shannon divergence of {k}-letter words, in bits",
                lambda a, b: kmer_divergence(a, b, k)),
        measure("CNN AUC", "lower", "how well a small convolutional network tells real from generated: 0.5 cannot",
                cnn_auc, False),
        measure("unique", "higher", "share of sequences that occur once", lambda a, b: unique(b)),
        measure("diversity", "higher", "mean share of places at which two sequences differ", lambda a, b: diversity(b)),
        measure("nearest identity, median", "lower", "identity with the nearest training sequence",
                lambda a, b: float(np.median(nearest_identity(b, known))), False),
        measure("nearest identity, max", "lower", "the nearest of all generated sequences to training",
                lambda a, b: float(nearest_identity(b, known).max()), False),
    ]  # fmt: skip
    if codec.aligned:
        found += [
            measure("pair couplings r", "higher", "correlation of how pairs of columns vary together",
                    lambda a, b: pair_scores(a, b)[0]),
            measure("pair couplings slope", "higher", "strength of those couplings: 1 as in real sequences",
                    lambda a, b: pair_scores(a, b)[1]),
        ]  # fmt: skip
    elif codec.alphabet is not PROTEIN and not codec.coding and not codec.ends:
        found += _motif(measure, known)
    if codec.alphabet is not PROTEIN:
        found.append(measure("GC W1", "lower", "Wasserstein distance of the share of G and C", composition.gc_distance))
    return found


def _motif(measure: Callable[..., Measure], known: Sequence[str]) -> list[Measure]:
    """How often the most place-bound word of the training sequences stands at its place."""
    word = most_placed(known)
    if word is None:
        return []
    place = peak(known, word)
    return [
        measure(f"{word} at its peak", "higher", f"share of sequences with {word} within 3 of place {place + 1}",
                lambda a, b: motif_rate(b, word, place))
    ]  # fmt: skip


class _Key:
    """A sample as a key of the cache: the same object, the same sequences."""

    def __init__(self, sample: Sample) -> None:
        self.x = sample.x

    def __hash__(self) -> int:
        return id(self.x)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.x is self.x
