"""Graphs of small molecules: exact both ways, honest about what is none, and seen alike in every order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from rdkit import Chem
from torch import Tensor

from vivogan.core.seeds import latents
from vivogan.domains.base import Start
from vivogan.domains.likelihood import LikelihoodSettings
from vivogan.domains.molecules.graph import Graph, GraphGenerator
from vivogan.domains.molecules.graph_codec import BONDS, GraphCodec, unpacked
from vivogan.domains.molecules.latent_plan import GRAPH_GAME, GRAPH_LIKELIHOOD, GraphSettings
from vivogan.domains.molecules.plan import MoleculePlan
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.domains.molecules.relational import GraphDiscriminator
from vivogan.errors import DamagedRun, UserError

SMALL = [
    "CCO",
    "c1ccncc1",
    "C#N",
    "CC(=O)N",
    "C1CC1F",
    "[NH3+]CC(=O)[O-]",
    "C",
    "OC1=CC=CC=C1",
    "N#CC1CO1",
    "c1cc[nH]c1",
]
LARGE = "CCCCCCCCCCCC"


def records(smiles: list[str]) -> MoleculeRecords:
    own = [Chem.MolToSmiles(Chem.MolFromSmiles(text)) for text in smiles]
    return MoleculeRecords(own, {}, [str(i) for i in range(len(own))])


def fitted(smiles: list[str] = SMALL) -> GraphCodec:
    return GraphCodec.fit(records(smiles), np.arange(len(smiles)))


def built(codec: GraphCodec) -> tuple[GraphGenerator, GraphDiscriminator]:
    torch.manual_seed(0)
    own = GraphSettings(generator_width=16, discriminator_width=8)
    generator = GraphGenerator(codec.atoms, len(codec.kinds) + 1, 2, own.latent, own.generator_width)
    return generator, GraphDiscriminator(codec.valences, 2, own.discriminator_width)


def graph(codec: GraphCodec, kinds: list[str], bonds: dict[tuple[int, int], int]) -> Tensor:
    names = [("", 0), *codec.kinds]
    nodes = torch.zeros(1, codec.atoms, dtype=torch.long)
    edges = torch.zeros(1, codec.atoms, codec.atoms, dtype=torch.long)
    for place, kind in enumerate(kinds):
        nodes[0, place] = names.index((kind, 0))
    for (i, j), bond in bonds.items():
        edges[0, i, j] = edges[0, j, i] = bond
    return codec.packed(nodes, edges)


def test_molecules_are_decoded_as_they_were_encoded() -> None:
    codec, own = fitted(), records(SMALL)
    x = codec.encode(own, np.arange(len(SMALL)))
    assert x.shape == (len(SMALL), codec.atoms, codec.width)
    assert x.dtype == torch.float32
    assert codec.decode(x) == own.smiles
    assert codec.decode(x.float()) == own.smiles


def test_atoms_that_bond_too_often_are_no_molecule() -> None:
    codec = fitted()
    crowded = graph(codec, ["C", "O", "O", "O"], {(0, 1): 2, (0, 2): 2, (0, 3): 2})
    assert codec.decode(crowded) == [""]
    assert codec.largest(crowded) == [""]
    assert codec.decode(graph(codec, [], {})) == [""]


def test_two_pieces_are_no_molecule_and_the_larger_is_offered_by_another_name() -> None:
    codec = fitted()
    pieces = graph(codec, ["C", "C", "O", "N"], {(0, 1): 1, (1, 2): 1})
    assert codec.decode(pieces) == [""]
    assert codec.largest(pieces) == ["CCO"]


def test_many_large_molecules_are_refused_and_few_left_out() -> None:
    with pytest.raises(UserError, match=r"more than 9 heavy atoms.*--model latent"):
        fitted([*SMALL, LARGE])
    many = [*SMALL * 3, LARGE]
    codec = fitted(many)
    assert codec.left_out == 1
    x = codec.encode(records(many), np.array([0, 30, 1]))
    assert codec.decode(x) == [records(SMALL).smiles[i] for i in (0, 1, 1)]
    assert codec.decode(codec.encode(records(many), np.array([30]))) == [""]
    assert codec.decode(codec.encoded(["CCO", "", "C"])) == ["CCO", "", "C"]  # nothing stands in for no molecule


def test_usual_molecules_that_are_too_large_are_refused_before_reading_on() -> None:
    with pytest.raises(UserError, match="up to 9 heavy atoms"):
        Graph().adapt(MoleculePlan(), {"heavy_atoms": {"median": 22}})
    adapted = Graph().adapt(MoleculePlan(), {"heavy_atoms": {"median": 9}})
    assert adapted.game == GRAPH_GAME
    assert adapted.likelihood == GRAPH_LIKELIHOOD


def test_the_codec_is_the_same_after_keeping() -> None:
    codec = fitted()
    assert Graph().load_codec(*codec.state()) == codec
    assert codec.state()[1]["model"] == "graph"
    with pytest.raises(DamagedRun):
        Graph().load_codec(codec.state()[0], {"model": "graph"})


def test_generated_graphs_are_symmetric_one_hot_and_without_loops() -> None:
    codec = fitted()
    generator, _ = built(codec)
    z = torch.from_numpy(latents(0, np.arange(32), generator.latent_dim))
    for layer in (generator.nodes, generator.bonds):
        layer.weight.data *= 30  # before it has learned, all of its graphs are alike
    x = generator(z, torch.arange(32) % 2)
    nodes, bonds = unpacked(x, len(codec.kinds) + 1)
    hard_nodes, hard_bonds = nodes.round(), bonds.round()
    assert torch.allclose(x, torch.cat([hard_nodes, hard_bonds.flatten(2)], 2), atol=1e-5)
    assert (hard_nodes.sum(2) == 1).all()
    assert (hard_bonds.sum(3) == 1).all()
    assert torch.equal(hard_bonds, hard_bonds.transpose(1, 2))
    assert (hard_bonds[:, range(codec.atoms), range(codec.atoms), 0] == 1).all()
    gone = hard_nodes[..., 0] == 1
    assert (hard_bonds[gone][..., 0] == 1).all()
    assert gone.any()
    assert not gone.all()


def test_gradients_reach_atoms_and_bonds() -> None:
    codec = fitted()
    generator, discriminator = built(codec)
    z = torch.randn(16, generator.latent_dim)
    discriminator(generator(z, torch.zeros(16).long()), torch.zeros(16).long()).sum().backward()
    for layer in (generator.nodes, generator.bonds):
        assert layer.weight.grad is not None
        assert float(layer.weight.grad.abs().sum()) > 0


def test_before_the_game_graphs_become_like_those_of_the_data() -> None:
    codec = fitted()
    x = codec.encode(records(SMALL), np.arange(len(SMALL)))
    y = np.zeros(len(SMALL), np.intp)
    plan = MoleculePlan(likelihood=LikelihoodSettings(epochs=300, batch=10, rate=1e-2))
    generator, _ = built(codec)
    z = torch.from_numpy(latents(0, np.arange(256), generator.latent_dim))

    def known() -> float:
        with torch.no_grad():
            made = codec.decode(generator(z, torch.zeros(256).long()))
        return float(np.mean([text in records(SMALL).smiles for text in made]))

    before = known()
    assert Graph().start(generator, Start(x, y, x, y, plan, 0, lambda record: None, lambda: False))
    assert known() > before + 0.1


def test_the_order_of_the_atoms_makes_no_difference_to_the_discriminator() -> None:
    codec = fitted()
    _, discriminator = built(codec)
    x = codec.encode(records(SMALL), np.arange(8)).float()
    order = torch.randperm(codec.atoms, generator=torch.Generator().manual_seed(1))
    nodes, bonds = unpacked(x, len(codec.kinds) + 1)
    moved = torch.cat([nodes[:, order], bonds[:, order][:, :, order].flatten(2)], 2)
    assert not torch.equal(moved, x)
    y = torch.zeros(8).long()
    assert torch.allclose(discriminator(moved, y), discriminator(x, y), atol=1e-4)


def counted(codec: GraphCodec, x: Tensor) -> tuple[Any, Any]:
    _, discriminator = built(codec)
    nodes, bonds = unpacked(x.float(), len(codec.kinds) + 1)
    return discriminator._counted(nodes, bonds[..., 1:].permute(0, 3, 1, 2), 1 - nodes[..., 0])


def test_rings_and_pieces_are_told_apart_though_every_atom_has_two_neighbours() -> None:
    codec = fitted()
    six = {(i, (i + 1) % 6): 1 for i in range(6)}
    two = {(0, 1): 1, (1, 2): 1, (0, 2): 1, (3, 4): 1, (4, 5): 1, (3, 5): 1}
    one_ring, two_rings = (counted(codec, graph(codec, ["C"] * 6, bonds)) for bonds in (six, two))
    assert torch.equal(one_ring[0][..., 0], two_rings[0][..., 0])  # degrees
    assert [float(found[1][0, 1]) for found in (one_ring, two_rings)] == pytest.approx([1, 2], abs=0.05)  # pieces
    triangles = 2 * torch.expm1(two_rings[0][0, :6, 3])  # closed walks of length 3: two round each triangle
    assert triangles.numpy() == pytest.approx(2, abs=1e-4)
    assert float(one_ring[0][..., 3].abs().max()) == pytest.approx(0, abs=1e-6)


def test_bonds_above_what_training_showed_are_seen() -> None:
    codec = fitted()
    fine = counted(codec, graph(codec, ["C", "O"], {(0, 1): 2}))
    much = counted(codec, graph(codec, ["C", "O"], {(0, 1): 3}))
    assert float(fine[0][..., 2].sum()) == 0
    assert float(much[0][..., 2].sum()) == 1


def test_bonds_are_numbered_by_their_order() -> None:
    assert [int(bond) for bond in BONDS[1:]] == [1, 2, 3]
