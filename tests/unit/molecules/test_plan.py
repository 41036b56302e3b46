from __future__ import annotations

from vivogan.core.budget import Budget
from vivogan.core.configuration import override
from vivogan.domains.molecules.models import MODELS
from vivogan.domains.molecules.plan import GAME, MoleculePlan, lengths


def test_samples_are_those_of_the_game_and_more_for_the_likelihood() -> None:
    plan = lengths(MoleculePlan(), {"count": 100_000}, Budget.parse("70k"), lambda: 1 / 0)
    assert plan.game.samples == 70_000
    assert plan.likelihood.epochs == 8
    assert plan.likelihood.seconds is None


def test_a_time_goes_to_the_likelihood_first() -> None:
    plan = lengths(MoleculePlan(), {"count": 100_000}, Budget.parse("100s"), lambda: 50.0)
    assert plan.likelihood.seconds == 85
    assert plan.game.samples == 500
    tiny = lengths(MoleculePlan(), {"count": 100_000}, Budget.parse("1s"), lambda: 1.0)
    assert tiny.game.samples == tiny.game.tick == GAME.batch


def test_rare_classes_are_dealt_more_often() -> None:
    for counts, balance in (({"a": 100, "b": 90}, 0.0), ({"a": 100, "b": 5}, 1.0), ({}, 0.0)):
        plan = lengths(MoleculePlan(), {"count": 200, "classes": counts}, Budget.parse("1k"), lambda: 1.0)
        assert plan.game.balance == balance


def test_few_molecules_get_a_smaller_model_and_more_orders() -> None:
    few, many = (MODELS["language"].adapt(MoleculePlan(), {"count": count}) for count in (500, 100_000))
    assert few.language.width < many.language.width
    assert few.language.variants > many.language.variants == 1
    assert few.language.dropout > 0


def test_every_setting_can_be_overridden() -> None:
    plan = override(MoleculePlan(), ["language.merges=7", "likelihood.epochs=3", "model=latent"])
    assert (plan.language.merges, plan.likelihood.epochs, plan.model) == (7, 3, "latent")
