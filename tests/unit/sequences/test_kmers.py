"""Words and their divergence: against counting by hand and against scipy."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from vivogan.domains.sequences.alphabets import DNA, PROTEIN, RNA
from vivogan.domains.sequences.kmers import alphabet_of, codes, kmer_counts, kmer_divergence, kmer_spectrum, words

DNA_TEXT = st.text("ACGTN-", max_size=30)
SETS = st.lists(st.text("ACGT", min_size=3, max_size=30), min_size=1, max_size=5)


@given(st.lists(DNA_TEXT, min_size=1, max_size=6), st.integers(1, 3))
def test_counts_are_those_of_a_counter(sequences: list[str], k: int) -> None:
    counts = kmer_counts(sequences, k, "ACGT")
    for row, sequence in zip(counts, sequences, strict=True):
        bare = sequence.replace("-", "")
        plain = Counter(bare[i : i + k] for i in range(len(bare) - k + 1) if "N" not in bare[i : i + k])
        found = {
            "".join("ACGT"[number // 4**i % 4] for i in reversed(range(k))): int(row[number])
            for number in np.flatnonzero(row)
        }
        assert found == dict(plain)
    assert (kmer_spectrum(sequences, k, "ACGT") * max(1, counts.sum())) == pytest.approx(counts.sum(0))


@given(SETS, SETS)
def test_divergence_is_the_squared_distance_of_scipy_in_bits(a: list[str], b: list[str]) -> None:
    p, q = kmer_spectrum(a, 2, "ACGT"), kmer_spectrum(b, 2, "ACGT")
    assert kmer_divergence(a, b, 2) == pytest.approx(jensenshannon(p, q, 2) ** 2, abs=1e-9)


def test_divergence_runs_from_nothing_to_one() -> None:
    assert kmer_divergence(["ACGTACGT"], ["ACGTACGT"], 3) == 0
    assert kmer_divergence(["AAAA"], ["CCCC"], 2) == 1


def test_words_over_the_end_are_none() -> None:
    assert words(codes(["ACG", "A"], "ACGT"), 2, 4).tolist() == [[1, 6], [-1, -1]]


def test_alphabets_are_recognised() -> None:
    assert alphabet_of(["ACGTN-"]) is DNA
    assert alphabet_of(["ACG"], ["AUG"]) is RNA
    assert alphabet_of(["MKVRKM"], ["ACG"]) is PROTEIN
