"""Hypotheses about targets: genes whose silencing should move cells of a state away from it, or further into it.

A run's generator has learned how genes vary together inside a state. Conditioned on less of one gene, it says how much
of the others to expect, and so how much less (or more) a cell would look like its state. That is an association read as
an effect: nothing here has been perturbed, and genes that only go along with a cause look like one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtr
from torch import Tensor

from vivogan.domains.expression.tools.false_discovery import benjamini_hochberg
from vivogan.domains.expression.tools.hint_plots import hint_picture
from vivogan.domains.expression.tools.normalise import Floats
from vivogan.domains.run import Run, Watch, silent
from vivogan.domains.tasks.results import write_picture, write_rows
from vivogan.errors import UserError

LEFT = 0.1  # of a gene's rate after silencing
PIECE = 256  # genes silenced at a time
MOVED = 5  # genes that are named beside each
NOTHING = 1e-9  # of the log likelihood ratio: rounding
LABEL = "hypothesis"
CAUTION = "hypotheses: associations that a model of unperturbed cells reads as effects; nothing was tested"


class Conditional(Protocol):
    """What is asked of a generator: expected shares [n, g], and how log rates move with one gene's."""

    def mean(self, condition: Tensor) -> Tensor: ...

    def conditioned(self, condition: Tensor, gene: Tensor, shift: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Hints:
    """What silencing each gene would do to cells of ``state``, [g] each.

    ``effect``: expected change of the log likelihood ratio of the state against the ``others``, per 10,000 molecules,
    through other genes than the silenced one; below zero: away from the state. ``direct``: through the gene itself.
    ``p`` and ``fdr``: against permutations, in which what moves has nothing to do with what marks the state.
    Genes that the state has less of than the others are no targets in it: they come last, with a p of 1
    (``expressed``). ``moved``: the genes that are expected to move most. ``share``: of the state's molecules.
    """

    state: str
    others: list[str]
    genes: list[str]
    effect: Floats
    direct: Floats
    p: Floats
    fdr: Floats
    share: Floats
    expressed: NDArray[np.bool_]
    moved: list[list[str]]

    def order(self) -> list[int]:
        """Genes, the largest effect first, whichever its direction; what the state hardly has comes last."""
        found: list[int] = np.lexsort((-np.abs(self.effect), ~self.expressed)).tolist()
        return found

    def rows(self) -> list[dict[str, Any]]:
        """The table, every row of which says what it is."""
        return [
            {
                "rank": place,
                "gene": self.genes[j],
                "status": LABEL,
                "effect": f"{self.effect[j]:.4g}",
                "direction": "away from the state" if self.effect[j] < 0 else "into the state",
                "direct": f"{self.direct[j]:.4g}",
                "p": f"{self.p[j]:.3g}",
                "fdr": f"{self.fdr[j]:.3g}",
                "per_10000": f"{1e4 * self.share[j]:.3f}",
                "moves": " ".join(self.moved[j]),
            }
            for place, j in enumerate(self.order(), 1)
        ]

    @property
    def lines(self) -> list[str]:
        """What is to be said of it in plain words."""
        best = [self.genes[j] for j in self.order() if self.effect[j] < 0 and self.expressed[j]][:5]
        sure, asked = int((self.fdr < 0.05).sum()), int(self.expressed.sum())
        return [
            f"{CAUTION.capitalize()}.",
            f"Silencing {', '.join(best)} should move {self.state} away from its state most.",
            f"{sure} of {asked} genes of the state beyond permutations at a false discovery rate of .05.",
        ]


def hints(
    run: Run, state: str, out: Path | None = None, *, left: float = LEFT, seed: int = 0, watch: Watch = silent
) -> Hints:
    """Genes ranked by what silencing them is expected to do to cells of a ``state``, a class of the run.

    Args:
        left: what silencing leaves of a gene's rate.
        out: a folder for ``hints.csv`` and ``hints.png``.

    Raises ``UserError`` when the run does not know the state or has no other to compare it with.
    """
    names = [name for name in run.classes.names if name]
    if state not in names or len(names) < 2:
        raise UserError(
            f"State '{state}': the run knows {', '.join(names) or 'no classes'}", "Name one of at least two"
        )
    if not 0 < left < 1:
        raise UserError(f"left={left}: what is left of a gene lies between 0 and 1", "Give left=0.1")
    watch({"event": "stage", "text": f"silencing {len(run.codec.genes):,} genes in {state}"})  # type: ignore[attr-defined]
    of = run.classes.names.index(state)
    others = [run.classes.names.index(name) for name in names if name != state]
    genes = list(run.codec.genes)  # type: ignore[attr-defined]
    found = silenced(cast(Conditional, run.generator), genes, state, of, others, list(run.classes.names), left)
    if out is not None:
        write_hints(found, Path(out))
    return found


def silenced(
    generator: Conditional,
    genes: list[str],
    state: str,
    of: int,
    others: list[int],
    names: list[str],
    left: float = LEFT,
) -> Hints:
    """The hints of a generator with a conditional model; ``of`` and ``others`` are class numbers.

    With p the shares of genes in the state and q those in the others, a cell's log likelihood ratio changes by
    Σₖ Δₖ pₖ (log pₖ − log qₖ) × 10⁴, Δₖ being the relative change of gene k that goes with silencing.
    """
    share = generator.mean(torch.tensor([of]))[0].double().numpy()
    rest = generator.mean(torch.tensor(others)).double().numpy().mean(axis=0)
    weight = 1e4 * share * (np.log(share + 1e-9) - np.log(rest + 1e-9))  # g
    changes = _changes(generator, of, share, float(np.log(left)))  # g x g: silenced, moved
    effect = changes @ weight
    expressed = share >= rest
    p = np.where(expressed, _against_permutations(changes, weight, effect), 1.0)
    fdr = np.ones(len(p))
    fdr[expressed] = benjamini_hochberg(p[expressed])
    moved = [[genes[k] for k in np.argsort(-np.abs(row * weight))[:MOVED]] for row in changes]
    return Hints(
        state=state,
        others=[names[k] for k in others],
        genes=genes,
        effect=effect,
        direct=(left - 1) * weight,
        p=p,
        fdr=fdr,
        share=share,
        expressed=expressed,
        moved=moved,
    )


def _changes(generator: Conditional, of: int, share: Floats, shift: float) -> Floats:
    """Relative changes [g, g] of the shares of other genes: row i is what goes with silencing gene i, itself left out.

    Shares sum to 1 after it as before.
    """
    found, genes = [], np.arange(len(share))
    for rows in np.array_split(genes, -(-len(genes) // PIECE)):
        part = torch.from_numpy(rows)
        moved = generator.conditioned(torch.full((len(part),), of), part, torch.full((len(part),), shift))
        logs = moved.double().numpy()
        own = (np.arange(len(rows)), rows)
        logs[own] = 0.0
        ratio = np.exp(logs)
        changes = ratio / (ratio @ share)[:, None] - 1
        changes[own] = 0.0
        found.append(changes)
    return np.concatenate(found)


def _against_permutations(changes: Floats, weight: Floats, effect: Floats) -> Floats:
    """Two-sided p-values [g] against all permutations of the weights over genes.

    Mean and variance of the permutation distribution are exact, Σc Σw / g and Var(c) Var(w) / (g − 1) with sums of
    squares; its form is taken for normal (Hoeffding 1951).
    """
    count = len(weight)
    centre = changes.sum(axis=1) * weight.mean()
    squares = np.square(changes - changes.mean(axis=1, keepdims=True)).sum(axis=1)
    spread = np.sqrt(squares * np.square(weight - weight.mean()).sum() / (count - 1))
    found: NDArray[np.float64] = 2 * ndtr(-np.abs(effect - centre) / np.maximum(spread, NOTHING))
    return np.where(spread > NOTHING, found, 1.0)


def write_hints(found: Hints, out: Path) -> None:
    """``hints.csv`` and ``hints.png`` in a folder."""
    write_rows(out / "hints.csv", found.rows())
    order = found.order()
    write_picture(
        out / "hints.png",
        hint_picture(found.state, [found.genes[j] for j in order], found.effect[order], found.fdr[order]),
    )
