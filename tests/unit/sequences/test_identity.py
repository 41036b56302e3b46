"""Nearest identities against comparing every pair."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivogan.domains.sequences.identity import aligned_pair, diversity, nearest, nearest_identity, novelty, unique

FIXED = st.lists(st.text("ACGT-", min_size=8, max_size=8), min_size=1, max_size=8)


@settings(max_examples=50)
@given(FIXED, FIXED)
def test_equal_lengths_are_compared_place_by_place(made: list[str], known: list[str]) -> None:
    table = np.array([[np.mean([x == y for x, y in zip(a, b, strict=True)]) for b in known] for a in made])
    value, place = nearest(made, known)
    assert value == pytest.approx(table.max(1))
    assert table[np.arange(len(made)), place] == pytest.approx(table.max(1))


def test_free_lengths_are_aligned() -> None:
    known = ["MKWVTFISLLFLFSSAYS", "GIGKFLHSAKKFGKAFVGEIMNS", "DEDEDE"]
    made = ["GIGKFLHSAKKFGKAFVGEIMNS", "GIGKFLHSKKFGKAFVGEIMNS", "MKWVTFISLLFLSSAYS"]  # equal; one and one deleted
    value, place = nearest(made, known)
    assert value == pytest.approx([1, 22 / 23, 17 / 18])
    assert place.tolist() == [1, 1, 0]
    above, below = aligned_pair(made[1], known[1])
    assert (above.replace("-", ""), below) == (made[1], known[1])


def test_an_empty_set_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        nearest_identity([], ["ACGT"])


def test_shares_of_distinct_and_new() -> None:
    assert unique(["A", "A", "C", "G"]) == 0.75
    assert novelty(["A", "C"], ["A"]) == 0.5


def test_diversity_is_nothing_for_copies_and_less_for_relatives() -> None:
    rng = np.random.default_rng(0)
    free = ["".join(rng.choice(list("ACGT"), 40)) for _ in range(50)]
    kin = [free[0][:30] + sequence[30:] for sequence in free]
    assert diversity(free[:1] * 10) == 0
    assert diversity(kin, 200) < 0.3 < diversity(free, 200)
