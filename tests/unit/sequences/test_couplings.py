"""Alignments: frequencies and couplings against a direct count, and the floors of two real families."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from vivogan.domains.sequences.clusters import weights
from vivogan.domains.sequences.couplings import (
    connected_pairs,
    conserved,
    kept_shares,
    pair_scores,
    site_frequencies,
)

ROWS = ["AC-", "AG-", "CCG", "CGG"]


def test_connected_pairs_are_joint_less_product() -> None:
    pairs = connected_pairs(ROWS, "ACGT-")
    for number, (i, j) in enumerate([(0, 1), (0, 2), (1, 2)]):
        for a, x in enumerate("ACGT-"):
            for b, y in enumerate("ACGT-"):
                joint = np.mean([row[i] == x and row[j] == y for row in ROWS])
                product = np.mean([row[i] == x for row in ROWS]) * np.mean([row[j] == y for row in ROWS])
                assert pairs[number, a, b] == pytest.approx(joint - product, abs=1e-6)


def test_scores_of_the_same_and_of_half_the_strength() -> None:
    strong = ["AA", "CC"] * 50
    half = strong + ["AA", "CC", "AC", "CA"] * 25
    assert pair_scores(strong, strong) == pytest.approx((1, 1))
    assert pair_scores(strong, half) == pytest.approx((1, 0.5), abs=1e-6)
    assert pair_scores(["AA"] * 4, ["AA"] * 4) == (0, 0)


def test_conserved_places_and_what_is_kept_of_them() -> None:
    places = conserved(["CAG", "CCG", "CTG", "CAA"], 0.75)
    assert places == {0: ("C", 1.0), 2: ("G", 0.75)}
    assert kept_shares(["CAA", "AAA"], places) == {0: 0.5, 2: 0}


def test_weights_are_shared_by_relatives() -> None:
    assert weights(["ACGTACGTAC", "ACGTACGTAA", "TTTTTTTTTT"], 0.8).tolist() == [0.5, 0.5, 1]
    assert site_frequencies(["A", "C"], "AC", np.array([3.0, 1.0])).tolist() == [[0.75, 0.25]]


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        site_frequencies(["AC", "A"], "AC")


@pytest.mark.skipif("VIVOGAN_DATA" not in os.environ, reason="VIVOGAN_DATA is not set")
def test_floor_of_the_kunitz_family() -> None:
    """The protocol of the goal: upper case and "-", distinct rows with less than a fifth gaps, the gap a symbol."""
    rows: list[str] = []
    with gzip.open(Path(os.environ["VIVOGAN_DATA"]) / "kunitz_family_msa" / "PF00014_raw.fasta.gz", "rt") as stream:
        for line in stream:
            if line.startswith(">"):
                rows.append("")
            else:
                rows[-1] += "".join(letter for letter in line.strip() if letter.isupper() or letter == "-")
    kept = [row for row in dict.fromkeys(rows) if row.count("-") < 0.2 * len(row)]
    order = np.random.default_rng(0).permutation(len(kept))
    half = len(kept) // 2
    a, b = ([kept[i] for i in part] for part in (order[:half], order[half:]))
    assert len(kept) == 3444
    assert pair_scores(a, b)[0] == pytest.approx(0.958, abs=0.01)
    cysteines = [place for place, (letter, _) in conserved(kept).items() if letter == "C"]
    assert cysteines == [1, 10, 26, 34, 47, 51]
