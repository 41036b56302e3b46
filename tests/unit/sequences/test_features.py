"""The feature space: names, states, soft input, and what it can see."""

import numpy as np
import pytest
import torch

from vivogan.domains.sequences.alphabets import DNA, PROTEIN
from vivogan.domains.sequences.codec import END, SequenceCodec
from vivogan.domains.sequences.features import COMPONENTS, SequenceExtractor, described, fit_extractor
from vivogan.errors import DamagedRun
from vivogan.metrics.frechet import frechet_distance

SHAPES = {"DNA": (4, 60), "DNA with ends": (5, 60), "protein": (21, 25), "codons": (65, 12), "tiny": (4, 3)}


def drawn(rng: np.random.Generator, symbols: int, length: int, count: int = 80) -> torch.Tensor:
    return torch.eye(symbols)[torch.from_numpy(rng.integers(0, symbols, (count, length)))].transpose(1, 2).contiguous()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("aligned", [False, True])
def test_features_are_finite_and_repeatable(shape: str, aligned: bool) -> None:
    x = drawn(np.random.default_rng(0), *SHAPES[shape])
    y = np.zeros(len(x), np.intp)
    extractor = fit_extractor(x, y, 5, aligned)
    found = extractor(x)
    assert found.shape[0] == len(x)
    assert found.shape[1] <= COMPONENTS
    assert found.dtype == np.float64
    assert extractor(x[:3]) == pytest.approx(found[:3], rel=1e-3, abs=1e-4)
    assert extractor(x[:0]).shape == (0, found.shape[1])
    for odd in (torch.full_like(x[:2], -1), torch.rand_like(x[:2]), x[:2] * 0):
        assert np.isfinite(extractor(odd)).all()
    again = fit_extractor(x, y, 5, aligned)
    assert again.name == extractor.name
    assert np.array_equal(again(x), found)
    assert fit_extractor(x, y, 6, aligned).name != extractor.name
    loaded = SequenceExtractor.from_state(*extractor.state())
    assert loaded.name == extractor.name
    assert np.array_equal(loaded(x), found)
    assert extractor.name.startswith("columns" if aligned else "kmers")


def test_soft_counts_of_one_hot_columns_are_counts() -> None:
    codec = SequenceCodec(DNA, tuple("ACGT"), 8)
    pairs = described(codec.encoded(["AACCACGT"]), "kmers")[2][0] ** 2
    expected = torch.zeros(16)
    for pair in ("AA", "AC", "CC", "CA", "AC", "CG", "GT"):
        expected[4 * "ACGT".index(pair[0]) + "ACGT".index(pair[1])] += 1 / 7
    assert pairs == pytest.approx(expected, abs=1e-6)


def test_the_end_is_no_letter_of_a_word() -> None:
    codec = SequenceCodec(PROTEIN, (*PROTEIN.letters, END), 10)
    short, long = codec.encoded(["ACD"]), codec.encoded(["ACDACDACDA"])
    pairs = described(short, "kmers")[-1]
    assert (pairs > 0).sum() == 2  # AC, CD
    assert not torch.equal(described(short, "kmers")[0], described(long, "kmers")[0])  # the share of ends: length


def test_a_shuffled_set_is_further_than_a_real_one() -> None:
    rng = np.random.default_rng(1)
    rows = [
        "".join("ACGT"[(start + i * (1 + (i + start) % 2)) % 4] for i in range(60)) for start in rng.integers(0, 4, 300)
    ]
    noisy = ["".join(x if rng.random() < 0.8 else rng.choice(list("ACGT")) for x in row) for row in rows]
    codec = SequenceCodec(DNA, tuple("ACGT"), 60)
    a, b = codec.encoded(noisy[:150]), codec.encoded(noisy[150:])
    shuffled = codec.encoded(["".join(rng.permutation(list(row))) for row in noisy[150:]])
    extractor = fit_extractor(a, np.zeros(150, int), 0)
    assert 3 * frechet_distance(extractor(a), extractor(b)) < frechet_distance(extractor(a), extractor(shuffled))


def test_a_damaged_state_is_named() -> None:
    tensors, state = fit_extractor(drawn(np.random.default_rng(2), 4, 20), np.zeros(80, int), 0).state()
    with pytest.raises(DamagedRun, match="features of the run"):
        SequenceExtractor.from_state({k: v for k, v in tensors.items() if k != "axes"}, state)
