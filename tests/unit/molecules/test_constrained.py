from __future__ import annotations

import numpy as np
import pytest
import torch

from vivogan.domains.classes import Classes
from vivogan.domains.molecules import constrained
from vivogan.domains.molecules.chemistry import canonical, molecule
from vivogan.domains.molecules.codec import MoleculeCodec
from vivogan.domains.molecules.generator import MoleculeGenerator
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.errors import UserError

MADE = [
    "CC(=O)Nc1ccc(O)cc1", "CC(=O)Oc1ccccc1C(=O)O", "CN1CCN(c2ccccc2)CC1", "Cc1ccc(S(N)(=O)=O)cc1", "OCC1CCNCC1",
    "FC(F)(F)c1ccc(Cl)nc1", "COc1ccc2[nH]ccc2c1", "CCN(CC)C(=O)c1cccnc1", "Clc1ccc(CN2CCOCC2)cc1", "CCOC(=O)c1ccccc1",
]  # fmt: skip


class FakeRun:
    """A run that always makes the same molecules."""

    def __init__(self) -> None:
        records = MoleculeRecords(MADE, {}, [str(i) for i in range(len(MADE))])
        torch.manual_seed(0)
        self.generator = MoleculeGenerator(MoleculeCodec.fit(records, np.arange(len(MADE))), 1, 16)

    def generate(self, n: int, where: dict[str, str] | None = None, seed: int = 0) -> MoleculeRecords:
        self.asked = where
        return MoleculeRecords(MADE, {}, [str(i) for i in range(len(MADE))])


RUN = FakeRun()


@pytest.mark.parametrize("scaffold", ["c1cc([*])cnc1[*]", "O=C1CCc2ccccc2N1"])
def test_every_molecule_holds_the_scaffold(scaffold: str) -> None:
    found = constrained.constrained(RUN, 12, scaffold=scaffold)  # type: ignore[arg-type]
    query = molecule(scaffold.replace("([*])", "").replace("[*]", ""))
    assert len(set(found.smiles)) == len(found.smiles) == 12
    for text in found.smiles:
        mol = molecule(text)
        assert mol.HasSubstructMatch(query)
        assert mol.GetNumHeavyAtoms() > query.GetNumHeavyAtoms()
        assert text == canonical(mol)
        assert "*" not in text


def test_marked_points_are_all_taken() -> None:
    found = constrained.constrained(RUN, 8, scaffold="c1c([*])cncc1[*]")  # type: ignore[arg-type]
    query = molecule("c1c(C)cncc1C")
    for atom in query.GetAtoms():
        assert atom.GetAtomicNum() in (6, 7)
    from rdkit import Chem

    query = Chem.MolFromSmarts("c1c([!#1])cncc1[!#1]")
    assert all(molecule(text).HasSubstructMatch(query) for text in found.smiles)


def test_every_molecule_holds_the_substructure() -> None:
    from rdkit import Chem

    found = constrained.constrained(RUN, 10, substructure="C(=O)[NX3]")  # type: ignore[arg-type]
    query = Chem.MolFromSmarts("C(=O)[NX3]")
    assert len(set(found.smiles)) == 10
    assert all(molecule(text).HasSubstructMatch(query) for text in found.smiles)
    assert set(found.smiles) - set(MADE)


def test_the_same_seed_makes_the_same_molecules() -> None:
    one, other, third = (
        constrained.constrained(RUN, 6, scaffold="c1ccc([*])cc1", seed=seed).smiles  # type: ignore[arg-type]
        for seed in (1, 1, 2)
    )
    assert one == other != third


@pytest.mark.parametrize(
    "wish", [{}, {"scaffold": "c1cc", "substructure": None}, {"substructure": "C("}, {"substructure": "[Fe,Co]~[Pt]"}]
)
def test_what_cannot_be_read_or_built_is_refused(wish: dict[str, str]) -> None:
    with pytest.raises(UserError):
        constrained.constrained(RUN, 5, **wish)  # type: ignore[arg-type]


def test_pieces_join_to_what_they_were_cut_from() -> None:
    pieces = constrained.cut("CC(=O)Nc1ccc(O)cc1")
    assert ((6, True), "*NC(C)=O") in pieces
    assert ((6, True), "*O") in pieces
    core = molecule("*c1ccc(*)cc1")
    assert constrained.joined(core, ["*O", "*NC(C)=O"]) == "CC(=O)Nc1ccc(O)cc1"
    assert constrained.joined(core, ["*O", "*[*]"]) is None


def test_likelihood_of_strings_is_the_sum_over_their_tokens() -> None:
    net = RUN.generator
    smiles = MADE[:3]
    found = constrained.log_likelihood(net, smiles)
    numbers = net.codec.numbered(smiles).long()
    places = net.inside(numbers).sum(1).numpy()
    mean = -float(net.anchor(numbers, torch.zeros(3, dtype=torch.long)).detach())
    assert found.sum() / places.sum() == pytest.approx(mean, rel=1e-2)


def test_the_class_that_was_asked_for_is_where_it_looks() -> None:
    run = FakeRun()
    run.classes = Classes("kind", ("acid", "base"), (5, 5))  # type: ignore[attr-defined]
    run.generator = MoleculeGenerator(run.generator.codec, 2, 16)
    found = constrained.constrained(run, 5, scaffold="c1ccncc1[*]", where={"kind": "base"})  # type: ignore[arg-type]
    assert run.asked == {"kind": "base"}
    assert found.labels["kind"].tolist() == ["base"] * 5
