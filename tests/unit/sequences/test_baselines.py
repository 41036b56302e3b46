"""Samplers without a game: what they learn, what they must keep to, and that they copy nothing."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from vivogan.domains.sequences.alphabets import DNA, PROTEIN
from vivogan.domains.sequences.baselines import MarkovChain, PositionalMarkov, baselines
from vivogan.domains.sequences.codec import END, SequenceCodec

CODONS = tuple(a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT")
NAMES = list(baselines())


def free(rng: np.random.Generator, count: int = 200) -> tuple[SequenceCodec, list[str]]:
    rows = ["".join(rng.choice(list("ACDEFGHIKL"), size)) for size in rng.integers(5, 15, count)]
    return SequenceCodec(PROTEIN, (*PROTEIN.letters, END), max(map(len, rows))), rows


def coding(rng: np.random.Generator, count: int = 200) -> tuple[SequenceCodec, list[str]]:
    rows = ["ATG" + "".join(rng.choice(["AAA", "GCT", "CTG"], size)) + "TAA" for size in rng.integers(3, 9, count)]
    return SequenceCodec(DNA, (*CODONS, END), max(map(len, rows)) // 3), rows


def family(rng: np.random.Generator, count: int = 400) -> tuple[SequenceCodec, list[str]]:
    """Places 0 and 5 are equal; the others free."""
    rows = ["".join(rng.choice(list("ACGT-"), 6)) for _ in range(count)]
    return SequenceCodec(DNA, (*"ACGT", "-"), 6, True), [row[:5] + row[0] for row in rows]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [free, coding, family])
def test_samples_are_one_hot_and_repeatable(name: str, kind) -> None:
    codec, rows = kind(np.random.default_rng(0))
    y = np.zeros(len(rows), np.intp)
    fitted = baselines()[name].fit(codec.encoded(rows), y)
    made = fitted.sample(y[:50], 1)
    assert made.shape == (50, len(codec.symbols), codec.length)
    assert torch.equal(made.sum(1), torch.ones(50, codec.length))
    assert torch.equal(made, fitted.sample(y[:50], 1))
    assert not torch.equal(made, fitted.sample(y[:50], 2))
    decoded = codec.decode(made)
    assert torch.equal(codec.encoded(decoded), made)  # after the end comes the end
    if kind is not family:  # of which a good part of all that can be is in the training part
        assert not set(decoded) & set(rows)


@pytest.mark.parametrize("name", NAMES)
def test_reading_frames_stay_open_to_their_stop(name: str) -> None:
    codec, rows = coding(np.random.default_rng(1))
    made = codec.decode(
        baselines()[name].fit(codec.encoded(rows), np.zeros(len(rows), int)).sample(np.zeros(80, int), 3)
    )
    for sequence in made:
        codons = codec.split(sequence)
        assert codons[0] == "ATG"
        assert codons[-1] in ("TAA", "TAG", "TGA")
        assert not set(codons[:-1]) & {"TAA", "TAG", "TGA"}


def test_a_chain_repeats_the_steps_of_its_data() -> None:
    rng = np.random.default_rng(2)
    rows = ["".join("ACGT"[(start + i) % 4] for i in range(40)) for start in rng.integers(0, 4, 100)]
    codec = SequenceCodec(DNA, tuple("ACGT"), 40)
    made = codec.decode(MarkovChain(1).fit(codec.encoded(rows), np.zeros(100, int)).sample(np.zeros(50, int), 0))
    steps = [("ACGT".index(b) - "ACGT".index(a)) % 4 for sequence in made for a, b in pairwise(sequence)]
    assert np.mean(np.array(steps) == 1) > 0.8  # copies are drawn again with flatter shares


def test_the_tree_keeps_far_couplings_and_the_profile_does_not() -> None:
    codec, rows = family(np.random.default_rng(3))
    y = np.zeros(len(rows), np.intp)

    def equal_ends(sampler) -> float:
        return float(np.mean([s[0] == s[5] for s in codec.decode(sampler.fit(codec.encoded(rows), y).sample(y, 1))]))

    assert equal_ends(baselines()["Chow-Liu tree"]) > 0.8
    assert equal_ends(PositionalMarkov((0,), (0,))) < 0.4


@pytest.mark.parametrize("name", NAMES)
def test_classes_are_told_apart(name: str) -> None:
    rng = np.random.default_rng(4)
    y = np.arange(200) % 2
    rows = ["".join(rng.choice(list("ACGT"), 20, p=[0.1, 0.4, 0.4, 0.1] if k else [0.4, 0.1, 0.1, 0.4])) for k in y]
    codec = SequenceCodec(DNA, tuple("ACGT"), 20)
    made = codec.decode(baselines()[name].fit(codec.encoded(rows), y).sample(y, 1))
    gc = np.array([sum(letter in "GC" for letter in sequence) / 20 for sequence in made])
    assert gc[y == 1].mean() - gc[y == 0].mean() > 0.35
