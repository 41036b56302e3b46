"""Profile hidden Markov models: how well sequences fit a family (HMMER through pyhmmer, Larralde and Zeller 2023)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.sequences.alphabets import GAP
from vivogan.domains.sequences.kmers import alphabet_of
from vivogan.errors import UserError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FamilyFit:
    """Bit scores of real and generated sequences under one model: means, medians and their Wasserstein distance."""

    real_mean: float
    made_mean: float
    real_median: float
    made_median: float
    distance: float


def family_fit(train: Sequence[str], real: Sequence[str], made: Sequence[str]) -> FamilyFit:
    """Build a model from the training alignment; score real and generated sequences of it (gaps are taken out)."""
    from scipy.stats import wasserstein_distance

    model = family_model(train)
    a, b = bit_scores(model, real), bit_scores(model, made)
    medians = float(np.median(a)), float(np.median(b))
    return FamilyFit(float(a.mean()), float(b.mean()), *medians, float(wasserstein_distance(a, b)))


def family_model(aligned: Sequence[str]) -> Any:
    """The profile HMM (``pyhmmer.plan7.HMM``) of an alignment; all its columns are match states.

    Raises:
        UserError: pyhmmer is not installed.
    """
    easel, plan7 = _hmmer()
    alphabet = _easel_alphabet(aligned)
    rows = [easel.TextSequence(name=_name(i), sequence=sequence) for i, sequence in enumerate(aligned)]
    alignment = easel.TextMSA(name=b"family", sequences=rows).digitize(alphabet)
    builder = plan7.Builder(alphabet, architecture="fast", symfrac=0.0, seed=42)
    return builder.build_msa(alignment, plan7.Background(alphabet))[0]


def bit_scores(model: Any, sequences: Sequence[str]) -> Floats:
    """The bit score of each sequence, [n]; 0, the score of random sequence, where HMMER finds nothing to align."""
    easel, plan7 = _hmmer()
    rows = [
        easel.TextSequence(name=_name(i), sequence=text).digitize(model.alphabet)
        for i, text in enumerate(sequence.replace(GAP, "") for sequence in sequences)
        if text
    ]
    # Filters off and thresholds open: every sequence goes through the forward algorithm.
    pipeline = plan7.Pipeline(
        model.alphabet, bias_filter=False, null2=False, F1=1.0, F2=1.0, F3=1.0, E=1e9, domE=1e9, incE=1e9, incdomE=1e9
    )
    found = np.zeros(len(sequences))
    for hit in pipeline.search_hmm(model, easel.DigitalSequenceBlock(model.alphabet, rows)):
        name = hit.name.decode() if isinstance(hit.name, bytes) else hit.name
        found[int(name)] = hit.score
    return found


def _name(i: int) -> bytes:
    return f"{i}".encode()


def _easel_alphabet(sequences: Sequence[str]) -> Any:
    easel, _ = _hmmer()
    return {"DNA": easel.Alphabet.dna, "RNA": easel.Alphabet.rna, "protein": easel.Alphabet.amino}[
        alphabet_of(sequences).name
    ]()


def _hmmer() -> tuple[Any, Any]:
    try:
        from pyhmmer import easel, plan7
    except ImportError as error:
        raise UserError("scores under a profile HMM need pyhmmer", "Install it: pip install pyhmmer") from error
    return easel, plan7
