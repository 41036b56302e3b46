"""What a simple way says of sequences: a ridge regression on counts of words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vivogan.domains.sequences.alphabets import PROTEIN
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.kmers import kmer_counts
from vivogan.domains.tasks.agreement import Simply
from vivogan.domains.tasks.targets import Floats


def simply(codec: SequenceCodec, learned: Sequence[str], y: Floats, judged: Sequence[str]) -> Simply:
    """What a ridge regression on counts of words, learned from y [N, t] (NaN: unknown), says of ``judged``."""
    from sklearn.linear_model import RidgeCV
    from sklearn.preprocessing import StandardScaler

    letters = codec.alphabet.letters
    ks = (1, 2) if codec.alphabet is PROTEIN else (1, 2, 3, 4)

    def words(chosen: Sequence[str]) -> Floats:
        return np.sqrt(np.concatenate([kmer_counts(chosen, k, letters) for k in ks], 1).astype(float))

    scaler = StandardScaler()
    known_words, new_words = scaler.fit_transform(words(learned)), scaler.transform(words(judged))
    found, mean = np.zeros((len(judged), y.shape[1])), np.zeros(y.shape[1])
    for k in range(y.shape[1]):
        known = np.isfinite(y[:, k])
        if not known.any():
            continue
        found[:, k] = mean[k] = y[known, k].mean()
        if known.sum() > 2:
            model = RidgeCV(np.logspace(0, 5, 6)).fit(known_words[known], y[known, k])
            found[:, k] = model.predict(new_words)
    return Simply("a ridge regression on words", found, mean)
