"""Groups of sequences that are alike, and the weights of families: who counts as a copy of whom."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 256  # sequences compared at once
ROOM = 50  # words of the alphabet for each letter of a sequence: so few are shared by chance
SHARE = 0.5  # of the words expected at the wanted identity, from where two sequences are aligned
SCORE = 0.75  # of that of an alignment of the wanted identity without gaps; below it the identity is not counted
LONGEST = 3000  # letters, beyond which identity is estimated from words instead of aligned


def clusters(sequences: Sequence[str], identity: float, aligned: bool) -> NDArray[np.intp]:
    """The cluster [n] of each sequence, by the greedy way of CD-HIT (Li and Godzik 2006): longest first, a sequence
    joins the cluster of a representative that it is at least ``identity`` alike, else it represents a new one.

    Identity of the rows of an alignment is the share of equal columns, a gap being one more symbol. Identity of free
    sequences is the number of equal letters over the length of the shorter, in the better of two alignments: place by
    place, or the best-scoring one (match 2, mismatch −2, gap −6 and −1 a letter, ends free; those of CD-HIT-EST).
    Free sequences are aligned only when they share ``SHARE`` of the words that identity leaves on average (t^k of
    them), so pairs whose differences are spread unusually evenly, or are mostly gaps, may be missed; above ``LONGEST``
    letters identity is estimated by (share of shared words)^(1/k).

    Numbers go from 0 in the order of the first member.

    >>> clusters(["ACGTACGTAC", "ACGTACGTAG", "TTTTTGGGGG"], 0.8, aligned=False).tolist()
    [0, 0, 1]
    """
    if not len(sequences):
        return np.zeros(0, np.intp)
    found = aligned_clusters(sequences, identity) if aligned else free_clusters(sequences, identity)
    _, first, number = np.unique(found, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[number]


def weights(sequences: Sequence[str], identity: float = 0.8) -> NDArray[np.float64]:
    """1 over the number of rows (itself too) within ``identity``, [n], for the rows of an alignment.

    Morcos et al. 2011, eq. 3; Ekeberg et al. 2013, eq. 13 (θ = 1 − identity). Their sum is the effective number.

    >>> weights(["ACDEF", "ACDEG", "WWWWW"]).tolist()
    [0.5, 0.5, 1.0]
    """
    codes = coded(sequences)
    least = needed(identity, codes.shape[1])
    counts = [(equal(codes[start : start + BLOCK], codes) >= least).sum(1) for start in range(0, len(codes), BLOCK)]
    return 1.0 / np.concatenate(counts)


def needed(identity: float, length: int) -> int:
    """Equal letters that make the identity; 0.8 of 10 is 8, whatever the last bit of 0.8 says."""
    return math.ceil(identity * length - 1e-9)


def coded(rows: Sequence[str]) -> NDArray[np.uint8]:
    """Rows of one length as the numbers of their letters, [n, L]."""
    return np.frombuffer("".join(rows).encode("ascii"), np.uint8).reshape(len(rows), -1)


def equal(some: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How many columns agree, [m, n]: one matrix product a letter."""
    total = np.zeros((len(some), len(others)), np.float32)
    for letter in np.unique(some):
        total += (some == letter).astype(np.float32) @ (others == letter).astype(np.float32).T
    return total


def aligned_clusters(rows: Sequence[str], identity: float) -> NDArray[np.intp]:
    """The row that represents each row, [n]; the rows of fewest gaps come first."""
    codes = coded(rows)
    least = needed(identity, codes.shape[1])
    order = np.argsort((codes == ord("-")).sum(1), kind="stable")
    found = np.full(len(rows), -1, np.intp)
    heads = np.zeros(0, np.intp)
    for block in blocks(order):
        if len(heads):
            near = equal(codes[block], codes[heads]) >= least  # [block, heads]
            old = near.any(1)
            found[block[old]] = heads[near[old].argmax(1)]
            block = block[~old]
        inside = equal(codes[block], codes[block]) >= least
        fresh: list[int] = []
        for i, row in enumerate(block.tolist()):
            near_fresh = [j for j in fresh if inside[i, j]]
            found[row] = block[near_fresh[0]] if near_fresh else row
            fresh += [] if near_fresh else [i]
        heads = np.concatenate([heads, block[fresh]])
    return found


