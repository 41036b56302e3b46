"""Components in which cells never seen are unlike the training cells: those that were fitted to noise.

    python -m benchmarks.expression_features    # about 2 minutes of one core

Components are fitted to 70 % of the cells of a set. A forest tells as many of these from the 15 % that were left out,
in 50 components, and in those that are the features of a run (``Components.steady``). It should tell none: 0.5.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from benchmarks.expression import DATA
from benchmarks.record import write_result
from vivogan.domains.expression.components import Components
from vivogan.domains.expression.metrics import forest_auc

SEEDS = (0, 1, 2)
GENES = 2000
SETS = ("pbmc68k_reduced", "pbmc_interferon", "pancreas_pseudotime", "mouse_bladder", "pbmc_10x", "cbmc_citeseq")


def told(name: str, seed: int, fit: Callable[[torch.Tensor], Components]) -> tuple[float, int, int]:
    """Forest AUC, the number of components, and of the cells that they were fitted to."""
    counts = DATA[name]().counts
    order = np.random.default_rng(seed).permutation(counts.shape[0])
    learned, unseen = order[: int(0.7 * len(order))], order[int(0.85 * len(order)) :]
    columns = np.argsort(-np.asarray(counts[learned].sum(0)).ravel(), kind="stable")[:GENES]
    x, z = (torch.from_numpy(counts[rows][:, columns].toarray().astype(np.float32)) for rows in (learned, unseen))
    components = fit(x)
    a, b = (components(part).double().numpy() for part in (x[: len(z)], z))
    return forest_auc(a, b, seed), components.axes.shape[1], len(x)


def main() -> None:
    began = time.monotonic()
    rows = []
    for name in SETS:
        every, kept = ([told(name, seed, fit) for seed in SEEDS] for fit in (Components.fit, Components.steady))
        values = [auc for auc, _, _ in kept]
        numbers = ", ".join(str(count) for _, count, _ in kept)
        rows.append({
            "what": f"{name}: forest AUC, training cells against unseen ones, features of a run",
            "value": float(np.mean(values)), "low": min(values), "high": max(values), "floor": 0.5,
            "baseline": float(np.mean([auc for auc, _, _ in every])), "better": "lower",
            "note": f"{kept[0][2]} training cells, {numbers} components; baseline: 50 components",
        })  # fmt: skip
        print(rows[-1], flush=True)
    write_result("expression_features", rows, SEEDS, time.monotonic() - began)


if __name__ == "__main__":
    main()
