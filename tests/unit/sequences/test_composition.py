"""Composition against Biopython and against values known from elsewhere."""

import numpy as np
import pytest
from Bio.SeqUtils.ProtParam import ProteinAnalysis

from vivogan.domains.sequences import composition


def test_gc_content_counts_letters_alone() -> None:
    assert composition.gc_content(["GGCC", "GA-NT", "AUGC", "N"]).tolist() == pytest.approx([1, 1 / 3, 0.5, 0])


def test_gc_distance_of_shifted_sets() -> None:
    assert composition.gc_distance(["GGAA"], ["GGGA"]) == pytest.approx(0.25)


@pytest.mark.parametrize("peptide", ["GIGKFLHSAKKFGKAFVGEIMNS", "ACDEFGHIKLMNPQRSTVWY", "DDEE"])
def test_protein_numbers_agree_with_biopython(peptide: str) -> None:
    known = ProteinAnalysis(peptide)
    assert composition.hydrophobicity([peptide])[0] == pytest.approx(known.gravy())
    # Biopython shifts the pKa of the two ends by their residues; the sides are the same table.
    assert composition.net_charge([peptide])[0] == pytest.approx(known.charge_at_pH(7.0), abs=0.2)


def test_complexity_is_low_in_repeats() -> None:
    found = composition.complexity(["AAAAAAAA", "ACGTACGT", ""], "ACGT", 1)
    assert found.tolist() == pytest.approx([0, 2, 0])


def test_longest_run_breaks_at_the_unknown_and_leaves_out_gaps() -> None:
    assert composition.longest_run(["AAACC", "AANAA", "AA-AA", ""], "ACGT").tolist() == [3, 2, 4, 0]


def test_gap_share() -> None:
    assert np.array_equal(composition.gap_share(["A--C", "ACGT"]), [0.5, 0])
