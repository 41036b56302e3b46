"""The generator draws one symbol after another as its parallel form says, within the grammar of the codec."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from vivogan.core.seeds import latents
from vivogan.domains.likelihood import LikelihoodSettings, Part, learn, surprise_of
from vivogan.domains.sequences.alphabets import DNA, PROTEIN
from vivogan.domains.sequences.codec import END, SequenceCodec
from vivogan.domains.sequences.discriminator import SequenceDiscriminator
from vivogan.domains.sequences.generator import BackOff, Drawing, Parts, SequenceGenerator
from vivogan.domains.sequences.likelihood import count
from vivogan.domains.sequences.records import SequenceRecords
from vivogan.domains.sequences.recurrent import bumps
from vivogan.domains.sequences.style import Style, words
from vivogan.domains.sequences.symmetry import disturb, other_strand, strands_alike, symmetrise

PROMOTERS = SequenceCodec(DNA, tuple("ACGT"), 40)
PEPTIDES = SequenceCodec(PROTEIN, (*PROTEIN.letters, END), 12)


def sequences(n: int, length: int, seed: int = 0) -> list[str]:
    """Random DNA that is rich in A or in C, with TATA in the middle."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(n):
        shares = [0.4, 0.1, 0.2, 0.3] if i % 2 else [0.1, 0.4, 0.3, 0.2]
        letters = "".join(rng.choice(list("ACGT"), length, p=shares))
        found.append(letters[: length // 2] + "TATA" + letters[length // 2 + 4 :])
    return found


def coding() -> SequenceCodec:
    records = SequenceRecords(["ATGAAATGA", "ATGTAA"], {}, ["a", "b"], alphabet=DNA, coding=True)
    return SequenceCodec.fit(records, np.arange(2))


def built(codec: SequenceCodec, classes: int = 2, order: int = 2, styled: bool = False) -> SequenceGenerator:
    torch.manual_seed(0)
    style = Style(len(codec.symbols), codec.length, classes) if styled else None
    if style is not None:
        style.fit(codec.encoded(sequences(40, codec.length)), np.arange(40) % classes, 0)
    generator = SequenceGenerator(
        Parts(len(codec.symbols), codec.length, classes, order, 16, style), codec.follows, codec.last
    )
    for parameter in generator.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return generator.eval()


def noise(generator: SequenceGenerator, n: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(latents(seed, np.arange(n), generator.latent_dim))


CODECS = [PROMOTERS, PEPTIDES, coding()]


@pytest.mark.parametrize("codec", CODECS, ids=["fixed", "ends", "coding"])
def test_what_is_drawn_is_what_the_parallel_form_draws(codec: SequenceCodec) -> None:
    generator = built(codec)
    condition = torch.arange(30) % 2
    z = noise(generator, 30)
    gumbel, style = generator.latents(z, condition)
    x = generator.sample(gumbel, style, condition)
    again = (generator.logits(x, style, condition) + gumbel).argmax(1)
    assert torch.equal(again, x.argmax(1))


def test_a_styled_generator_too() -> None:
    generator = built(PROMOTERS, styled=True)
    condition = torch.arange(30) % 2
    gumbel, style = generator.latents(noise(generator, 30), condition)
    x = generator.sample(gumbel, style, condition)
    logits = generator.logits(x, style, condition)
    best = (logits + gumbel).argmax(1)
    assert (best == x.argmax(1)).float().mean() > 0.999  # sums in another order may tip a tie


@pytest.mark.parametrize("codec", CODECS, ids=["fixed", "ends", "coding"])
def test_what_is_drawn_keeps_the_grammar(codec: SequenceCodec) -> None:
    generator = built(codec)
    with torch.no_grad():
        made = codec.decode(generator(noise(generator, 200), torch.zeros(200, dtype=torch.long)))
    assert all(made)
    assert len({len(m) for m in made}) == (1 if codec is PROMOTERS else len({len(m) for m in made}))
    if codec.coding:
        for frame in made:
            codons = codec.split(frame)
            assert codons[0] == "ATG"
            assert codons[-1] in ("TAA", "TAG", "TGA")
            assert not set(codons[:-1]) & {"TAA", "TAG", "TGA"}


def test_the_gradient_is_that_of_the_probabilities() -> None:
    generator = built(PROMOTERS)
    x = generator(noise(generator, 8), torch.zeros(8, dtype=torch.long))
    assert set(x.detach().round(decimals=4).unique().tolist()) == {0.0, 1.0}
    x[:, 0].sum().backward()
    assert generator.profile.grad is not None
    assert generator.profile.grad[0].abs().max() > 0
    assert generator.profile.grad[1].abs().max() == 0  # of the other class


def test_a_symbol_depends_on_those_before_it_alone() -> None:
    generator = built(PROMOTERS)
    x = PROMOTERS.encoded(sequences(4, 40))
    changed = x.clone()
    changed[:, :, 20] = x[:, :, 20].roll(1, 1)
    y = torch.zeros(4, dtype=torch.long)
    before, after = generator.logits(x, None, y), generator.logits(changed, None, y)
    assert torch.allclose(before[..., :21], after[..., :21])
    assert not torch.allclose(before[..., 21:], after[..., 21:])


def test_rows_of_the_back_off_table_are_the_same_step_by_step() -> None:
    table = BackOff(4, 3)
    codes = torch.randint(4, (5, 9))
    rows = table.rows(codes)
    row = torch.full((5,), table.first)
    for place in range(9):
        assert torch.equal(rows[:, place], row)
        row = table.advance(row, codes[:, place])
    assert len({tuple(c) for c in codes[:, 3:6].tolist()}) == len(set(rows[:, 6].tolist()))


def test_a_drawing_goes_on_with_the_rows_that_are_kept() -> None:
    generator = built(PROMOTERS, styled=True)
    condition = torch.tensor([0, 1, 0])
    _, style = generator.latents(noise(generator, 3), condition)
    drawing = Drawing(generator, style, condition)
    with torch.no_grad():
        for code in (0, 1, 2):
            drawing.logits()
            drawing.take(torch.tensor([code, 3, 1]))
        drawing.keep(torch.tensor([1, 1, 0]))
        logits = drawing.logits()
    assert torch.equal(logits[0], logits[1])
    assert not torch.equal(logits[0], logits[2])
    assert torch.equal(drawing.x[0], drawing.x[1])


def test_counting_gives_the_frequencies_of_words() -> None:
    codec = SequenceCodec(DNA, tuple("ACGT"), 30)
    x = codec.encoded(["ACGT" * 7 + "AC"] * 50)
    generator = SequenceGenerator(Parts(4, 30, 1, 2, 0), codec.follows, codec.last)
    count(generator, Part(x, torch.zeros(50, dtype=torch.long)))
    made = codec.decode(generator(noise(generator, 20), torch.zeros(20, dtype=torch.long)))
    assert np.mean(["ACGTACGT" in m for m in made]) > 0.9


def test_likelihood_learns_and_keeps_what_explains_held_out_sequences() -> None:
    x = PROMOTERS.encoded(sequences(240, 40))
    y = torch.zeros(240, dtype=torch.long)
    train, held = Part(x[:200], y[:200]), Part(x[200:], y[200:])
    torch.manual_seed(0)
    generator = SequenceGenerator(Parts(4, 40, 1, 2, 16), PROMOTERS.follows, PROMOTERS.last)
    before = surprise_of(generator, held)
    counted = SequenceGenerator(Parts(4, 40, 1, 2, 16), PROMOTERS.follows, PROMOTERS.last)
    count(counted, train)
    told: list[float] = []
    settings = LikelihoodSettings(epochs=15)
    found = learn(generator, train, held, settings, 0, lambda record: told.append(record["surprise"]))
    assert before == pytest.approx(np.log(4), abs=1e-3)
    assert surprise_of(counted, held) < before
    assert found < before - 0.05
    assert found <= min(told) + 1e-6
    assert surprise_of(generator, held) == pytest.approx(found)


def test_a_style_is_measured_and_drawn_with_noise() -> None:
    x = PROMOTERS.encoded(sequences(100, 40))
    style = Style(4, 40, 2).fit(x, np.arange(100) % 2, 0)
    measured = style.measure(x)
    assert measured.shape == (100, style.size)
    assert torch.allclose(measured[:, :4], x.mean(2))
    z = torch.randn(400, style.size + 1, generator=torch.Generator().manual_seed(0))
    rich = style.draw(z, torch.ones(400, dtype=torch.long))
    poor = style.draw(z, torch.zeros(400, dtype=torch.long))
    assert rich[:, 0].mean() > poor[:, 0].mean() + 0.1
    assert rich[:, :4].sum(1).mean() == pytest.approx(1, abs=0.05)
    assert torch.cdist(rich, measured).min() > 0.1  # of no sequence is it the summary itself
    assert style.along(measured).shape == x.shape


def test_words_are_where_they_are() -> None:
    x = PROMOTERS.encoded(["ACGT" * 10])
    found = words(x, 2)
    assert found.shape == (1, 16, 39)
    assert found[0, :, 0].argmax() == 1  # AC
    assert torch.equal(found.sum(1), torch.ones(1, 39))


def test_bumps_say_where_a_place_is() -> None:
    basis = bumps(50)
    assert basis.shape[0] == 50
    assert torch.cdist(basis, basis).fill_diagonal_(9).min() > 0.05


@pytest.mark.parametrize("aligned", [False, True])
def test_the_discriminator_sees_order_and_place(aligned: bool) -> None:
    torch.manual_seed(0)
    discriminator = SequenceDiscriminator(4, 40, 2, 16, aligned)
    x = PROMOTERS.encoded(sequences(6, 40))
    y = torch.zeros(6, dtype=torch.long)
    logits = discriminator(x, y)
    assert logits.shape == (6,)
    assert not torch.allclose(logits, discriminator(x.roll(10, 2), y))
    assert not torch.allclose(logits, discriminator(x, y + 1))


def test_strands_are_alike_where_they_are() -> None:
    rng = np.random.default_rng(0)
    same = PROMOTERS.encoded(["".join(rng.choice(list("ACGT"), 40, p=[0.3, 0.2, 0.2, 0.3])) for _ in range(200)])
    assert strands_alike(same)
    assert not strands_alike(PROMOTERS.encoded(["A" * 20 + s[20:] for s in sequences(200, 40)]))
    assert PROMOTERS.decode(other_strand(PROMOTERS.encoded(["AACG" * 10]))) == ["CGTT" * 10]
    turned = symmetrise(same, torch.Generator().manual_seed(0))
    share = (turned != same).flatten(1).any(1).float().mean()
    assert 0.3 < share < 0.7


def test_disturbing_swaps_places_between_sequences() -> None:
    x = PROMOTERS.encoded(sequences(50, 40))
    found = disturb(x, 1.0, torch.Generator().manual_seed(0))
    assert torch.equal(found.sum(1), torch.ones(50, 40))
    assert 0.02 < (found.argmax(1) != x.argmax(1)).float().mean() < 0.12


def test_a_sequence_that_would_be_empty_gets_its_own_likeliest_letter() -> None:
    x = torch.zeros(2, 21, 12)
    x[:, -1] = 1
    x[0, PROTEIN.letters.index("K"), 0] = 0.4
    x[1, PROTEIN.letters.index("W"), 0] = 0.4
    assert PEPTIDES.decode(x) == ["K", "W"]
