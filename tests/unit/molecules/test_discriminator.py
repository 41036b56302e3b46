from __future__ import annotations

import torch

from vivogan.domains.molecules.discriminator import MoleculeDiscriminator


def test_a_logit_depends_on_every_place_and_on_the_class() -> None:
    torch.manual_seed(0)
    net = MoleculeDiscriminator(8, 12, 3)
    x = torch.randn(2, 8, 12, requires_grad=True)
    y = torch.tensor([0, 1])
    logits = net(x, y)
    assert logits.shape == (2,)
    (gradient,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    assert (gradient.abs().amax(1) > 0).all()
    gradient.square().sum().backward()  # penalties differentiate again
    assert net.embed[0].weight.grad is not None
    assert not torch.equal(net(x, y.flip(0)), logits)


def test_half_precision_molecules_are_taken() -> None:
    net = MoleculeDiscriminator(8, 3, 1)
    x, y = torch.randn(4, 8, 3).half(), torch.zeros(4, dtype=torch.long)
    assert torch.equal(net(x, y), net(x.float(), y))


def test_it_learns_to_tell() -> None:
    torch.manual_seed(0)
    net = MoleculeDiscriminator(4, 6, 1, width=16)
    optimizer = torch.optim.Adam(net.parameters(), 5e-3)
    x = torch.randn(64, 4, 6).sign()
    truth = (x[:, 0, :-1] * x[:, 1, 1:]).sum(1) > 0  # neighbours decide
    y = torch.zeros(64, dtype=torch.long)
    for _ in range(80):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(net(x, y), truth.float())
        loss.backward()
        optimizer.step()
    assert ((net(x, y) > 0) == truth).float().mean() > 0.95
