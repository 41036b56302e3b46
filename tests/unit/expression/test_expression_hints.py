"""Hints of a conditional model whose couplings are known."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from vivogan.domains.expression.hints import LABEL, Hints, silenced, write_hints

GENES = 40


class Coupled:
    """Two classes; gene 0 drives genes 1 to 6, which mark class 0; gene 7 drives 8 to 13, which mark neither."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        shares = rng.uniform(0.5, 1.5, (2, GENES))
        shares[0, 1:7] = 5
        shares[0, [0, 7]] = 4
        self.shares = torch.tensor(shares / shares.sum(1, keepdims=True))

    def mean(self, condition: Tensor) -> Tensor:
        return self.shares[condition]

    def conditioned(self, condition: Tensor, gene: Tensor, shift: Tensor) -> Tensor:
        found = torch.zeros(len(gene), GENES)
        for row, (j, by) in enumerate(zip(gene.tolist(), shift.tolist(), strict=True)):
            if j in (0, 7):
                found[row, j + 1 : j + 7] = 0.5 * by
            found[row, j] = by
        return found


@pytest.fixture(scope="module")
def hints() -> Hints:
    return silenced(Coupled(), [f"g{j}" for j in range(GENES)], "one", 0, [1], ["one", "two"])


def test_the_driver_of_a_state_is_first_and_sure(hints: Hints) -> None:
    assert hints.order()[0] == 0
    assert hints.effect[0] < 0
    assert hints.fdr[0] < 0.05
    assert set(hints.moved[0]) <= {f"g{j}" for j in range(1, 7)}
    assert hints.p[7] > 0.05


def test_the_gene_itself_is_told_apart(hints: Hints) -> None:
    assert hints.direct[3] < 0
    assert hints.expressed[3]
    assert hints.effect[3] == pytest.approx(0, abs=1e-9)
    assert hints.p[3] == 1


def test_every_row_says_that_it_is_a_hypothesis(hints: Hints, tmp_path: Path) -> None:
    write_hints(hints, tmp_path)
    with (tmp_path / "hints.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["status"] for row in rows} == {LABEL}
    assert rows[0]["gene"] == "g0"
    assert rows[0]["direction"] == "away from the state"
    assert len(rows) == GENES
    assert "hypotheses" in hints.lines[0].lower()
    assert (tmp_path / "hints.png").read_bytes().startswith(b"\x89PNG")


def test_p_values_are_those_of_permutations(hints: Hints) -> None:
    model = Coupled()
    share, rest = (model.mean(torch.tensor([k]))[0].numpy() for k in (0, 1))
    weight = 1e4 * share * (np.log(share + 1e-9) - np.log(rest + 1e-9))
    change = model.conditioned(torch.tensor([0]), torch.tensor([7]), torch.tensor([np.log(0.1)])).expm1()[0].numpy()
    change[7] = 0
    rng = np.random.default_rng(0)
    null = np.array([change @ rng.permutation(weight) for _ in range(4000)])
    away = np.abs(null - null.mean()) >= abs(change @ weight - null.mean())
    assert hints.p[7] == pytest.approx(away.mean(), abs=0.12)


def test_what_the_state_hardly_has_is_no_target(hints: Hints) -> None:
    last = hints.order()[int(hints.expressed.sum()) :]
    assert last
    assert not hints.expressed[last].any()
    assert (hints.fdr[last] == 1).all()
