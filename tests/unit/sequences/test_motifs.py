"""Words at their place."""

import numpy as np

from vivogan.domains.sequences.motifs import most_placed, motif_places, motif_rate, peak


def planted(count: int = 300) -> list[str]:
    rng = np.random.default_rng(0)
    rows = ["".join(row) for row in rng.choice(list("ACGT"), (count, 80))]
    return [row[:30] + "TATAAA" + row[36:] if i % 4 == 0 else row for i, row in enumerate(rows)]


def test_places_count_overlaps() -> None:
    assert motif_places(["AAAA", "CAAC"], "AA").tolist() == [1, 2, 1]
    assert motif_places([], "AA").tolist() == [0]


def test_the_planted_word_is_found_where_it_was_planted() -> None:
    rows = planted()
    assert most_placed(rows) == "TATAAA"
    assert peak(rows, "TATAAA") == 30
    assert 0.25 <= motif_rate(rows, "TATAAA", 30) <= 0.27


def test_rate_looks_no_further_than_the_tolerance() -> None:
    rows = ["C" * 7 + "TATAAA" + "C" * 7]
    assert [motif_rate(rows, "TATAAA", place, 3) for place in (3, 4, 10, 11)] == [0, 1, 1, 0]


def test_nothing_is_placed_in_random_or_short_sequences() -> None:
    rng = np.random.default_rng(1)
    assert most_placed(["".join(row) for row in rng.choice(list("ACGT"), (300, 80))]) is None
    assert most_placed(["ACGTACGT"] * 20) is None
