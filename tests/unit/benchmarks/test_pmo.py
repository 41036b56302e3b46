"""The goals of PMO: what the definitions say of molecules that were worked out by hand, and the measure of a curve."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from rdkit import Chem

from benchmarks import pmo
from benchmarks.pmo import TASKS, Task, auc_top

ISOMER = "CONC(=O)c1ccncc1"  # C7H8N2O2


def score(task: str, smiles: str) -> float:
    return float(Task(task)([smiles])[0])


@pytest.mark.parametrize(
    ("task", "target"),
    [
        ("celecoxib_rediscovery", pmo.CELECOXIB),
        ("troglitazone_rediscovery", pmo.TROGLITAZONE),
        ("thiothixene_rediscovery", pmo.THIOTHIXENE),
        ("albuterol_similarity", pmo.ALBUTEROL),
        ("mestranol_similarity", pmo.MESTRANOL),
        ("isomers_c7h8n2o2", ISOMER),
    ],
)
def test_targets_score_one(task: str, target: str) -> None:
    assert score(task, target) == pytest.approx(1.0)


@pytest.mark.parametrize("task", TASKS)
def test_scores_lie_between_0_and_1_and_nonsense_scores_0(task: str) -> None:
    found = Task(task)([pmo.OSIMERTINIB, pmo.MENTHOL, pmo.SITAGLIPTIN, "not a molecule", ""])
    assert ((found >= 0) & (found <= 1)).all()
    assert found[3:].tolist() == [0, 0]


def test_drugs_are_held_back_by_what_each_goal_adds() -> None:
    perindopril = math.exp(-0.5 * (2 / 0.5) ** 2) ** 0.5  # no aromatic ring where two are wanted
    assert score("perindopril_mpo", pmo.PERINDOPRIL) == pytest.approx(perindopril)
    amlodipine = math.exp(-0.5 * (1 / 0.5) ** 2) ** 0.5  # two rings where three are wanted
    assert score("amlodipine_mpo", pmo.AMLODIPINE) == pytest.approx(amlodipine)
    assert score("sitagliptin_mpo", pmo.SITAGLIPTIN) == pytest.approx(math.exp(-0.5 * (1 / 0.1) ** 2) ** 0.25)
    # Zaleplon is C17H15N5O: C and H are 2 off, N 2, O 1, and 3 of all 41 atoms.
    formula = math.exp(-0.5 * (4 + 4 + 4 + 1 + (41 - 38) ** 2 / 4) / 5)
    assert score("zaleplon_mpo", pmo.ZALEPLON) == pytest.approx(formula**0.5)
    mol = Chem.MolFromSmiles(pmo.RANOLAZINE)
    parts = [
        math.exp(-0.5 * ((pmo.tpsa(mol) - 95) / 20) ** 2),
        math.exp(-0.5 * (pmo.logp(mol) - 7) ** 2),
        math.exp(-0.5),
    ]
    assert score("ranolazine_mpo", pmo.RANOLAZINE) == pytest.approx(math.prod(parts) ** 0.25)


def test_isomers_count_hydrogens() -> None:
    two_more = "CONC(=O)C1=CCNC=C1"  # C7H10N2O2
    assert score("isomers_c7h8n2o2", two_more) == pytest.approx(math.exp(-0.5 * (4 + 1) / 5))


def test_the_hop_goals_are_means_of_what_is_kept_and_what_is_changed() -> None:
    assert score("deco_hop", pmo.HOPPED) == pytest.approx((1 + 0 + 0 + 1) / 4)
    assert score("scaffold_hop", pmo.HOPPED) == pytest.approx((1 + 1 + 0) / 3)


def test_valsartan_needs_its_part() -> None:
    assert score("valsartan_smarts", pmo.SITAGLIPTIN) == 0
    assert score("valsartan_smarts", "CN(C=O)Cc1ccc(-c2ccccc2)cc1") > 0


def test_medians_are_geometric_means_of_two_similarities() -> None:
    camphor, menthol = (pmo.similarity(s, "ECFP4")(Chem.MolFromSmiles(pmo.CAMPHOR)) for s in (pmo.CAMPHOR, pmo.MENTHOL))
    assert camphor == 1
    assert score("median1", pmo.CAMPHOR) == pytest.approx(menthol**0.5)


# ── the curve ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_area_of_a_constant_lacks_half_the_first_step() -> None:
    assert auc_top([1.0] * 1000, 1000) == pytest.approx(1 - 0.5 * 100 / 1000)


def test_a_run_that_stops_early_keeps_what_it_had() -> None:
    early = auc_top([0.5] * 300, 1000)
    assert early == pytest.approx(auc_top([0.5] * 300 + [0.0] * 700, 1000))
    assert auc_top([], 1000) == 0


def test_only_the_best_so_far_count() -> None:
    scores = np.linspace(0, 1, 1000)
    means = [0.0, *(np.sort(scores[:end])[-10:].mean() for end in range(100, 1001, 100))]
    by_hand = sum((a + b) / 2 for a, b in pairwise(means)) / 10
    assert auc_top(scores, 1000) == pytest.approx(by_hand)
