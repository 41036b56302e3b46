"""Classifiers that try to tell generated from real sequences: 0.5 cannot, 1.0 always (Lopez-Paz and Oquab 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, pad

from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.sequences import composition
from vivogan.domains.sequences.alphabets import GAP, PROTEIN
from vivogan.domains.sequences.kmers import ABSENT, alphabet_of, codes, kmer_counts, words
from vivogan.metrics.utility import classifier_two_sample

Floats = NDArray[np.float64]
BINS = 10
TESTED = 0.2  # of each set judges a network
# Six kinds of amino acid: aliphatic, aromatic, polar, positive, negative, special (after Taylor 1986).
_KINDS = {
    letter: kind for kind, members in enumerate(("AVLIM", "FWYH", "STNQ", "KR", "DE", "CGP")) for letter in members
}


def forest_auc(real: Sequence[str], made: Sequence[str], aligned: bool = False, seed: int = 0) -> float:
    """The AUC, over five folds, of a random forest of 200 trees on ``described`` sequences."""
    alphabet = alphabet_of(real, made)
    a, b = (described(s, alphabet.letters, aligned) for s in (real, made))
    wide = max(a.shape[1], b.shape[1])
    a, b = (np.pad(x, ((0, 0), (0, wide - x.shape[1]))) for x in (a, b))
    return classifier_two_sample(a, b, seed=seed, folds=min(5, len(a), len(b)))


def described(sequences: Sequence[str], letters: str, aligned: bool = False) -> Floats:
    """Summary features [n, d] that a forest can read.

    Aligned: the one-hot columns. Nucleic: k-mer shares (k ≤ 4) and composition in ten bins along the sequence. Protein:
    amino-acid shares, dipeptides of six kinds of residue, charge, hydrophobicity, composition of kinds in ten bins.
    All but the aligned: length.
    """
    if aligned:
        symbols = np.array([*letters, GAP])
        table = np.array([list(sequence) for sequence in sequences])
        return (table[:, :, None] == symbols).reshape(len(table), -1).astype(np.float64)
    length = np.array([[len(sequence)] for sequence in sequences], np.float64)
    if letters != PROTEIN.letters:
        parts = [kmer_counts(sequences, k, letters) / np.maximum(1, length - k + 1) for k in (1, 2, 3, 4)]
        return np.hstack([*parts, _binned(codes(sequences, letters), 4, length), length])
    kinds = np.array([*(_KINDS[letter] for letter in letters), ABSENT], np.int16)[codes(sequences, letters)]
    count = max(_KINDS.values()) + 1
    pairs = words(kinds, 2, count)
    return np.hstack(
        [
            kmer_counts(sequences, 1, letters) / np.maximum(1, length),
            (pairs[:, :, None] == np.arange(count**2)).sum(1) / np.maximum(1, length - 1),
            _binned(kinds, count, length),
            composition.net_charge(sequences)[:, None],
            composition.hydrophobicity(sequences)[:, None],
            length,
        ]
    )


def _binned(coded: NDArray[np.int16], count: int, length: Floats) -> Floats:
    """The composition in each tenth of each sequence, [n, BINS * count]."""
    place = np.arange(coded.shape[1])[None] * BINS / np.maximum(1, length)
    number = np.minimum(BINS - 1, place.astype(np.int64)) * count + coded
    rows = np.arange(len(coded))[:, None] * (BINS * count)
    found = np.bincount((rows + number)[coded != ABSENT], minlength=len(coded) * BINS * count)
    return found.reshape(len(coded), BINS * count) * BINS / np.maximum(1, length)


class TellingNetwork(nn.Module):
    """One-hot sequences [B, A, L] → logits [B]: two convolutions that know where along the sequence they are."""

    def __init__(self, symbols: int, length: int, width: int = 32) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv1d(symbols, width, 9, padding=4),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.MaxPool1d(4 if length >= 64 else 2, ceil_mode=True),
            nn.Dropout(0.2),
            nn.Conv1d(width, width, 7, padding=3),
            nn.BatchNorm1d(width),
            nn.ReLU(),
        )
        self.pieces = min(BINS, -(-length // 4))
        self.head = nn.Sequential(nn.Dropout(0.4), nn.Linear(width * (self.pieces + 2), 1))

    def forward(self, x: Tensor) -> Tensor:
        h = self.trunk(x)  # B x W x L'
        local = nn.functional.adaptive_max_pool1d(h, self.pieces).flatten(1)
        logits: Tensor = self.head(torch.cat([local, h.amax(2), h.mean(2)], 1)).squeeze(1)
        return logits


def cnn_auc(real: Sequence[str], made: Sequence[str], seeds: int = 3, epochs: int = 20, seed: int = 0) -> float:
    """The mean AUC of small convolutional networks, each with its own split of both sets.

    70 % train, 10 % choose the best epoch, 20 % (``TESTED``) are judged. Gaps and ends are symbols of their own.
    """
    sets = _tensors(real, made)
    found = []
    with torch.random.fork_rng(devices=[]):
        for round_ in range(seeds):
            torch.manual_seed(derive(seed, "cnn auc", round_))
            found.append(_one_round(sets, numpy_generator(seed, "cnn auc", round_), epochs))
    return float(np.mean(found))


def _tensors(real: Sequence[str], made: Sequence[str]) -> list[Tensor]:
    """Both sets as one-hot [n, A + 1, L] of one length; the last row is whatever is no letter."""
    letters = alphabet_of(real, made).letters
    length = max(len(sequence) for sequence in (*real, *made))
    unit = torch.eye(len(letters) + 1)
    found = []
    for sequences in (real, made):
        coded = torch.from_numpy(codes(sequences, letters).astype(np.int64)) % (len(letters) + 1)
        found.append(unit[pad(coded, (0, length - coded.shape[1]), value=len(letters))].transpose(1, 2).contiguous())
    return found


def _one_round(sets: Sequence[Tensor], rng: np.random.Generator, epochs: int, batch: int = 64) -> float:
    from sklearn.metrics import roc_auc_score

    parts: list[list[tuple[Tensor, Tensor]]] = [[], [], []]
    for label, x in enumerate(sets):
        order = torch.from_numpy(rng.permutation(len(x)))
        cuts = [0, int(0.7 * len(x)), int((1 - TESTED) * len(x)), len(x)]
        for part, (start, stop) in zip(parts, pairwise(cuts), strict=True):
            part.append((x[order[start:stop]], torch.full((stop - start,), float(label))))
    (x, y), (held_x, held_y), (test_x, test_y) = (tuple(map(torch.cat, zip(*part, strict=True))) for part in parts)
    network = TellingNetwork(x.shape[1], x.shape[2])
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-2)
    best, answer, waited = float("inf"), 0.5, 0
    for _ in range(epochs):
        network.train()
        for rows in torch.from_numpy(rng.permutation(len(x))).split(batch):
            if len(rows) > 1:
                loss = binary_cross_entropy_with_logits(network(x[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
        network.eval()
        with torch.no_grad():
            held = float(binary_cross_entropy_with_logits(network(held_x), held_y))
            if held < best:
                best, waited = held, 0
                answer = float(roc_auc_score(test_y.numpy(), network(test_x).numpy()))
            else:
                waited += 1
        if waited == 4 or held < 0.02:
            break
    return answer
