"""Markers: the genes whose silencing moves a classifier, or a run's own discriminator, away from a type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vivogan.core.configuration import validated
from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.expression.data import read
from vivogan.domains.expression.records import ReadOptions
from vivogan.domains.expression.tools.classifier import ClassifierPlan, learned, silencing, standardised
from vivogan.domains.expression.tools.false_discovery import against_null, benjamini_hochberg
from vivogan.domains.expression.tools.judged import judged_by
from vivogan.domains.expression.tools.marker_plots import marker_picture
from vivogan.domains.expression.tools.normalise import Floats, detected, log_normalised, variable_genes
from vivogan.domains.expression.tools.panel import BLOOD, known_as, read_panel
from vivogan.domains.expression.tools.wilcoxon import Ranking, wilcoxon
from vivogan.domains.run import Run, Watch, silent
from vivogan.domains.tasks.results import write_picture, write_rows
from vivogan.errors import UserError

TOP = 20  # markers of a type
FEWEST = 10  # cells of a type
GENES = 3000  # most variable ones that are asked about
LEAST_SHARE = 0.01  # of the cells of some type in which a gene must be seen
SEEDS, SHUFFLED = 5, 10  # classifiers, and those of shuffled labels
RUN_SHUFFLED = 3  # the same for a discriminator, which is asked gene by gene
FALSE = 0.05  # false discovery rate that is counted as found


@dataclass(frozen=True)
class Agreement:
    """How many of the known markers of a type that were measured stand among its top 20, here and by Wilcoxon."""

    type: str
    panel: str
    known: list[str]
    found: list[str]
    by_wilcoxon: list[str]

    @property
    def share(self) -> float:
        return len(self.found) / len(self.known)


@dataclass(frozen=True)
class Markers:
    """What was found, of T ``types`` and g ``genes``: arrays are [T, g].

    ``effect``: by how much the log odds of a type fall when a gene is silenced in its cells (mean of the seeds; below
    zero: when a gene is raised that the type has less of). ``top``: the share of seeds with the gene among the top 20.
    ``stability`` [T] is the mean overlap of the top 20 of two seeds. ``up`` is log₂ of how much more of a gene a type
    has than the others, ``inside`` and ``outside`` the share of cells with it.
    """

    types: list[str]
    genes: list[str]
    effect: Floats
    fdr: Floats
    top: Floats
    stability: Floats
    ranking: Ranking
    up: Floats
    inside: Floats
    outside: Floats
    agreement: list[Agreement]
    source: str
    notes: list[str]

    def best(self, k: int, count: int = TOP) -> list[int]:
        """The columns of the strongest markers of type k, the strongest first."""
        found: list[int] = np.argsort(-self.effect[k], kind="stable")[:count].tolist()
        return found

    def rows(self, count: int = 100) -> list[dict[str, Any]]:
        """The strongest markers of each type as a table."""
        known = {one.type: set(one.known) for one in self.agreement}
        return [
            {
                "type": name,
                "rank": place,
                "gene": self.genes[j],
                "effect": f"{self.effect[k, j]:.4g}",
                "fdr": f"{self.fdr[k, j]:.3g}",
                "seeds": f"{self.top[k, j]:.2f}",
                "log2_fold_change": f"{self.up[k, j]:.3f}",
                "share_inside": f"{self.inside[k, j]:.3f}",
                "share_outside": f"{self.outside[k, j]:.3f}",
                "wilcoxon_rank": int(self.ranking.rank[k, j]),
                "wilcoxon_score": f"{self.ranking.score[k, j]:.3f}",
                "known": "yes" if self.genes[j] in known.get(name, set()) else "",
            }
            for k, name in enumerate(self.types)
            for place, j in enumerate(self.best(k, count), 1)
        ]

    @property
    def lines(self) -> list[str]:
        """What is to be said of it in plain words."""
        mean = float(np.mean(self.stability))
        found = [
            f"{len(self.types)} types, {len(self.genes):,} genes, judged by {self.source}",
            f"two seeds share {mean:.0%} of the top {TOP} on average",
        ]
        for one in self.agreement:
            found.append(
                f"{one.type}: {len(one.found)} of {len(one.known)} known markers among the top {TOP} "
                f"(Wilcoxon {len(one.by_wilcoxon)})"
            )
        return [*found, *self.notes]


def markers(
    source: Path | Run,
    out: Path | None = None,
    *,
    type: str | None = None,
    panel: Path | None = None,
    seeds: int = SEEDS,
    seed: int = 0,
    watch: Watch = silent,
    **reading: Any,
) -> Markers:
    """The markers of each type of a data set, or of each class of a run.

    Args:
        source: cells, read with the options ``reading``; or a run, whose discriminator is asked instead of a classifier
            and whose training cells are looked at.
        out: a folder for ``markers.csv``, ``agreement.csv`` and ``markers.png``.
        type: the obs column of types; by default the first label.
        panel: known markers (a CSV with columns type and gene); by default canonical ones of blood cells.

    Raises ``UserError`` when fewer than two types have 10 cells, ``InputError`` when the panel is none.
    """
    known = BLOOD if panel is None else read_panel(Path(panel))
    if isinstance(source, Run):
        found = markers_of_run(source, known, seeds, seed, watch)
    else:
        options = {"labels": type} | reading if type is not None else reading
        records = read(Path(source), validated(ReadOptions, options))
        found = markers_of(records.counts, records.genes, records.classes, known, seeds, seed, watch=watch)
    if out is not None:
        write_markers(found, Path(out))
    return found


def markers_of(
    counts: csr_matrix,
    genes: Sequence[str],
    labels: NDArray[np.str_],
    panel: Mapping[str, Sequence[str]] = BLOOD,
    seeds: int = SEEDS,
    seed: int = 0,
    plan: ClassifierPlan | None = None,
    watch: Watch = silent,
) -> Markers:
    """The markers of counts [n, g] by labels [n] ("": not looked at), judged by classifiers trained for it."""
    chosen = plan or ClassifierPlan()
    cells = _Cells.of(counts, genes, labels)
    y, count = cells.y, len(cells.types)
    x = standardised(cells.levels.toarray(), y, count)
    real, null = [], []
    for i in range(seeds):
        watch({"event": "stage", "text": f"classifier {i + 1} of {seeds}"})
        network = learned(x, y, count, chosen, derive(seed, "markers", i))
        real.append(silencing(network, x, y, count))
    for i in range(SHUFFLED):
        watch({"event": "stage", "text": f"classifier of shuffled labels {i + 1} of {SHUFFLED}"})
        mixed = numpy_generator(seed, "shuffled", i).permutation(y)
        network = learned(x, mixed, count, chosen, derive(seed, "shuffled", i))
        null.append(silencing(network, x, mixed, count))
    return _found(cells, np.stack(real), np.stack(null), panel, "classifiers of types", [])


def markers_of_run(
    run: Run, panel: Mapping[str, Sequence[str]] = BLOOD, seeds: int = SEEDS, seed: int = 0, watch: Watch = silent
) -> Markers:
    """The markers of a run's classes, judged by its discriminator; seeds draw the cells that are looked at."""
    watch({"event": "stage", "text": "discriminator"})
    x, y, real, null = judged_by(run, seeds, RUN_SHUFFLED, seed)
    names = np.array(run.classes.names)
    cells = _Cells.of(csr_matrix(x), list(run.codec.genes), names[y], every=True)  # type: ignore[attr-defined]
    kept = np.array([run.classes.names.index(name) for name in cells.types])
    note = "seeds draw other cells for the same discriminator: stability is that of the question, not of training"
    return _found(cells, real[:, kept], null[:, kept], panel, "the run's discriminator", [note])


