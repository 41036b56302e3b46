from __future__ import annotations

import numpy as np
import pytest
import torch

from vivogan.core.seeds import latents
from vivogan.domains.likelihood import LikelihoodSettings, Part, learn
from vivogan.domains.molecules import autoencoder
from vivogan.domains.molecules.codec import MoleculeCodec, nearest
from vivogan.domains.molecules.generator import Drawing, MoleculeGenerator, drawn, tempered
from vivogan.domains.molecules.language import alike
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.engine.sampler import sample

SMILES = ["C" * n + end for n in range(1, 9) for end in ("O", "N", "F", "(C)C", "C1CC1")]
RECORDS = MoleculeRecords(SMILES, {}, [str(i) for i in range(len(SMILES))])
CODEC = MoleculeCodec.fit(RECORDS, np.arange(len(SMILES)), merges=4)


def generator(layers: int = 1, classes: int = 3, width: int = 32) -> MoleculeGenerator:
    torch.manual_seed(1)
    return MoleculeGenerator(CODEC, classes, width, layers)


@pytest.mark.parametrize("layers", [1, 2])
def test_what_is_drawn_step_by_step_is_what_the_logits_say(layers: int) -> None:
    net, y = generator(layers), torch.arange(60) % 3
    z = torch.randn(60, net.latent_dim, generator=torch.Generator().manual_seed(2))
    numbers = net.sample(z[:, : net.length], y)
    logits = net.logits(numbers, y)
    reached = 2 * torch.special.ndtr(z[:, : net.length].abs()) - 1
    again = drawn(logits.flatten(0, 1), reached.flatten())[0].view(numbers.shape)
    inside = net.inside(numbers)
    assert torch.equal(again[inside], numbers[inside])
    assert not numbers[~inside].any()
    assert torch.equal(nearest(net(z, y), net.codes), net.sample(z, y))


def test_tokens_come_as_often_as_they_are_likely() -> None:
    logits = 2 * torch.randn(1, 60, generator=torch.Generator().manual_seed(0))
    reached = (torch.arange(100_000) + 0.5) / 100_000
    shares = torch.bincount(drawn(logits.expand(100_000, -1), reached)[0], minlength=60) / 100_000
    assert (shares - logits.softmax(1)[0]).abs().max() < 1e-4
    assert drawn(logits, torch.ones(1))[0].shape == (1,)


def test_even_shares_draw_every_string_as_often_as_it_is_likely_and_few_twice() -> None:
    net, y = generator(classes=1), torch.zeros(4000, dtype=torch.long)
    with torch.no_grad():
        net.out.weight *= 8
    z = torch.from_numpy(latents(0, np.arange(4000), net.latent_dim))[:, : net.length]

    def drawings(numbers: torch.Tensor) -> tuple[float, torch.Tensor]:
        different = numbers.unique(dim=0)
        first = torch.bincount(numbers[:, 0], minlength=net.tokens) / len(numbers)
        return len(different) / len(numbers), first

    shares = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000
    unique_even, first_even = drawings(net.sample(z, y, shares))
    unique, first = drawings(net.sample(z, y))
    assert unique_even > unique
    expected = net.logits(torch.zeros(1, 1, dtype=torch.long), y[:1])[0, 0].softmax(0)
    assert (first_even - expected).abs().max() < 1e-3
    assert (first - expected).abs().max() < 0.05


def test_shorter_latents_draw_likelier_tokens() -> None:
    net, y = generator(), torch.zeros(400, dtype=torch.long)
    z = torch.from_numpy(latents(0, np.arange(400), net.latent_dim))

    def surprise(scale: float) -> float:
        numbers = net.sample(z * scale, y)
        return float(net.anchor(numbers, y).detach())

    assert surprise(0.3) < surprise(0.7) < surprise(1.0)


def test_a_sample_is_a_function_of_its_number() -> None:
    net = generator().eval()

    def of(rows: np.ndarray) -> torch.Tensor:
        return sample(net, 3, rows, lambda i: torch.from_numpy(i % 3))

    whole = of(np.arange(40))
    assert torch.equal(of(np.array([17, 3])), whole[[17, 3]])


