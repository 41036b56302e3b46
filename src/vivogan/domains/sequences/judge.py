"""What sequences are judged by beyond what every domain is: words, motifs, couplings, profiles, copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.scores import Measure, Sample, auc_interval
from vivogan.domains.sequences import composition
from vivogan.domains.sequences.alphabets import PROTEIN
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.couplings import pair_scores
from vivogan.domains.sequences.identity import differences, nearest_identity, unique
from vivogan.domains.sequences.kmers import kmer_divergence
from vivogan.domains.sequences.metrics import LONGEST_WORD
from vivogan.domains.sequences.motifs import most_placed, motif_rate, peak
from vivogan.domains.sequences.telling import TESTED, cnn_auc
from vivogan.metrics.bootstrap import half_sample_interval, interval

Texts = Sequence[str]
Floats = NDArray[np.float64]
Better = Literal["higher", "lower"]
MOST = 1500  # sequences that a measure looks at
REPEATS = 20  # halves of an interval


def measures(train: Sample, codec: SequenceCodec) -> list[Measure]:
    """The measures that fit the kind of sequences: what letters, length and layout allow."""
    decoded = lru_cache(maxsize=32)(lambda key: codec.decode(key.x[:MOST]))

    def texts(sample: Sample) -> Texts:
        found: Texts = decoded(_Key(sample))
        return found

    k = LONGEST_WORD[codec.alphabet.name]
    known = codec.decode(train.x)
    found = [
        _between(texts, f"JSD {k}-mers", "lower", f"Jensen–Shannon divergence of {k}-letter words, in bits",
                 lambda a, b: kmer_divergence(a, b, k)),
        _telling(texts),
        _between(texts, "unique", "higher", "share of sequences that occur once", lambda a, b: unique(b)),
        _each(texts, "diversity", "higher", "mean share of places at which two sequences differ", differences, np.mean),
        *_nearest(texts, known),
    ]  # fmt: skip
    if codec.aligned:
        found += [
            _between(texts, "pair couplings r", "higher", "correlation of how pairs of columns vary together",
                     lambda a, b: pair_scores(a, b)[0]),
            _between(texts, "pair couplings slope", "higher", "strength of those couplings: 1 as in real sequences",
                     lambda a, b: pair_scores(a, b)[1]),
            _family(texts, known),
        ]  # fmt: skip
    elif codec.alphabet is not PROTEIN and not codec.coding and not codec.ends:
        found += _motif(texts, known)
    if codec.alphabet is not PROTEIN:
        found.append(
            _between(texts, "GC W1", "lower", "Wasserstein distance of the share of G and C", composition.gc_distance)
        )
    return found


Reading = Callable[[Sample], Texts]


def _between(texts: Reading, name: str, better: Better, note: str, of: Callable[[Texts, Texts], float]) -> Measure:
    """One number of two sets. Its interval is of halves: rows drawn twice would be copies, and shift it."""

    def bounds(a: Sample, b: Sample, value: float) -> tuple[float, float]:
        one, other = (np.array(texts(sample), dtype=object) for sample in (a, b))
        return half_sample_interval(lambda r, m: of(r.tolist(), m.tolist()), one, other, n=REPEATS)

    return Measure(name, better, note, lambda a, b: of(texts(a), texts(b)), bounds)


def _each(
    texts: Reading,
    name: str,
    better: Better,
    note: str,
    values: Callable[[Texts], Floats],
    statistic: Callable[[Floats], float],
    floor: Callable[[Sample, Sample], float] | None = None,
) -> Measure:
    """A statistic of a number that each sequence (or pair) has."""
    return Measure(
        name,
        better,
        note,
        lambda a, b: float(statistic(values(texts(b)))),
        lambda a, b, value: interval(lambda rows: float(statistic(rows)), values(texts(b))),
        floor,
    )


def _telling(texts: Reading) -> Measure:
    return Measure(
        "CNN AUC",
        "lower",
        "how well a small convolutional network tells real from generated: 0.5 cannot",
        lambda a, b: cnn_auc(texts(a), texts(b)),
        lambda a, b, auc: auc_interval(auc, *(max(1, int(TESTED * len(texts(sample)))) for sample in (a, b))),
    )


def _nearest(texts: Reading, known: Texts) -> list[Measure]:
    """How near to training, beside how near real sequences come that were not trained on."""
    near = lru_cache(maxsize=8)(lambda made: nearest_identity(made, known))
    statistics: dict[str, tuple[str, Callable[[Floats], float]]] = {
        "median": ("identity with the nearest training sequence", np.median),
        "max": ("the nearest of all generated sequences to training", np.max),
    }

    def measure(name: str, note: str, statistic: Callable[[Floats], float]) -> Measure:
        def of_real(real: Sample, training: Sample) -> float:
            return float(statistic(near(tuple(texts(real)))))

        def values(made: Texts) -> Floats:
            found: Floats = near(tuple(made))
            return found

        return _each(texts, f"nearest identity, {name}", "lower", note, values, statistic, of_real)

    return [measure(name, *rest) for name, rest in statistics.items()]


def _family(texts: Reading, known: Texts) -> Measure:
    """How well sequences fit the profile HMM of the training alignment, beside real ones."""
    from scipy.stats import wasserstein_distance

    from vivogan.domains.sequences.profiles import bit_scores, family_model

    model = lru_cache(maxsize=1)(lambda: family_model(known))
    scored = lru_cache(maxsize=8)(lambda aligned: bit_scores(model(), aligned))

    def bits(sample: Sample) -> Floats:
        found: Floats = scored(tuple(texts(sample)))
        return found

    return Measure(
        "profile HMM W1",
        "lower",
        "Wasserstein distance of the bit scores under a profile HMM of the training part (HMMER), in bits",
        lambda a, b: float(wasserstein_distance(bits(a), bits(b))),
        lambda a, b, value: half_sample_interval(wasserstein_distance, bits(a), bits(b), n=REPEATS),
    )


def _motif(texts: Reading, known: Texts) -> list[Measure]:
    """How often the most place-bound word of the training sequences stands at its place."""
    word = most_placed(known)
    if word is None:
        return []
    place = peak(known, word)

    def there(made: Texts) -> Floats:
        return np.array([motif_rate([sequence], word, place) for sequence in made])

    note = f"share of sequences with {word} within 3 of place {place + 1}"
    return [_each(texts, f"{word} at its peak", "higher", note, there, np.mean)]


class _Key:
    """A sample as a key of the cache: the same object, the same sequences."""

    def __init__(self, sample: Sample) -> None:
        self.x = sample.x

    def __hash__(self) -> int:
        return id(self.x)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.x is self.x
