from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vivogan.core.budget import Budget
from vivogan.domains.base import Start
from vivogan.domains.molecules.domain import DOMAIN
from vivogan.domains.molecules.language import more
from vivogan.domains.molecules.models import MODELS, named
from vivogan.domains.molecules.plan import MoleculePlan
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.errors import DamagedRun

SMILES = ["C" * n + end for n in range(1, 11) for end in ("O", "N", "F", "Cl", "(C)C", "c1ccccc1")]


def records(smiles: list[str] = SMILES) -> MoleculeRecords:
    return MoleculeRecords(
        smiles, {"kind": np.array(["a", "b"] * (len(smiles) // 2))}, [str(i) for i in range(len(smiles))]
    )


def test_the_plan_is_that_of_the_chosen_model() -> None:
    fingerprint = {"count": 100_000, "classes": {}, "heavy_atoms": {"min": 1, "median": 9, "max": 9}}
    for name in MODELS:
        plan = DOMAIN.plan(fingerprint, Budget.parse("5k"), "cpu", MoleculePlan(model=name))  # type: ignore[arg-type]
        assert plan.model == name
        assert plan.game.samples == 5000
    assert DOMAIN.plan(fingerprint, Budget.parse("5k"), "cpu").model == "language"


def test_a_codec_names_its_model() -> None:
    plan = MoleculePlan(language=MoleculePlan().language.model_copy(update={"merges": 3}))
    codec = DOMAIN.fit_codec(records(), np.arange(60), plan)
    tensors, state = codec.state()
    assert named(state) == "language"
    again = DOMAIN.load_codec(tensors, state)
    assert torch.equal(again.encode(records(), np.arange(60)), codec.encode(records(), np.arange(60)))
    with pytest.raises(DamagedRun):
        DOMAIN.load_codec(tensors, {"model": "transformer"})


def test_an_augmentation_hides_whole_places() -> None:
    x = torch.ones(50, 3, 20)
    moved = DOMAIN.augment(x, 1.0, torch.Generator().manual_seed(0))
    assert 0.6 < moved.mean() < 0.8
    assert torch.equal(moved[:, 0], moved[:, 2])
    assert torch.equal(DOMAIN.augment(x, 0.0, torch.Generator()), x)
    assert DOMAIN.augment(x[:, 0], 0.5, torch.Generator()).shape == (50, 20)


def test_other_molecules_are_learned_first(tmp_path: Path) -> None:
    path = tmp_path / "many.smi"
    path.write_text("\n".join(f"{'C' * n}Br b{n}" for n in range(1, 40)))
    assert len(more(str(path))) == 39
    assert more(None) == ()
    own = MoleculePlan().language.model_copy(
        update={"merges": 0, "width": 32, "pretrain": str(path), "pretrain_epochs": 150, "notation": "selfies"}
    )
    learning = MoleculePlan().likelihood.model_copy(update={"epochs": 0, "batch": 8, "rate": 2e-2})
    plan = MoleculePlan(language=own, likelihood=learning)
    model = MODELS["language"]
    codec = model.fit_codec(records(), np.arange(60), plan, 0)
    assert "[Br]" in codec.symbols  # type: ignore[attr-defined]
    torch.manual_seed(0)
    generator, _ = model.networks(codec, 2, plan)
    x, y = codec.encode(records(), np.arange(60)), np.arange(60) % 2
    said: list[str] = []
    part = Start(x, y, x, y, plan, 0, lambda record: said.append(record["text"]), lambda: False)
    assert model.start(generator, part)
    assert all("other molecules" in text for text in said)
    made = codec.decode(generator.eval()(torch.randn(50, generator.latent_dim), torch.arange(50) % 2))  # type: ignore[call-overload]
    assert np.mean(["Br" in text for text in made]) > 0.5


def test_few_molecules_are_learned_in_many_orders() -> None:
    model = MODELS["language"]
    plan = model.adapt(MoleculePlan(), {"count": 60})
    own = plan.language.model_copy(update={"width": 32, "variants": 3})
    plan = plan.model_copy(
        update={"language": own, "likelihood": plan.likelihood.model_copy(update={"epochs": 1, "batch": 30})}
    )
    codec = model.fit_codec(records(), np.arange(60), plan, 0)
    generator, _ = model.networks(codec, 2, plan)
    x, y = codec.encode(records(), np.arange(60)), np.arange(60) % 2
    seen: list[int] = []
    anchor = generator.anchor

    def counted(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        if torch.is_grad_enabled():
            seen.append(len(x))
        return anchor(x, y)  # type: ignore[operator, no-any-return]

    generator.anchor = counted  # type: ignore[assignment]
    model.start(generator, Start(x, y, x, y, plan, 0, lambda record: None, lambda: False))
    assert sum(seen) == 3 * 60