@dataclass(frozen=True)
class _Cells:
    """Cells of types with enough of them, in the genes that are asked about."""

    counts: csr_matrix
    levels: csr_matrix
    genes: list[str]
    types: list[str]
    y: NDArray[np.intp]

    @classmethod
    def of(cls, counts: csr_matrix, genes: Sequence[str], labels: NDArray[np.str_], every: bool = False) -> _Cells:
        names, number = np.unique(labels, return_counts=True)
        types = [str(name) for name, n in zip(names, number, strict=True) if n >= FEWEST and name]
        if len(types) < 2:
            had = ", ".join(f"{name} {n}" for name, n in zip(names, number, strict=True) if name) or "none"
            raise UserError(
                f"Markers need two types of {FEWEST} cells or more; found: {had}", "Name a column with type="
            )
        rows = np.flatnonzero(np.isin(labels, types))
        y = np.searchsorted(types, labels[rows])
        whole = csr_matrix(counts)[rows]
        levels = log_normalised(whole)
        chosen = np.arange(whole.shape[1]) if every else _asked(levels, y, len(types))
        return cls(whole[:, chosen], levels[:, chosen], [genes[j] for j in chosen.tolist()], types, y)


def _asked(levels: csr_matrix, y: NDArray[np.intp], types: int) -> NDArray[np.intp]:
    """Genes seen in a share of some type's cells; the most variable ones of these."""
    shares = np.stack([detected(levels[y == k]) / max(1, (y == k).sum()) for k in range(types)])
    seen = np.flatnonzero((shares.max(axis=0) >= LEAST_SHARE) & (detected(levels) >= 3))
    return seen[variable_genes(levels[:, seen], GENES)]


