"""A template's letters stay where they are; the rest fits around them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.unit.sequences.test_generator import CODECS, PEPTIDES, PROMOTERS, built, coding
from vivogan.domains.likelihood import Part
from vivogan.domains.sequences.alphabets import DNA
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.generator import Parts, SequenceGenerator
from vivogan.domains.sequences.infill import allowed, complete
from vivogan.domains.sequences.likelihood import count
from vivogan.errors import UserError

NOBODY = np.zeros(6, np.intp)


@pytest.mark.parametrize(("codec", "template"), [
    (CODECS[0], "N" * 10 + "TATAAA" + "N" * 14 + "RYWS" + "N" * 6),
    (CODECS[1], "XXKXXWWX"),
    (CODECS[2], "NNNAARNNN"),
], ids=["fixed", "ends", "coding"])  # fmt: skip
def test_every_given_letter_is_kept(codec: SequenceCodec, template: str) -> None:
    generator = built(codec)
    x = complete(generator, allowed(template, codec), NOBODY, 0, np.arange(6), 4)
    stands = codec.alphabet.ambiguous
    for made in codec.decode(x):
        assert len(made) == len(template)
        assert all(a == b or a in stands[b] for a, b in zip(made, template, strict=True))
    assert len(set(codec.decode(x))) > 1


def test_a_completion_is_its_number() -> None:
    generator, may = built(PROMOTERS, styled=True), allowed("N" * 20 + "TATA" + "N" * 16, PROMOTERS)
    all_ = complete(generator, may, NOBODY, 0, np.arange(6), 4)
    some = complete(generator, may, NOBODY[:2], 0, np.arange(3, 5), 4)
    assert PROMOTERS.decode(all_)[3:5] == PROMOTERS.decode(some)
    other = complete(generator, may, NOBODY, 1, np.arange(6), 4)
    assert not torch.equal(all_, other)


def test_what_comes_before_fits_what_is_given_after() -> None:
    codec = SequenceCodec(DNA, tuple("ACGT"), 20)
    train = ["A" * 10 + "T" * 10] * 30 + ["C" * 10 + "G" * 10] * 30
    generator = SequenceGenerator(Parts(4, 20, 1, 3, 0), codec.follows, codec.last)
    count(generator, Part(codec.encoded(train), torch.zeros(60, dtype=torch.long)), 0.0)
    x = complete(generator, allowed("N" * 10 + "G" * 10, codec), np.zeros(40, np.intp), 0, np.arange(40))
    starts = [made[:10].count("C") for made in codec.decode(x)]
    assert np.mean(np.array(starts) >= 8) > 0.8  # without looking ahead it would be half


@pytest.mark.parametrize(("codec", "template", "message"), [
    (PROMOTERS, "NNNN", "makes sequences of 40"),
    (PROMOTERS, "N" * 39 + "!", "letter 40"),
    (PEPTIDES, "X" * 13, "at most 12"),
    (coding(), "NNNN", "whole codons"),
])  # fmt: skip
def test_templates_that_do_not_fit_are_refused_in_one_line(codec: SequenceCodec, template: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        allowed(template, codec)
    assert "\n" not in str(caught.value)
