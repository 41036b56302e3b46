"""Classifiers: chance on equals, certainty on what differs; they see pairs and places, not letters alone."""

import numpy as np
import pytest

from vivogan.domains.sequences.telling import cnn_auc, described, forest_auc


def drawn(rng: np.random.Generator, count: int, letters: str = "ACGT", length: int = 40) -> list[str]:
    return ["".join(row) for row in rng.choice(list(letters), (count, length))]


def test_equals_cannot_be_told_apart() -> None:
    rng = np.random.default_rng(0)
    a, b = drawn(rng, 150), drawn(rng, 150)
    assert forest_auc(a, b) == pytest.approx(0.5, abs=0.1)
    assert cnn_auc(a, b, epochs=3) == pytest.approx(0.5, abs=0.15)


def test_a_word_at_its_place_is_seen() -> None:
    rng = np.random.default_rng(1)
    a = [s[:20] + "TATAAA" + s[26:] for s in drawn(rng, 150)]
    assert cnn_auc(a, drawn(rng, 150), seeds=2, epochs=8) > 0.9
    assert forest_auc(a, drawn(rng, 150)) > 0.9


def test_columns_of_alignments_and_proteins_are_described() -> None:
    rng = np.random.default_rng(2)
    protein = drawn(rng, 5, "ACDEFGHIKLMNPQRSTVWY", 12)
    assert described(protein, "ACDEFGHIKLMNPQRSTVWY").shape == (5, 20 + 36 + 60 + 3)
    columns = described(["A-C", "ACG"], "ACGT", aligned=True)
    assert columns.shape == (2, 15)
    assert columns.sum(1).tolist() == [3, 3]
    assert np.isfinite(described(["A", "AC"], "ACGT")).all()


def test_different_lengths_are_told_apart() -> None:
    rng = np.random.default_rng(3)
    a, b = drawn(rng, 60, "ACDEFGHIKL", 12), drawn(rng, 60, "ACDEFGHIKL", 30)
    assert forest_auc(a, b) > 0.95
