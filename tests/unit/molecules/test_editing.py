"""Neighbours, paths and directions are of molecules, sorted as they say, and refused where there is no latent space."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from rdkit import Chem

from vivogan.domains.likelihood import LikelihoodSettings
from vivogan.domains.molecules.chemistry import molecule
from vivogan.domains.molecules.editing import Variants, arc, direction, edit, interpolate, neighbourhood
from vivogan.domains.molecules.latent import LatentCodec
from vivogan.domains.molecules.latent_plan import LatentSettings
from vivogan.domains.molecules.properties import properties
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.errors import UserError

ENDS, MIDDLES = ("C", "N", "O", "F", "CC", "C#C", "C=C"), ("CC", "CCC", "CCCC", "C(=O)C", "CNC", "COC", "C1CC1", "CC=C")


@cache
def run() -> Any:
    """What editing needs of a run, learned from chains."""
    smiles = {Chem.CanonSmiles(f"{a}{b}{c}") for a in ENDS for b in MIDDLES for c in ENDS}
    own = sorted(smiles)
    potency = np.array([f"{text.count('N')}" if i % 10 else "" for i, text in enumerate(own)], dtype=np.str_)
    dose = {"potency": potency, "toxicity": potency, "same": np.full(len(own), "1.0")}
    records = MoleculeRecords(own, dose, [str(i) for i in range(len(own))])
    train = np.arange(len(own))
    plan: Any = SimpleNamespace(
        latent=LatentSettings(merges=0, size=12, width=48, noise=0.5),
        likelihood=LikelihoodSettings(epochs=40, batch=32, rate=1e-2),
    )
    return SimpleNamespace(
        codec=LatentCodec.fit(records, train, plan, 0),
        domain=SimpleNamespace(read=lambda source, options: records),
        config=SimpleNamespace(source="molecules.csv", read={}),
        split=SimpleNamespace(train=train),
        folder=SimpleNamespace(path="runs/molecules"),
    )


def is_table(found: Variants) -> None:
    assert all(len(column) == len(found) for column in found.columns.values())
    assert len(set(found.smiles)) == len(found)
    assert all(molecule(text) is not None for text in found.smiles)


def test_neighbours_are_different_molecules_most_alike_first() -> None:
    found = neighbourhood(run(), "CCCO", n=10, seed=1)
    is_table(found)
    assert len(found) == 10
    assert "CCCO" not in found.smiles
    assert (np.diff(found.columns["similarity"]) <= 0).all()
    assert neighbourhood(run(), "OCCC", n=10, seed=1).smiles == found.smiles
    assert neighbourhood(run(), "CCCO", n=10, seed=2).smiles != found.smiles


def test_a_smaller_radius_stays_nearer() -> None:
    near, far = (neighbourhood(run(), "CCCO", n=40, radius=radius) for radius in (0.3, 3.0))
    assert len(near) < len(far) == 40
    assert near.columns["distance"].max() < far.columns["distance"].max()


def test_a_path_goes_from_one_to_the_other() -> None:
    found = interpolate(run(), "CCCO", "FCCNCF", steps=6)
    is_table(found)
    assert (found.smiles[0], found.smiles[-1]) == ("CCCO", "FCCNCF")
    assert 3 <= len(found) <= 6
    assert (np.diff(found.columns["place"]) > 0).all()
    assert found.columns["similarity_a"][0] == found.columns["similarity_b"][-1] == 1
    assert found.columns["similarity_a"][-1] < 1


def test_two_steps_are_the_ends() -> None:
    assert interpolate(run(), "CCCO", "CCCN", steps=2).smiles == ["CCCO", "CCCN"]


def test_the_arc_keeps_its_distance_and_its_ends() -> None:
    a, b = torch.tensor([3.0, 0.0, 0.0]), torch.tensor([0.0, 0.0, 3.0])
    points = arc(a, b, torch.linspace(0, 1, 5))
    assert torch.allclose(points.norm(dim=1), torch.full((5,), 3.0), atol=1e-4)
    assert torch.allclose(points[[0, -1]], torch.stack([a, b]), atol=1e-4)


@pytest.mark.parametrize(("start", "strength"), [("CCCCCO", 5.0), ("CCCCCCCC", -5.0)])
def test_an_edit_moves_the_property(start: str, strength: float) -> None:
    found = edit(run(), start, "heavy_atoms", strength=strength, steps=8)
    is_table(found)
    atoms = found.columns["heavy_atoms"]
    assert found.smiles[0] == start
    assert atoms.tolist() == properties(found.smiles, ["heavy_atoms"])[:, 0].tolist()
    assert (np.diff(found.columns["strength"]) * strength >= 0).all()
    assert float(found.summary["fit"]) > 0.3
    assert float(found.summary["spearman"]) > 0.3
    assert (atoms[-1] - atoms[0]) * strength > 0


def test_a_label_column_has_a_direction() -> None:
    found = direction(run(), "potency")
    assert float(found.step.norm()) == pytest.approx(1, abs=1e-4)
    assert found.fit > 0.2
    made = edit(run(), "CCCCCO", "potency", strength=2.0)
    assert "potency" in made.columns
    assert made.columns["potency"][-1] > made.columns["potency"][0]


def test_toxicity_is_lowered_only() -> None:
    with pytest.raises(UserError, match="toxicity"):
        edit(run(), "CCCO", "toxicity", strength=1.0)
    assert len(edit(run(), "CCCO", "toxicity", strength=-1.0))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda r: neighbourhood(r, "not a molecule"), "no molecule"),
        (lambda r: neighbourhood(r, "CCCO", radius=0), "radius above 0"),
        (lambda r: neighbourhood(r, "CC[Se]C"), "never seen"),
        (lambda r: interpolate(r, "CCCO", "C(", 5), "no molecule"),
        (lambda r: interpolate(r, "CCCO", "CCC", 1), "two molecules"),
        (lambda r: edit(r, "CCCO", "colour"), "Give one of qed"),
        (lambda r: edit(r, "CCCO", "same"), "all the same"),
    ],
)
def test_what_cannot_be_done_is_said(call: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        call(run())


def test_runs_of_other_models_have_no_latent_space() -> None:
    other: Any = SimpleNamespace(codec=object(), folder=SimpleNamespace(path="runs/a"))
    with pytest.raises(UserError, match="--model latent"):
        neighbourhood(other, "CCO")