def test_the_gradient_is_that_of_the_probabilities() -> None:
    net, y = generator(), torch.zeros(8, dtype=torch.long)
    z = torch.randn(8, net.latent_dim)
    weights = torch.randn(net.codes.shape[1], net.length)
    x = net(z, y)
    (x * weights).sum().backward()
    found = net.out.weight.grad.clone()
    net.zero_grad()
    numbers = net.sample(z, y)
    meant = (net.logits(numbers, y).softmax(2) @ net.codes).transpose(1, 2)
    ((meant * weights) * net.inside(numbers)[:, None]).sum().backward()
    assert found.abs().max() > 0
    assert torch.allclose(found, net.out.weight.grad, rtol=1e-2, atol=1e-4)


def test_likelihood_is_learned_and_sampled() -> None:
    net = generator(classes=1, width=64)
    x = CODEC.numbered(SMILES).long()
    part = Part(x, torch.zeros(len(x), dtype=torch.long))
    before = float(net.anchor(part.x, part.y).detach())
    lengths = (x != 0).sum(1).numpy()
    after = learn(
        net, part, part, LikelihoodSettings(epochs=40, batch=20, rate=1e-2), 0, deal=lambda o, n: alike(lengths, o, n)
    )
    assert after < 0.5 * before
    made = CODEC.decode(net(torch.randn(300, net.latent_dim), torch.zeros(300, dtype=torch.long)))
    assert np.mean([text in set(CODEC.decode(CODEC.points(x))) for text in made]) > 0.6
    assert len(set(made)) > 15


def test_drawing_keeps_rows() -> None:
    net = generator(2)
    drawing = Drawing.begin(net, torch.tensor([0, 1, 2])).take(torch.tensor([1, 2, 3]))
    rows = torch.tensor([2, 2, 0])
    assert torch.equal(drawing.keep(rows).logits(), drawing.logits()[rows])


def test_batches_hold_every_row_once_and_are_alike() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 30, 1000)
    batches = alike(lengths, rng.permutation(1000), 32)
    assert len(batches) == 32
    assert sorted(np.concatenate(batches).tolist()) == list(range(1000))
    assert np.mean([np.ptp(lengths[rows]) for rows in batches]) < 10


def test_strings_that_are_no_molecule_are_drawn_again() -> None:
    codec = MoleculeCodec.fit(RECORDS, np.arange(len(SMILES)), "smiles")
    torch.manual_seed(3)
    net = MoleculeGenerator(codec, 1, 16).eval()
    y = torch.zeros(300, dtype=torch.long)
    z = torch.randn(300, net.latent_dim)
    many = net.codec.decode(net(z, y))
    net.attempts = 1
    once = net.codec.decode(net(z[:, : net.latent_dim], y))
    valid = np.array([text != "" for text in once])
    assert 0.05 < valid.mean() < 0.79
    assert np.mean([text != "" for text in many]) > 0.95
    assert [a for a, right in zip(many, valid, strict=True) if right] == [
        a for a in once if a
    ]  # those stay as they are


def test_a_temperature_flattens_all_but_the_end() -> None:
    logits = 2 * torch.randn(5, 20, generator=torch.Generator().manual_seed(0))
    before, after = logits.softmax(1), tempered(logits, 1.5).softmax(1)
    assert torch.allclose(after[:, 0], before[:, 0], atol=1e-5)
    assert torch.allclose(after.sum(1), torch.ones(5))

    def entropy(shares: torch.Tensor) -> torch.Tensor:
        rest = shares[:, 1:] / shares[:, 1:].sum(1, keepdim=True)
        return -(rest * rest.log()).sum(1)

    assert (entropy(after) > entropy(before)).all()
    assert tempered(logits, 1.0) is logits


def test_a_molecule_goes_on_to_its_first_end_however_large_its_numbers() -> None:
    numbers = torch.tensor([[300, 299, 512, 400, 256, 128, 64, 32, 16, 8, 4, 2, 0, 7, 0], [0] * 15])
    wanted = [[True] * 13 + [False] * 2, [True] + [False] * 14]
    assert MoleculeGenerator.inside(None, numbers).tolist() == wanted  # type: ignore[arg-type]
    assert autoencoder._inside(numbers).tolist() == wanted
