"""A plan follows from the data set and the budget."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vivogan.core.budget import Budget
from vivogan.domains.expression.codec import ExpressionCodec
from vivogan.domains.expression.components import Components
from vivogan.domains.expression.domain import DOMAIN
from vivogan.domains.expression.plan import ExpressionPlan, networks, plan_for


def fingerprint(count: int = 4000, genes: int = 500, classes: dict[str, int] | None = None) -> dict[str, object]:
    return {"count": count, "modelled": genes, "classes": {"a": count} if classes is None else classes}


def test_samples_are_taken_as_they_are() -> None:
    plan = plan_for(fingerprint(), Budget.parse("60k"), "cpu")
    assert plan.game.samples == 60_000
    assert plan.game.balance == 0
    assert plan.likelihood.epochs == ExpressionPlan().likelihood.epochs
    assert plan.likelihood.seconds is None
    assert plan_for(fingerprint(), Budget.parse("640"), "cpu").likelihood.epochs == 3


def test_few_cells_or_genes_get_few_factors_and_rare_types_are_balanced() -> None:
    assert plan_for(fingerprint(200), Budget.parse("1k"), "cpu").factors == 8
    assert plan_for(fingerprint(genes=10), Budget.parse("1k"), "cpu").factors == 5
    assert plan_for(fingerprint(classes={"a": 100, "b": 10}), Budget.parse("1k"), "cpu").game.balance == 1
    asked = ExpressionPlan(factors=3)
    assert plan_for(fingerprint(), Budget.parse("1k"), "cpu", asked).factors == 3


def test_a_time_is_shared_by_likelihood_and_game() -> None:
    plan = plan_for(fingerprint(genes=40), Budget.parse("20s"), "cpu")
    assert plan.likelihood.seconds == pytest.approx(10)
    assert plan.game.samples >= plan.game.batch
    long = plan_for(fingerprint(100, genes=40), Budget.parse("8h"), "cpu")
    assert long.game.samples == 15 * 70


def test_networks_fit_the_codec() -> None:
    x = torch.poisson(torch.rand(50, 30) * 5)
    codec = ExpressionCodec([f"g{i}" for i in range(30)], 50, Components.fit(x))
    generator, discriminator = networks(codec, 4, ExpressionPlan(factors=6))
    generator.factors.keep(torch.randn(50, 6), torch.ones(50, 6), torch.full((50,), 4.0), torch.arange(50) % 4, 0)
    condition = torch.arange(8) % 4
    made = generator(torch.randn(8, generator.latent_dim), condition)
    assert made.shape == (8, 30)
    assert discriminator(made, condition).shape == (8,)
    decoded = codec.decode(made)
    like = {"fingerprint": {"modelled": 30, "sha256": "0"}}
    records = DOMAIN.records(decoded, {}, [str(i) for i in range(8)], like)
    assert torch.equal(codec.encode(records, np.arange(8)), made.detach().round())
