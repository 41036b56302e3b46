"""Motif files, exact thresholds and scanning, against counting every word."""

import gzip
import os
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from vivogan.domains.sequences.alphabets import DNA
from vivogan.domains.sequences.matrices import Matrix, background_of, hit_rates, hits, read_matrices, threshold
from vivogan.errors import InputError

COUNTS = np.array([[9, 1, 0, 0], [0, 8, 1, 1], [0, 0, 10, 0], [2, 0, 0, 8], [0, 0, 10, 0]], float)
FORMS = {
    "rows a place": ">M1 motif\n" + "\n".join("\t".join(map(str, row)) for row in COUNTS),
    "JASPAR": ">M1 motif\n"
    + "\n".join(f"{x}  [ {'  '.join(map(str, row))} ]" for x, row in zip("ACGT", COUNTS.T, strict=True)),
    "PFM": ">M1 motif\n" + "\n".join("\t".join(map(str, column)) for column in COUNTS.T),
    "MEME": "MEME version 4\n\nALPHABET= ACGT\n\nMOTIF M1 motif\nletter-probability matrix: alength= 4 w= 5\n"
    + "\n".join(" ".join(map(str, row)) for row in COUNTS),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("zipped", [False, True])
def test_every_form_is_read(tmp_path: Path, form: str, zipped: bool) -> None:
    path = tmp_path / ("motifs.txt.gz" if zipped else "motifs.txt")
    text = FORMS[form] + "\n"
    path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
    (matrix,) = read_matrices(path)
    assert matrix.name == "M1 motif"
    assert np.array_equal(matrix.counts, COUNTS)


@pytest.mark.parametrize(
    ("text", "reason"), [("", "no motif"), (">M1\n1 2 3\n1 2 3\n", "M1"), (">M1\n1 2 3 4\n1 2\n", "M1")]
)
def test_what_is_no_motif_is_named(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "bad.pfm").write_text(text)
    with pytest.raises(InputError, match=rf"bad.pfm.*{reason}"):
        read_matrices(tmp_path / "bad.pfm")


@pytest.mark.parametrize("p", [0.05, 0.004, 0.001])
def test_thresholds_are_exact(p: float) -> None:
    background = np.array([0.3, 0.2, 0.2, 0.3])
    scores = Matrix("m", COUNTS).log_odds(background)
    all_words = list(product(range(4), repeat=5))
    value = np.array([sum(scores[i, a] for i, a in enumerate(word)) for word in all_words])
    share = np.array([np.prod(background[list(word)]) for word in all_words])
    least = threshold(scores, background, p)
    assert share[value >= least - 1e-6].sum() <= p * (1 + 1e-9)
    below = value[value < least - 1e-6].max()
    assert share[value >= below - 1e-6].sum() > p


def test_a_short_motif_has_its_best_word() -> None:
    background = np.full(4, 0.25)
    scores = Matrix("m", COUNTS[:2]).log_odds(background)
    assert threshold(scores, background, 1e-6) == pytest.approx(scores.max(1).sum())


def test_hits_are_those_of_looking_at_every_place() -> None:
    rng = np.random.default_rng(0)
    sequences = [
        "".join(rng.choice(list("ACGTN"), size=size, p=[0.24] * 4 + [0.04])) for size in rng.integers(1, 60, 80)
    ]
    matrices = [Matrix("m", COUNTS), Matrix("n", COUNTS[:3])]
    background = background_of(sequences)
    found = hits(sequences, matrices, 0.01, background)
    for column, matrix in enumerate(matrices):
        scores = matrix.log_odds(background)
        least, width = threshold(scores, background, 0.01), len(scores)
        for row, sequence in enumerate(sequences):
            strands = (sequence, DNA.reverse_complement(sequence))
            pieces = [s[i : i + width] for s in strands for i in range(len(s) - width + 1)]
            values = [sum(scores[i, "ACGT".index(x)] for i, x in enumerate(p)) for p in pieces if "N" not in p]
            assert found[row, column] == (max(values, default=-99) >= least - 1e-3)
    assert 0.1 < found.mean() < 0.9


def test_rates_name_what_differs_most() -> None:
    word = "ACGTG"
    rates = hit_rates(
        ["T" * 10 + word] * 4, ["T" * 15] * 4, [Matrix("none", COUNTS[::-1]), Matrix("word", COUNTS)], 0.01
    )
    assert rates.largest(1) == [("word", 1.0, 0.0)]
    assert 0 < rates.error <= 1


@pytest.mark.skipif("VIVOGAN_DATA" not in os.environ, reason="VIVOGAN_DATA is not set")
def test_the_vertebrate_motifs_of_jaspar_are_read() -> None:
    found = read_matrices(Path(os.environ["VIVOGAN_DATA"]) / "jaspar_motifs" / "JASPAR2022_vertebrates.pfm.gz")
    assert len(found) == 838
