"""The judgement put together."""

from itertools import product

import numpy as np
import torch
from Bio.Seq import Seq

from vivogan.domains.sequences.alphabets import DNA, PROTEIN
from vivogan.domains.sequences.codec import END, SequenceCodec
from vivogan.domains.sequences.metrics import copies, literature, summaries, translated

CODONS = tuple("".join(codon) for codon in product("ACGT", repeat=3))


def test_the_code_is_that_of_biopython() -> None:
    for codon in CODONS:
        assert translated(codon) == str(Seq(codon).translate(to_stop=True))
    assert translated("ATGNNNTAAAAA") == "MX"


def test_summaries_are_finite_columns_for_every_kind() -> None:
    kinds = {
        "free": (SequenceCodec(DNA, (*"ACGT", END), 9), {"GC content", "length", "complexity", "longest run"}),
        "fixed": (SequenceCodec(DNA, tuple("ACGT"), 9), {"GC content", "complexity", "longest run"}),
        "aligned": (
            SequenceCodec(PROTEIN, (*PROTEIN.letters, "-"), 9, True),
            {"net charge", "hydrophobicity", "gap share", "complexity", "longest run"},
        ),
        "coding": (
            SequenceCodec(DNA, (*CODONS, END), 9),
            {"GC content", "net charge", "hydrophobicity", "length", "complexity", "longest run"},
        ),
    }
    rng = torch.Generator().manual_seed(0)
    for codec, names in kinds.values():
        shape = (6, len(codec.symbols), 9)
        for x in (torch.rand(shape, generator=rng), torch.full(shape, -1.0), torch.zeros(1, *shape[1:])):
            found = summaries(x, codec)
            assert set(found) == names
            for values in found.values():
                assert values.shape == (len(x), 1)
                assert values.dtype == np.float64
                assert np.isfinite(values).all()


def test_literature_of_equals_is_good_and_of_others_is_not() -> None:
    rng = np.random.default_rng(0)
    real, twin = ([*map("".join, rng.choice(list("ACGT"), (60, 40)))] for _ in range(2))
    other = [*map("".join, rng.choice(list("ACGT"), (60, 40), p=[0.6, 0.1, 0.1, 0.2]))]
    near, far = literature(real, twin), literature(real, other)
    assert near["GC W1"][0] < 0.1 < far["GC W1"][0]
    assert near["forest AUC (summary features)"][0] < 0.75 < far["forest AUC (summary features)"][0]
    assert near["unique"] == (1.0, "higher")


def test_literature_of_alignments_has_couplings() -> None:
    rows = ["AC-A", "CA-C"] * 8
    found = literature(rows, rows)
    assert found["pair couplings r"][0] > 0.999
    assert "GC W1" in found


def test_copies_are_seen() -> None:
    assert copies(["ACGT", "AAAA"], ["ACGT", "CCCC"]) == {
        "nearest identity median": 0.75 - 0.125,
        "nearest identity max": 1.0,
        "novelty": 0.5,
    }
