"""What the expression benchmarks share: the six data sets as records, halves of them, and the protocol's scores."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.blood import CACHE, data_folder
from vivogan.core.files import write_text
from vivogan.core.seeds import numpy_generator
from vivogan.domains.expression import data, metrics
from vivogan.domains.expression.domain import DOMAIN
from vivogan.domains.expression.neighbours import milisi
from vivogan.domains.expression.records import ExpressionRecords
from vivogan.domains.run import Run
from vivogan.domains.train import train

Floats = NDArray[np.float64]
Labels = NDArray[np.intp]
SELECTION, TEST = 0.06, 4  # of a training half, for choosing among checkpoints; cells that nobody looks at


# ── data sets ───────────────────────────────────────────────────────────────────────────────────────────────────────


def pbmc() -> ExpressionRecords:
    """4,271 blood cells of 8 types, 2,000 genes without names."""
    return _clustered("pbmc_10x/10X_PBMC_top2000.h5")


def bladder() -> ExpressionRecords:
    """2,746 cells of a mouse's bladder, 16 types of 13 to 717 cells, 2,003 genes without names."""
    return _clustered("mouse_bladder/mouse_bladder_cell_top2000.h5")


def cbmc() -> ExpressionRecords:
    """8,617 cells of cord blood of 15 types, 2,000 genes without names."""
    return _clustered("cbmc_citeseq/CITE_CBMC_counts_top2000.h5")


def reduced() -> ExpressionRecords:
    """700 blood cells with named genes and types ("type"); the counts are recovered from what was logged.

    It is read from where scanpy keeps it: the copy among the reference data has the scaled values alone.
    """
    import h5py

    scanpy = find_spec("scanpy")
    assert scanpy is not None
    assert scanpy.origin is not None
    with h5py.File(Path(scanpy.origin).parent / "datasets/10x_pbmc68k_reduced.h5ad", "r") as file:
        raw, genes = file["raw.X"], file["raw.var"]["index"].astype(str)
        parts = tuple(raw[name][:] for name in ("data", "indices", "indptr"))
        logged = csr_matrix(parts, shape=(len(file["obs"]), len(genes)))
        types = file["uns/bulk_labels_categories"][:].astype(str)[file["obs"]["bulk_labels"]]
        return _records(_counted(logged), genes, {"type": types}, file["obs"]["index"].astype(str))


def interferon() -> ExpressionRecords:
    """2,000 blood cells, half of them stimulated with interferon beta ("condition"), 8,650 named genes."""
    with np.load(data_folder() / "pbmc_interferon/pbmc_interferon.npz") as arrays:
        counts = csr_matrix(tuple(arrays[name] for name in ("data", "indices", "indptr")), shape=arrays["shape"])
        return _records(counts, arrays["genes"], {"condition": arrays["condition"]}, arrays["cells"])


def pancreas() -> ExpressionRecords:
    """2,087 cells of a mouse's pancreas, 100 named genes, with a pseudotime of 0 to 1 ("pseudotime")."""
    with np.load(data_folder() / "pancreas_pseudotime/pancreas_pseudotime.npz") as arrays:
        time = np.array([f"{value:.6f}" for value in arrays["pseudotime"]])
        return _records(csr_matrix(arrays["counts"]), arrays["genes"], {"pseudotime": time}, arrays["cells"])


DATA: dict[str, Callable[[], ExpressionRecords]] = {
    "pbmc_10x": pbmc,
    "mouse_bladder": bladder,
    "cbmc_citeseq": cbmc,
    "pbmc68k_reduced": reduced,
    "pbmc_interferon": interferon,
    "pancreas_pseudotime": pancreas,
}


def _clustered(path: str) -> ExpressionRecords:
    """A file of counts ``X`` and type numbers ``Y``; genes are named by their place."""
    import h5py

    with h5py.File(data_folder() / path, "r") as file:
        counts, types = csr_matrix(file["X"][:]), file["Y"][:].astype(int)
    genes = np.array([f"gene{i:04d}" for i in range(counts.shape[1])])
    cells = np.array([f"cell{i:05d}" for i in range(len(types))])
    return _records(counts, genes, {"type": np.array([f"{k:02d}" for k in types])}, cells)


def _counted(logged: csr_matrix) -> csr_matrix:
    """Counts of values log(1 + count · scale of the cell): the least value of a cell is taken for one molecule."""
    values = logged.astype(np.float64).expm1()
    least = np.array([row.data.min() if row.nnz else 1.0 for row in values])
    values.data = np.rint(values.data / np.repeat(least, np.diff(values.indptr)))
    return csr_matrix(values)