def blocks(order: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    for start in range(0, len(order), BLOCK):
        yield order[start : start + BLOCK]


def free_clusters(sequences: Sequence[str], identity: float) -> NDArray[np.intp]:
    """The sequence that represents each sequence, [n]; longest first."""
    lengths = np.array([len(sequence) for sequence in sequences])
    order = np.argsort(-lengths, kind="stable")
    k, words = word_table(sequences, int(np.quantile(lengths, 0.9)))
    own = np.asarray(words.sum(1)).ravel()
    least = np.maximum(1, SHARE * identity**k * own)  # [n]
    same = Same(sequences, identity, k)
    found = np.full(len(sequences), -1, np.intp)
    heads: list[int] = []
    for block in blocks(order):
        old = (words[block] @ words[heads].T).tocsr() if heads else None
        new = (words[block] @ words[block].T).toarray()
        fresh: list[int] = []  # positions in the block
        known = list(heads)
        for i, index in enumerate(block.tolist()):
            shared = {block[j]: new[i, j] for j in fresh if new[i, j] >= least[index]}
            if old is not None:
                at = slice(old.indptr[i], old.indptr[i + 1])
                enough = old.data[at] >= least[index]
                names = old.indices[at][enough].tolist()
                shared |= {known[j]: n for j, n in zip(names, old.data[at][enough].tolist(), strict=True)}
            candidates = sorted(shared, key=lambda head: (-shared[head], head))
            head = next((h for h in candidates if same(index, h, shared[h] / max(1, own[index]))), index)
            found[index] = head
            if head == index:
                fresh.append(i)
                heads.append(index)
    return found


def word_table(sequences: Sequence[str], length: int) -> tuple[int, Any]:
    """The length k of words, and which words each sequence has: a sparse matrix [n, words] of float32."""
    from scipy.sparse import csr_matrix

    text = "".join(sequences).encode("ascii")
    letters, counts = np.unique(np.frombuffer(text, np.uint8), return_counts=True)
    size = max(1.5, 1 / float(((counts / counts.sum()) ** 2).sum()))  # letters that would meet by chance as often
    k = max(1, min(round(math.log(ROOM * length) / math.log(size)), int(60 / math.log2(len(letters) + 1))))
    number = np.zeros(256, np.int64)
    number[letters] = np.arange(len(letters))
    rows = []
    for sequence in sequences:
        codes = number[np.frombuffer(sequence.encode("ascii"), np.uint8)]
        word = np.zeros(max(0, len(codes) - k + 1), np.int64)
        for place in range(k):
            word = word * len(letters) + codes[place : place + len(word)]
        if not len(word):  # shorter than a word: like its equals alone
            word = np.array([-1 - int.from_bytes(sequence.encode("ascii")[:7], "big")])
        rows.append(np.unique(word))
    ends = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    columns = np.concatenate(rows)
    used, columns = np.unique(columns, return_inverse=True)
    values = np.ones(len(columns), np.float32)
    return k, csr_matrix((values, columns, ends), shape=(len(sequences), max(1, len(used))))


class Same:
    """Whether two free sequences reach the identity; the aligner is made once."""

    def __init__(self, sequences: Sequence[str], identity: float, k: int) -> None:
        from Bio.Align import PairwiseAligner

        self.sequences, self.identity, self.k = sequences, identity, k
        self.aligner = PairwiseAligner(mode="global", match_score=2, mismatch_score=-2)
        self.aligner.open_gap_score, self.aligner.extend_gap_score = -7, -1  # the first letter of a gap pays both
        self.aligner.end_gap_score = 0

    def __call__(self, index: int, head: int, shared: float) -> bool:
        """``shared``: the share of the words of ``index`` that ``head`` has."""
        one, other = self.sequences[index], self.sequences[head]
        shorter = min(len(one), len(other))
        least = needed(self.identity, shorter)
        if max(len(one), len(other)) > LONGEST:
            return bool(shared ** (1 / self.k) >= self.identity)
        a, b = (np.frombuffer(text[:shorter].encode("ascii"), np.uint8) for text in (one, other))
        if int((a == b).sum()) >= least:
            return True
        # No alignment has more equal letters than the longest common subsequence, which is fifty times as fast; in a
        # much longer sequence there is nearly always a long one.
        if max(len(one), len(other)) < 1.3 * shorter and common(one, other) < least:
            return False
        # Neither does it pay to go back over an alignment that scores far below one of enough equal letters.
        if self.aligner.score(one, other) < SCORE * 2 * (2 * least - shorter):
            return False
        return bool(self.aligner.align(one, other)[0].counts().identities >= least)


def common(one: str, other: str) -> int:
    """The length of the longest common subsequence, a bit a letter (Hyyrö 2004).

    >>> common("ACGTACGT", "AGTCGT")
    6
    """
    places = bits(one)
    full = (1 << len(one)) - 1
    state = full
    for letter in other:
        match = state & places.get(letter, 0)
        state = ((state + match) | (state - match)) & full
    return len(one) - state.bit_count()


@lru_cache(maxsize=4)  # one sequence is compared with many
def bits(text: str) -> dict[str, int]:
    """The places of each letter as the bits of a number."""
    return {letter: sum(1 << i for i, own in enumerate(text) if own == letter) for letter in set(text)}
