"""Markers that are known to be some: found, stable, told apart from chance; panels and false discovery."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from vivogan.domains.expression.data import write
from vivogan.domains.expression.markers import Markers, markers, markers_of
from vivogan.domains.expression.records import ExpressionRecords
from vivogan.domains.expression.tools.classifier import ClassifierPlan
from vivogan.domains.expression.tools.false_discovery import against_null, benjamini_hochberg, false_signs
from vivogan.domains.expression.tools.judged import discriminator_silencing
from vivogan.domains.expression.tools.panel import BLOOD, known_as, read_panel
from vivogan.errors import InputError, UserError

GENES, OWN = 120, 5
TYPES = ("B cell", "NK cell", "CD14+ monocyte")


def cells() -> ExpressionRecords:
    """Three types of 40 cells, each with five genes of its own; the first type has less of gene 20."""
    rng = np.random.default_rng(0)
    rates = np.full((3, GENES), 1.0)
    for k in range(3):
        rates[k, k * OWN : (k + 1) * OWN] = 6
    rates[0, 20] = 0.05
    rates[1:, 20] = 6
    counts = np.concatenate([rng.poisson(rates[k], (40, GENES)) for k in range(3)])
    genes = [f"g{j}" for j in range(GENES)]
    genes[:2], genes[5] = ["CD79A", "MS4A1"], "GNLY"
    labels = {"type": np.repeat(np.array(TYPES), 40)}
    return ExpressionRecords(csr_matrix(counts.astype(np.int32)), genes, labels, [f"c{i}" for i in range(120)])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Markers, Path]:
    folder = tmp_path_factory.mktemp("markers")
    write(cells(), folder / "cells.h5ad")
    return markers(folder / "cells.h5ad", folder / "out", type="type", seeds=2), folder / "out"


def test_the_genes_of_each_type_are_on_top(found: tuple[Markers, Path]) -> None:
    for name in TYPES:
        k = found[0].types.index(name)
        own = TYPES.index(name) * OWN
        assert set(range(own, own + OWN)) <= {*found[0].best(k, OWN + 1)}  # two types have gene 20 besides
        assert (found[0].fdr[k, own : own + OWN] < 0.05).all()
        assert (found[0].ranking.rank[k, own : own + OWN] <= OWN + 1).all()
        assert (found[0].top[k, own : own + OWN] == 1).all()


def test_what_a_type_lacks_speaks_against_it(found: tuple[Markers, Path]) -> None:
    k = found[0].types.index("B cell")
    assert found[0].effect[k].argmin() == 20
    assert found[0].up[k, 20] < -2


def test_genes_without_a_difference_are_not_discovered(found: tuple[Markers, Path]) -> None:
    rest = found[0].fdr[:, 21:]
    assert (rest < 0.05).mean() < 0.05


def test_known_markers_are_counted(found: tuple[Markers, Path]) -> None:
    agreement = {one.type: one for one in found[0].agreement}
    assert agreement["B cell"].known == ["MS4A1", "CD79A"]
    assert agreement["B cell"].share == 1
    assert agreement["NK cell"].known == ["GNLY"]
    assert "CD14+ monocyte" not in agreement  # none of its markers was measured


def test_it_writes_tables_and_a_picture(found: tuple[Markers, Path]) -> None:
    with (found[1] / "markers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["rank"] for row in rows[:3]] == ["1", "2", "3"]
    assert {row["type"] for row in rows} == set(TYPES)
    assert {row["gene"] for row in rows if row["known"]} == {"CD79A", "MS4A1", "GNLY"}
    assert (found[1] / "agreement.csv").exists()
    assert (found[1] / "markers.png").read_bytes().startswith(b"\x89PNG")


def test_one_type_has_no_markers() -> None:
    records = cells()
    with pytest.raises(UserError, match="two types"):
        markers_of(records.counts[:40], records.genes, records.classes[:40], plan=ClassifierPlan(steps=2))


class Only(nn.Module):
    """A discriminator that looks at gene 3 for class 0, and at nothing else."""

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return torch.where(condition == 0, x[:, 3], torch.zeros(len(x)))


def test_a_discriminator_is_asked_gene_by_gene() -> None:
    x = np.random.default_rng(0).poisson(1.0, (60, 7)).astype(np.float32)
    y = np.arange(60) % 2
    x[y == 0, 3] += 5
    effect = discriminator_silencing(Only(), x, y, 2, 0)
    assert effect[0, 3] == pytest.approx(5, abs=1.5)
    assert np.delete(effect[0], 3) == pytest.approx(0)
    assert effect[1] == pytest.approx(0)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("CD19+ B", "B cell"),
        ("CD56+ NK", "NK cell"),
        ("CD8+/CD45RA+ Naive Cytotoxic", "CD8 T cell"),
        ("CD4+/CD25 T Reg", "CD4 T cell"),
        ("Dendritic", "Dendritic cell"),
        ("CD34+", "Stem cell"),
        ("CD14+ Monocyte", "CD14+ monocyte"),
        ("acinar", None),
    ],
)
def test_labels_are_understood(label: str, name: str | None) -> None:
    assert known_as(label, BLOOD) == name


def test_a_panel_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "panel.csv").write_text("type,gene\nacinar,PRSS1\nacinar,CPA1\n")
    assert read_panel(tmp_path / "panel.csv") == {"acinar": ("PRSS1", "CPA1")}
    (tmp_path / "wrong.csv").write_text("cell,marker\na,b\n")
    with pytest.raises(InputError, match="columns type and gene"):
        read_panel(tmp_path / "wrong.csv")
    (tmp_path / "torn.csv").write_text("type,gene\nacinar,\n")
    with pytest.raises(InputError, match="line 2"):
        read_panel(tmp_path / "torn.csv")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_benjamini_hochberg_is_that_of_scipy(p: list[float]) -> None:
    from scipy.stats import false_discovery_control

    assert benjamini_hochberg(np.array(p)) == pytest.approx(false_discovery_control(p))


def test_p_values_are_never_nothing() -> None:
    p = against_null(np.array([5.0, 0.5]), np.linspace(0, 1, 99))
    assert p[0] == pytest.approx(0.01)
    assert p[1] == pytest.approx(0.51, abs=0.011)


def test_false_signs_are_as_many_as_said() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 1, 20000)
    seen = truth + rng.normal(0, 1, 20000)
    chance, share = false_signs(seen / 2, np.full(20000, np.sqrt(0.5)))  # the posterior of a normal prior
    kept = share < 0.1
    assert (np.sign(truth) != np.sign(seen))[kept].mean() == pytest.approx(0.1, abs=0.01)
    assert (share <= chance + 1e-12).all()
