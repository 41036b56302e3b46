"""How generated cells are compared with real ones: the arithmetic of every score, on plain arrays.

Counts are [n, g], whole numbers. ``log_normalised`` of them are what most functions take. Forests and kernels look at
principal components of the pooled pair: components fitted on one side alone tell even two halves of the same real
cells apart.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vivogan.domains.expression.annotation import Annotator
from vivogan.domains.expression.neighbours import milisi
from vivogan.domains.expression.records import Cells
from vivogan.domains.expression.tools.normalise import SCALE
from vivogan.metrics.kernel import mmd
from vivogan.metrics.utility import classifier_two_sample

Floats = NDArray[np.float64]
Direction = Literal["higher", "lower"]
COMPONENTS = 50
VARIABLE = 1000  # most variable genes whose values are compared one by one
CORRELATED = 100  # most variable genes whose correlations are compared
TOP_GENES = 50  # genes that hold the most molecules of a cell
MITOCHONDRIAL = ("MT-", "mt-")
MOST = 3000  # cells of each side that the literature's scores look at


def log_normalised(counts: Any) -> Floats:
    """log(1 + 10⁴ · count / library) of counts [n, g]; the library is the cell's sum over these genes."""
    dense = np.asarray(counts, np.float64)
    library = dense.sum(1, keepdims=True)
    return np.asarray(np.log1p(dense * (SCALE / np.maximum(library, 1))))


def summaries(x: Tensor, codec: Any) -> dict[str, Floats]:
    """What quality control looks at in each cell of counts x [n, g]: [n, 1] each, natural logarithms.

    Molecules, genes detected, and the share of molecules in the 50 highest genes; where the names tell them, the share
    of mitochondrial ones.
    """
    counts = np.maximum(np.asarray(x, np.float64), 0)
    library = counts.sum(1)
    found = {
        "log library": np.log1p(library),
        "log genes detected": np.log1p((counts > 0).sum(1)),
        f"share of top {TOP_GENES} genes": _top_share(counts, library),
    }
    mitochondrial = [i for i, gene in enumerate(codec.genes) if str(gene).startswith(MITOCHONDRIAL)]
    if mitochondrial:
        found["mitochondrial share"] = counts[:, mitochondrial].sum(1) / np.maximum(library, 1)
    return {name: values[:, None] for name, values in found.items()}


def _top_share(counts: Floats, library: Floats) -> Floats:
    most = min(TOP_GENES, counts.shape[1])
    top = np.partition(counts, counts.shape[1] - most, axis=1)[:, -most:]
    return np.asarray(top.sum(1) / np.maximum(library, 1))


def pooled_components(a: Floats, b: Floats, components: int = COMPONENTS, seed: int = 0) -> tuple[Floats, Floats]:
    """Both of log-normalised a [n, g] and b [m, g] on the principal components of the two together: [n, d], [m, d]."""
    from sklearn.decomposition import PCA

    count = min(components, len(a) + len(b) - 1, a.shape[1])
    pooled = PCA(count, svd_solver="randomized", random_state=seed).fit_transform(np.concatenate([a, b]))
    return pooled[: len(a)], pooled[len(a) :]


def forest_auc_pooled(a: Floats, b: Floats, seed: int = 0) -> float:
    """How well a random forest tells log-normalised a [n, g] from b [m, g] by 50 components of the pooled pair.

    The cross-validated AUC of five folds: .5 cannot, 1 always.
    """
    return forest_auc(*pooled_components(a, b, seed=seed), seed)


def forest_auc(a: Floats, b: Floats, seed: int = 0) -> float:
    """How well a random forest tells a [n, d] from b [m, d]: cross-validated AUC of five folds, on what it is given."""
    return classifier_two_sample(a, b, seed=seed, folds=min(5, len(a), len(b)))


def most_variable(x: Floats, genes: int) -> NDArray[np.intp]:
    """The columns of the ``genes`` genes of log-normalised x [n, g] that vary most, the most variable first."""
    return np.argsort(-x.var(0), kind="stable")[:genes]


def gene_w1(a: Floats, b: Floats, genes: int = VARIABLE) -> float:
    """The Wasserstein distance of log-normalised values, gene by gene, then the mean over genes.

    Of the ``genes`` genes most variable in a [n, g] (real): rare ones are zero in both and only dilute the mean.
    """
    chosen = most_variable(a, genes)
    return float(w1_by_column(a[:, chosen], b[:, chosen]).mean())


