"""Cell types of the interferon data, which come without: from canonical markers, blind to the response.

Both conditions are aligned first: levels are standardised within each condition, so no difference between conditions
is left to look at. Interferon genes take no part, nor do those of haemoglobin, heat shock, the immediate response,
mitochondria and ribosomes. Scores of a panel of markers, averaged over neighbours, start a mixture of normals in 20
principal components, which has one centre a type for both conditions. The panel: markers by which the Seurat vignettes
on this data set and on PBMC name clusters, and some more of the same types, none of which interferon induces.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.expression import interferon
from vivogan.domains.expression.records import ExpressionRecords
from vivogan.domains.expression.tools.normalise import log_normalised

PANEL: dict[str, tuple[str, ...]] = {
    "CD14+ monocyte": ("CD14", "LYZ", "S100A8", "S100A9", "FCN1", "VCAN"),
    "FCGR3A+ monocyte": ("FCGR3A", "MS4A7", "VMO1", "MS4A4A", "CDKN1C"),
    "Dendritic cell": ("HLA-DQA1", "GPR183", "TXN", "ID2", "FCER1A", "CLEC10A", "CD1C", "CD83"),
    "Plasmacytoid dendritic cell": ("IL3RA", "TSPAN13", "LILRA4", "SERPINF1", "IGJ", "ITM2C"),
    "B cell": ("MS4A1", "CD79A", "CD79B", "BANK1"),
    "NK cell": ("GNLY", "KLRD1", "FGFBP2", "GZMB", "NKG7", "KLRF1", "PRF1"),
    "CD8 T cell": ("CD8A", "CD8B", "GZMK", "CD3D", "CD3E"),
    "CD4 T cell": ("IL7R", "CCR7", "LEF1", "TCF7", "CD3D", "CD3E"),
    "Megakaryocyte": ("PPBP", "PF4", "GNG11", "SDPR"),
    "Erythroid": ("HBB", "HBA1", "HBA2"),
}
RARE = ("Megakaryocyte", "Plasmacytoid dendritic cell", "Erythroid")  # need two of their markers in the cell itself
LEFT = "Erythroid"  # red cells among blood cells: soaked in what others lost, no type to predict
INTERFERON = re.compile(
    r"^(IFI|IFN|ISG|MX[12]$|OAS|STAT[12]$|IRF|CXCL(9|10|11)$|CCL[278]$|GBP|TNFSF10$|RSAD2|HERC[56]|DDX(58|60)|USP18|LY6E|"
    r"BST2|PLSCR1|EPSTI1|XAF1|SAMD9|CMPK2|TRIM|PARP|DTX3L|LAP3|TAP1|PSM|WARS|RTP4|APOBEC3|SP1[014]0|IDO1|SOCS1|"
    r"EIF2AK2|NT5C3A|LGALS3BP|BATF|HLA-[ABCEF]$|B2M$)"
)
UNSTEADY = re.compile(r"^(HB[ABDGZ]|HSP|DNAJ|MT-|RP[LS]\d|MTRNR|HIST|JUN|FOS)")
GENES, PARTS, NEAR, ROUNDS = 1000, 20, 15, 30
LEAST_MEAN, LEAST_SD, LARGEST = 0.03, 0.3, 5.0
OWN, CLEAR = 0.3, 0.7  # weight of the cell's own score beside its neighbours'; lead of a score that starts a centre


@cache
def typed() -> ExpressionRecords:
    """The interferon data with the labels "type" and "condition"; red cells are left out."""
    records = interferon()
    types = types_of(records)
    kept = np.flatnonzero(types != LEFT)
    labels = {"type": types[kept], "condition": records.labels["condition"][kept]}
    ids = [records.ids[i] for i in kept.tolist()]
    return ExpressionRecords(records.counts[kept], records.genes, labels, ids, source=records.source)


def types_of(records: ExpressionRecords) -> NDArray[np.str_]:
    """The type of each cell, [n]."""
    levels, condition = log_normalised(records.counts).toarray(), records.labels["condition"]
    place = {gene: j for j, gene in enumerate(records.genes)}
    panel = {name: [place[gene] for gene in genes if gene in place] for name, genes in PANEL.items()}
    sides = [condition == value for value in np.unique(condition)]
    aligned = np.empty_like(levels)
    for side in sides:
        aligned[side] = (levels[side] - levels[side].mean(0)) / np.maximum(levels[side].std(0), LEAST_SD)
    aligned = aligned.clip(-LARGEST, LARGEST)
    genes = np.union1d(_variable(levels, sides, records.genes), sorted({j for part in panel.values() for j in part}))
    left, widths, _ = np.linalg.svd(aligned[:, genes], full_matrices=False)
    parts = left[:, :PARTS] * widths[:PARTS]
    own = np.stack([aligned[:, part].mean(1) for part in panel.values()], 1)
    score = own[_nearest(parts)].mean(1)
    score = score / score.std(0) + OWN * own / own.std(0)
    for k, part in enumerate(panel.values()):
        if list(PANEL)[k] in RARE:
            score[np.asarray((records.counts[:, part] > 0).sum(1)).ravel() < 2, k] = -50
    return np.array(list(PANEL))[_mixture(parts, score).argmax(1)]


def _variable(levels: Any, sides: list[Any], genes: list[str]) -> NDArray[np.intp]:
    """The genes that vary most within the conditions, without those that the response or handling moves."""
    mean, variance = levels.mean(0), np.mean([levels[side].var(0) for side in sides], axis=0)
    steady = np.array([not (INTERFERON.match(gene) or UNSTEADY.match(gene)) for gene in genes])
    asked = np.flatnonzero((mean > LEAST_MEAN) & steady)
    x, y = np.log(mean[asked]), np.log(variance[asked])
    return asked[np.argsort(np.polyval(np.polyfit(x, y, 2), x) - y)[:GENES]]


def _nearest(parts: Any) -> NDArray[np.intp]:
    square = (parts**2).sum(1)
    return np.argpartition(square[:, None] + square - 2 * parts @ parts.T, NEAR, axis=1)[:, :NEAR]


def _mixture(parts: Any, score: Any) -> Any:
    """Shares of types [n, T]: normals with a common covariance, the score being part of the prior."""
    ranked = np.sort(score, axis=1)
    clear = ranked[:, -1] - ranked[:, -2] > CLEAR
    shares = np.zeros_like(score)
    shares[np.flatnonzero(clear), score.argmax(1)[clear]] = 1
    for _ in range(ROUNDS):
        count = shares.sum(0) + 1e-9
        centre = shares.T @ parts / count[:, None]
        away = [parts - row for row in centre]
        spread = sum((shares[:, k, None] * d).T @ d for k, d in enumerate(away)) / count.sum() + 0.5 * np.eye(PARTS)
        root = np.linalg.cholesky(np.linalg.inv(spread))
        likely = -0.5 * np.stack([((d @ root) ** 2).sum(1) for d in away], 1)
        likely += np.log((count + 5) / (count.sum() + 5 * len(count))) + score
        shares = np.exp(likely - likely.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
    return shares
