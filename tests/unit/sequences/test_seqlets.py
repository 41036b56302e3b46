"""Planted motifs are found, at their places and strands; where nothing is planted, nothing is."""

import gzip
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from vivogan.domains.sequences.kmers import codes
from vivogan.domains.sequences.matrices import Matrix, read_matrices
from vivogan.domains.sequences.tools.comparison import compare, meme, short_name
from vivogan.domains.sequences.tools.motif import Motif, Site
from vivogan.domains.sequences.tools.occurrences import Rate, background, placed, sites
from vivogan.domains.sequences.tools.placed_words import placed_words
from vivogan.domains.sequences.tools.seqlets import find, motifs

WORD, BACK = "GACTTCCAG", "CTGGAAGTC"


def planted(n: int = 120, length: int = 50, seed: int = 0, other: float = 0.5) -> list[str]:
    """Random letters with a word at a place of its own in each, a share of them on the other strand."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        text = "".join(rng.choice(list("ACGT"), length))
        start = int(rng.integers(6, length - 15))
        word = BACK if rng.random() < other else WORD
        found.append(text[:start] + word + text[start + len(word) :])
    return found


def added(sequences: list[str], noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Contributions as a predictor of the word would have them."""
    coded = codes(sequences, "ACGT").astype(np.int64)
    found = np.random.default_rng(1).normal(0, noise, (len(sequences), 4, coded.shape[1]))
    for row, text in enumerate(sequences):
        start = max(text.find(WORD), text.find(BACK))
        at = np.arange(start, start + len(WORD))
        found[row, coded[row, at], at] += 1
    return found, coded


def test_planted_motifs_are_found_on_both_strands() -> None:
    sequences = planted()
    contributed, coded = added(sequences)
    importance = np.take_along_axis(contributed, coded[:, None], 1)[:, 0]
    chance = np.random.default_rng(2).normal(0, 0.1, importance.shape)
    runs = find(importance, chance)
    assert 0.9 * 120 <= sum(run.importance > 4 for run in runs) <= 120
    (found, *_) = motifs([r for r in runs if r.importance > 4], contributed, coded, "ACGT", "test", True)
    assert WORD in found.consensus or BACK in found.consensus
    assert 0.3 < found.forward < 0.7
    assert len(found.sites) > 100
    word = WORD if WORD in found.consensus else BACK
    starts = [max(sequences[s.row].find(WORD), sequences[s.row].find(BACK)) for s in found.sites]
    gaps = [s.start - start for s, start in zip(found.sites, starts, strict=True)]
    assert np.mean([abs(gap) <= 4 for gap in gaps]) > 0.95, word


def test_nothing_is_found_where_nothing_is_more_important_than_by_chance() -> None:
    rng = np.random.default_rng(3)
    assert find(rng.normal(size=(60, 50)), rng.normal(size=(60, 50)), fdr=0.05) == []


def test_seqlets_do_not_overlap() -> None:
    importance = np.zeros((1, 60))
    importance[0, 10:40] = 1
    found = find(importance, np.random.default_rng(0).normal(0, 0.01, (40, 60)))
    covered = np.concatenate([np.arange(s.start, s.stop) for s in found])
    assert len(covered) == len(set(covered.tolist())) > 0


def test_a_word_bound_to_its_place_is_found_there() -> None:
    rng = np.random.default_rng(0)
    sequences = ["".join(rng.choice(list("ACGT"), 80)) for _ in range(200)]
    words = rng.choice(["TATAAT", "TATACT"], 200, p=[0.7, 0.3])
    sequences = [t[: 30 + i % 3] + w + t[36 + i % 3 :] for i, (t, w) in enumerate(zip(sequences, words, strict=True))]
    (found, *_) = placed_words(sequences, "ACGT")
    assert "TATAaT".upper() in found.consensus.upper()
    low, high = found.within or (0, 0)
    assert high - low <= 10
    assert low <= 32 - found.consensus.upper().index("TATAAT") <= high
    shares = background(sequences, "ACGT", False)
    assert len(placed(sequences, found, shares)) > 190
    assert placed_words(["".join(rng.permutation(list(s))) for s in sequences], "ACGT") == []


def test_sites_are_found_where_they_stand() -> None:
    counts = 20.0 * np.array([[letter == other for other in "ACGT"] for letter in WORD])
    sequences = planted(40, other=0.5)
    found = sites([*sequences, "N" * 50], Matrix("word", counts), "ACGT", np.full(4, 0.25), True)
    assert [site.row for site in found] == list(range(40))
    for site in found:
        assert sequences[site.row][site.start :].startswith(WORD if site.forward else BACK)


def test_matches_are_exact_and_rare() -> None:
    rng = np.random.default_rng(0)
    known = [Matrix(f"M{i} random", rng.dirichlet([0.3] * 4, rng.integers(6, 15)) * 50) for i in range(150)]
    query = Matrix("query", known[7].counts[1:][::-1, ::-1])
    best = compare(query, known)
    assert best[0].target is known[7]
    assert not best[0].forward
    assert best[0].q < 0.01
    assert all(a.p <= b.p for a, b in pairwise(best))
    # Of queries that are none of them, as many p-values are small as should be.
    others = [compare(Matrix("x", rng.dirichlet([0.3] * 4, 8) * 50), known) for _ in range(6)]
    p = np.array([match.p for matches in others for match in matches])
    assert np.mean(p < 0.1) < 0.2


def test_motifs_are_written_for_other_tools(tmp_path: Path) -> None:
    counts = np.array([[9, 1, 0, 0], [0, 8, 1, 1], [0, 0, 10, 0.0]])
    path = tmp_path / "motifs.meme"
    path.write_text(meme([Matrix("words_1", counts)], "ACGT", np.full(4, 0.25)))
    (again,) = read_matrices(path)
    assert again.name == "words_1"
    assert np.allclose(again.counts, counts / 10)
    assert short_name("MA0108.2_MA0108.2.TBP") == "TBP (MA0108.2)"


def test_rates_have_intervals() -> None:
    value, low, high = Rate(0.5, 0.5, 100, 100).difference
    assert value == 0
    assert low == pytest.approx(-0.1357, abs=0.001)  # Newcombe's method 10
    assert high == pytest.approx(0.1357, abs=0.001)


@pytest.mark.skipif("VIVOGAN_DATA" not in os.environ, reason="VIVOGAN_DATA is not set")
def test_the_tata_box_is_found_and_known() -> None:
    folder = Path(os.environ["VIVOGAN_DATA"])
    with gzip.open(folder / "human_tata_promoters" / "hs_pos_TATA.txt.gz", "rt") as stream:
        sequences = [line.strip().upper() for line in stream][:800]
    (found,) = placed_words(sequences, "ACGT", most=1)
    assert found.consensus.startswith("TATAAA")
    assert 215 <= np.median([site.start for site in found.sites]) <= 222  # the start of transcription is place 250
    known = read_matrices(folder / "jaspar_motifs" / "JASPAR2022_vertebrates.pfm.gz")
    best = compare(found.matrix, known)[0]
    assert short_name(best.target.name) == "TBP (MA0108.2)"
    assert best.q < 0.05


def test_a_motif_knows_its_places() -> None:
    motif = Motif("m", "test", "ACGT", np.eye(4), [Site(0, 3), Site(1, 7, False)], placed=True)
    assert motif.within == (3, 7)
    assert motif.forward == 0.5
    assert motif.consensus == "ACGT"