def w1_by_column(a: Floats, b: Floats) -> Floats:
    """The Wasserstein distance (W1) of every column of a [n, g] from that of b [m, g]: [g].

    The area between the two quantile functions, exact also for unequal n and m.
    """
    if len(a) == len(b):
        return np.asarray(np.abs(np.sort(a, 0) - np.sort(b, 0)).mean(0))
    x, y = np.sort(a, 0), np.sort(b, 0)
    ends = np.union1d(np.arange(1, len(x) + 1) * len(y), np.arange(1, len(y) + 1) * len(x))  # in 1 / (n m)
    widths = np.diff(ends, prepend=0) / (len(x) * len(y))
    rows = (ends - 1) // len(y), (ends - 1) // len(x)
    return np.asarray(np.einsum("i,ij->j", widths, np.abs(x[rows[0]] - y[rows[1]])))


def library_w1(a: Floats, b: Floats) -> float:
    """The Wasserstein distance of the natural logarithms of the library sizes of counts a [n, g] and b [m, g]."""
    one, other = (np.log(np.maximum(np.asarray(part).sum(1, dtype=np.float64), 1))[:, None] for part in (a, b))
    return float(w1_by_column(one, other)[0])


def correlation_agreement(a: Floats, b: Floats, genes: int = CORRELATED) -> float:
    """Pearson's r between the gene–gene correlations of log-normalised a [n, g] (real) and those of b [m, g].

    Of all pairs of the ``genes`` genes most variable in a; a gene that never varies in b is correlated with none.
    """
    chosen = most_variable(a, genes)
    pairs = np.triu_indices(len(chosen), 1)
    one, other = (correlations(part[:, chosen])[pairs] for part in (a, b))
    return pearson(one, other)


def correlations(x: Floats) -> Floats:
    """The gene–gene correlations of x [n, g]: [g, g]; 0 for genes that do not vary."""
    centred = x - x.mean(0)
    deviation = np.sqrt((centred**2).mean(0))
    scaled = centred / np.where(deviation > 0, deviation, 1)
    return np.asarray(scaled.T @ scaled / len(x))


def pearson(a: Floats, b: Floats) -> float:
    """Pearson's r of two vectors [n]; 0 where one does not vary."""
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else 0.0


def gene_curves(x: Floats) -> dict[str, Floats]:
    """Mean, variance and share of zeros of every gene of log-normalised x [n, g]: [g] each."""
    return {"mean": x.mean(0), "variance": x.var(0), "zero share": (x == 0).mean(0)}


def tstr_accuracy(
    made: Floats, made_y: NDArray[np.intp], real: Floats, real_y: NDArray[np.intp], seed: int = 0
) -> float:
    """The accuracy on real cells of types learned from generated ones, both log-normalised (Esteban et al. 2017).

    Logistic regression on 50 components of the pooled pair.
    """
    learned, tested = pooled_components(made, real, seed=seed)
    return float((Annotator(components=None).fit(learned, made_y).predict(tested) == real_y).mean())


def literature(real: Cells, made: Cells) -> dict[str, tuple[float, Direction]]:
    """The scores that papers on generated cells print, with the better direction.

    Forest AUC, MMD and miLISI on 50 components (scGAN: Marouf et al. 2020; GRouNdGAN: Zinati et al. 2024), the
    correlations over genes of means, variances and shares of zeros, of gene–gene correlations, and the library size
    (Crowell et al. 2023). ``MOST`` cells of each side, evenly spaced.
    """
    counts = [_some(cells) for cells in (real, made)]
    a, b = (log_normalised(part) for part in counts)
    u, v = pooled_components(a, b)
    one, other = gene_curves(a), gene_curves(b)
    found: dict[str, tuple[float, Direction]] = {
        "forest AUC (50 PCs)": (forest_auc(u, v), "lower"),
        "MMD² (50 PCs)": (mmd(u, v), "lower"),
        "miLISI": (milisi(u, v), "higher"),
    }
    found |= {f"gene {name} r": (pearson(one[name], other[name]), "higher") for name in one}
    found["gene-gene correlation r"] = (correlation_agreement(a, b), "higher")
    found["log-library W1"] = (library_w1(*counts), "lower")
    return found


def _some(cells: Cells) -> Floats:
    rows = np.unique(np.linspace(0, len(cells) - 1, min(MOST, len(cells))).round().astype(np.intp))
    return np.asarray(cells.counts[rows].toarray(), np.float64)