def _records(counts: csr_matrix, genes: Any, labels: dict[str, Any], cells: Any) -> ExpressionRecords:
    kept = {column: np.asarray(values, dtype=np.str_) for column, values in labels.items()}
    names, ids = [str(gene) for gene in genes], [str(cell) for cell in cells]
    return ExpressionRecords(counts.astype(np.int32), names, kept, ids, source="reference")


# ── halves ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def halves(records: ExpressionRecords, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """A random half of every type to learn from, and the other half, which nothing is fitted or chosen on."""
    rng, classes = np.random.default_rng(seed), records.classes
    first = np.concatenate([_half(rng.permutation(np.flatnonzero(classes == k))) for k in np.unique(classes)])
    return np.sort(first), np.setdiff1d(np.arange(len(records)), first)


def _half(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    return rows[: (len(rows) + 1) // 2]


# ── runs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def chosen(records: ExpressionRecords, rows: NDArray[np.intp]) -> ExpressionRecords:
    """These cells alone."""
    labels = {column: values[rows] for column, values in records.labels.items()}
    return replace(records, counts=records.counts[rows], labels=labels, ids=[records.ids[i] for i in rows])


def written(path: Path, records: ExpressionRecords, seed: int, selection: float = SELECTION) -> Path:
    """Cells as .h5ad, a few of which choose among checkpoints; all others teach."""
    order = numpy_generator(seed, "selection").permutation(len(records))
    part = np.full(len(records), "train", dtype="<U9")
    part[order[: int(selection * len(records))]] = "selection"
    part[order[:TEST]] = "test"
    path.parent.mkdir(parents=True, exist_ok=True)
    data.write(replace(records, part=part), path)
    return path


def trained(name: str, records: ExpressionRecords, seed: int, label: str = "type", **options: Any) -> tuple[Run, float]:
    """The run called ``name`` in the cache, trained where it is not finished; and how many CPU seconds it took."""
    folder = CACHE / "expression" / name
    seconds = folder / "cpu-seconds.txt"
    if not seconds.exists():
        shutil.rmtree(folder, ignore_errors=True)
        source = written(folder.with_suffix(".h5ad"), records, seed)
        began = time.process_time()

        def watch(event: dict[str, Any]) -> None:
            if event["event"] == "stage":
                print(f"{name}: {event['text']}", flush=True)

        read = {"labels": label, "split": "split", "genes": str(len(records.genes))}
        train(DOMAIN, source, folder, read=read, seed=seed, threads=1, watch=watch, **options)
        write_text(seconds, f"{time.process_time() - began:.0f}\n")
    return Run.open(folder, threads=1), float(seconds.read_text())


# ── scores ──────────────────────────────────────────────────────────────────────────────────────────────────────────

# What is measured, and which direction is better.
SCORES = {
    "forest AUC, 50 PCs": "lower",
    "forest AUC, raw genes": "lower",
    "MMD², 50 PCs": "lower",
    "gene W1": "lower",
    "gene-gene correlation r": "higher",
    "log-library W1": "lower",
    "TSTR accuracy": "higher",
    "miLISI": "higher",
}


def protocol(real: Floats, real_y: Labels, made: Floats, made_y: Labels, seed: int = 0) -> dict[str, float]:
    """The scores of generated counts [n, g] against as many real ones that nothing was fitted on.

    Components are fitted on the pooled pair. MMD² is the biased estimate, one Gaussian kernel of the median squared
    distance, as floors and goals were measured; raw genes are the counts themselves.
    """
    a, b = metrics.log_normalised(real), metrics.log_normalised(made)
    u, v = metrics.pooled_components(a, b, seed=seed)
    values = (
        metrics.forest_auc(u, v, seed),
        metrics.forest_auc(real, made, seed),
        biased_mmd(u, v),
        metrics.gene_w1(a, b),
        metrics.correlation_agreement(a, b),
        metrics.library_w1(real, made),
        metrics.tstr_accuracy(b, made_y, a, real_y, seed),
        milisi(u, v),
    )
    return dict(zip(SCORES, map(float, values), strict=True))


def biased_mmd(a: Floats, b: Floats) -> float:
    """MMD² of a [n, d] and b [m, d] with pairs of a cell with itself: never below 0, and above it for equal laws."""
    from scipy.spatial.distance import cdist, pdist

    scale = float(np.median(pdist(a[:1000], "sqeuclidean")))

    def kernel(one: Floats, other: Floats) -> float:
        return float(np.exp(-cdist(one, other, "sqeuclidean") / scale).mean())

    return kernel(a, a) + kernel(b, b) - 2 * kernel(a, b)


def told(values: list[float], digits: int = 4) -> str:
    """Mean and spread of the seeds for a note."""
    if len(values) < 2:
        return f"{values[0]:.{digits}f}, one seed"
    return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}, {len(values)} seeds"