def _found(
    cells: _Cells, real: Floats, null: Floats, panel: Mapping[str, Sequence[str]], source: str, notes: list[str]
) -> Markers:
    effect = real.mean(axis=0)
    # One null effect is that of one classifier: means of several would be smaller, so this errs on the safe side.
    p = np.stack([against_null(row, null[:, k].ravel()) for k, row in enumerate(effect)])
    fdr = np.stack([benjamini_hochberg(row) for row in p])
    best = np.argsort(-real, axis=2, kind="stable")[:, :, :TOP]  # seeds x types x top
    top = np.zeros(effect.shape)
    for one in best:
        for k, row in enumerate(one):
            top[k, row] += 1 / len(best)
    pairs = list(combinations(range(len(best)), 2))
    overlap = [[len(np.intersect1d(best[a, k], best[b, k])) / best.shape[2] for a, b in pairs] for k in range(len(top))]
    ranking = wilcoxon(cells.levels, cells.y, len(cells.types))
    inside, outside, up = _contrast(cells)
    found = Markers(
        types=cells.types,
        genes=cells.genes,
        effect=effect,
        fdr=fdr,
        top=top,
        stability=np.array([float(np.mean(row)) if row else 1.0 for row in overlap]),
        ranking=ranking,
        up=up,
        inside=inside,
        outside=outside,
        agreement=[],
        source=source,
        notes=notes,
    )
    found.agreement.extend(_agreement(found, panel))
    return found


def _contrast(cells: _Cells) -> tuple[Floats, Floats, Floats]:
    """Shares of cells with a gene inside and outside of each type, and log₂ of the ratio of mean scaled counts."""
    inside, outside, up = [], [], []
    scaled = cells.levels.expm1()
    for k in range(len(cells.types)):
        own = cells.y == k
        inside.append(detected(cells.levels[own]) / own.sum())
        outside.append(detected(cells.levels[~own]) / max(1, (~own).sum()))
        means = [np.asarray(scaled[side].mean(axis=0)).ravel() + 0.1 for side in (own, ~own)]
        up.append(np.log2(means[0] / means[1]))
    return np.stack(inside), np.stack(outside), np.stack(up)


def _agreement(found: Markers, panel: Mapping[str, Sequence[str]]) -> list[Agreement]:
    rows = []
    for k, name in enumerate(found.types):
        means = known_as(name, panel)
        measured = [gene for gene in panel.get(means or "", ()) if gene in found.genes]
        if means is None or not measured:
            continue
        own = {found.genes[j] for j in found.best(k)}
        theirs = {found.genes[j] for j in np.flatnonzero(found.ranking.rank[k] <= TOP).tolist()}
        rows.append(
            Agreement(name, means, measured, [g for g in measured if g in own], [g for g in measured if g in theirs])
        )
    return rows


def write_markers(found: Markers, out: Path) -> None:
    """``markers.csv``, ``agreement.csv`` and ``markers.png`` in a folder."""
    write_rows(out / "markers.csv", found.rows())
    rows = [
        {
            "type": one.type,
            "panel": one.panel,
            "known": " ".join(one.known),
            "found": " ".join(one.found),
            "share": f"{one.share:.2f}",
            "wilcoxon": " ".join(one.by_wilcoxon),
            "stability": f"{found.stability[found.types.index(one.type)]:.2f}",
        }
        for one in found.agreement
    ]
    write_rows(out / "agreement.csv", rows)
    write_picture(out / "markers.png", marker_picture(found.types, found.genes, found.effect, found.fdr, found.inside))
