"""Clusters and weights against plain loops, and against what mutation promises."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivogan.domains.sequences.clusters import clusters, common, weights


def noise(rng: random.Random, length: int, letters: str = "ACGT") -> str:
    return "".join(rng.choices(letters, k=length))


def mutated(rng: random.Random, sequence: str, changes: int) -> str:
    letters = list(sequence)
    for place in rng.sample(range(len(sequence)), changes):
        letters[place] = rng.choice([letter for letter in "ACGT" if letter != letters[place]])
    return "".join(letters)


rows = st.integers(1, 12).flatmap(lambda n: st.lists(st.text("ACD-", min_size=n, max_size=n), min_size=1, max_size=12))


@given(rows, st.sampled_from([0.5, 0.8, 1.0]))
def test_weights_count_the_neighbours(sequences: list[str], identity: float) -> None:
    def near(one: str, other: str) -> bool:
        return sum(a == b for a, b in zip(one, other, strict=True)) >= identity * len(one) - 1e-9

    expected = [1 / sum(near(one, other) for other in sequences) for one in sequences]
    assert weights(sequences, identity).tolist() == pytest.approx(expected)


@given(rows, st.sampled_from([0.5, 0.8]))
def test_aligned_clusters_hold_their_promise(sequences: list[str], identity: float) -> None:
    """Representatives are further apart than the identity, and every member is as near to one."""
    found = clusters(sequences, identity, aligned=True)
    same = np.array([[sum(a == b for a, b in zip(x, y, strict=True)) / len(x) for y in sequences] for x in sequences])
    order = sorted(range(len(sequences)), key=lambda i: (sequences[i].count("-"), i))
    heads: dict[int, int] = {}
    for index in order:
        heads.setdefault(int(found[index]), index)
    for index in range(len(sequences)):
        assert same[index, heads[int(found[index])]] >= identity - 1e-9
    chosen = list(heads.values())
    assert all(same[i, j] < identity for i in chosen for j in chosen if i != j)


@pytest.mark.parametrize("length", [30, 81, 300])
def test_mutants_join_and_strangers_do_not(length: int) -> None:
    rng = random.Random(length)
    founders = [noise(rng, length) for _ in range(40)]
    families = [[f, mutated(rng, f, length // 20), f[2:], f[: length // 2] + "A" + f[length // 2 :]] for f in founders]
    found = clusters([member for family in families for member in family], 0.8, aligned=False).reshape(40, 4)
    assert (found == found[:, :1]).all()
    assert len(np.unique(found)) == 40


def test_identity_decides() -> None:
    rng = random.Random(3)
    founder = noise(rng, 200)
    nearer, further = mutated(rng, founder, 36), mutated(rng, founder, 60)  # .82 and .70
    assert clusters([founder, nearer, further], 0.8, aligned=False).tolist() == [0, 0, 1]


def test_peptides_and_single_letters() -> None:
    found = clusters(
        ["GIGKFLHSAKKFGKAFVGEIMNS", "GIGKFLHSAKKFGKAFVGEIMN", "K", "K", "W", "ACDEFGHIKL"], 0.8, aligned=False
    )
    assert found[0] == found[1]
    assert found[0] != found[5]
    assert found[4] not in (found[0], found[5])
    assert found[2] == found[3]


def test_shifted_copies_are_found() -> None:
    rng = random.Random(5)
    genome = noise(rng, 400)
    assert clusters([genome[:300], genome[20:320]], 0.8, aligned=False).tolist() == [0, 0]


def test_very_long_sequences_are_estimated() -> None:
    rng = random.Random(1)
    founder = noise(rng, 20_000)
    assert clusters([founder, mutated(rng, founder, 1000), noise(rng, 20_000)], 0.8, aligned=False).tolist() == [
        0,
        0,
        1,
    ]


def test_nothing() -> None:
    assert clusters([], 0.8, aligned=False).shape == (0,)


def subsequence(one: str, other: str) -> int:
    before = [0] * (len(other) + 1)
    for a in one:
        now = [0]
        for j, b in enumerate(other):
            now.append(before[j] + 1 if a == b else max(before[j + 1], now[j]))
        before = now
    return before[-1]


@given(st.text("ACGT", min_size=1, max_size=70), st.text("ACGT", min_size=1, max_size=70))
def test_common_subsequence(one: str, other: str) -> None:
    assert common(one, other) == subsequence(one, other)
