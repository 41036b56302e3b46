"""How much to believe each part of a predictor, and how far to trust the whole: learned from what neither has seen."""

from __future__ import annotations

import numpy as np
import torch

from vivogan.domains.tasks.targets import Floats

FEWEST = 30  # measured values of a target from which its own interval is made; fewer share that of all


def stack_numbers(parts: list[Floats], y: Floats) -> Floats:
    """Weights ≥ 0 of standardised predictions ([N, t] each) whose sum is nearest to y [N, t] (NaN: unknown)."""
    from scipy.optimize import nnls

    known = np.isfinite(y)
    weights, _ = nnls(np.stack([part[known] for part in parts], 1), y[known])
    return np.asarray(weights, np.float64)


def stack_classes(parts: list[Floats], y: Floats, steps: int = 100) -> tuple[Floats, Floats]:
    """Weights ≥ 0 of scores ([N, K] each) and a bias [K], whose softmax is likeliest to have given y [N, K] (one-hot).

    The weights also calibrate: they are a temperature (Guo et al. 2017) for each part.
    """
    scores = torch.from_numpy(np.stack(parts))
    target = torch.from_numpy(y)
    roots = torch.ones(len(parts), dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(y.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([roots, bias], max_iter=steps, line_search_fn="strong_wolfe")

    def closure() -> float:
        optimiser.zero_grad()
        logits = torch.einsum("m,mnk->nk", roots.square(), scores) + bias
        loss = torch.nn.functional.cross_entropy(logits, target) + 1e-4 * (roots.square().sum() + bias.square().sum())
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    optimiser.step(closure)
    return roots.detach().square().numpy(), bias.detach().numpy()


def widths(residuals: Floats, variance: Floats, level: float) -> tuple[Floats, Floats]:
    """(noise [t], factor [t]): an interval of mean ± factor · √(noise + variance) holds ``level`` of unseen values.

    Split conformal prediction, normalised by the deviation that is believed (Lei et al. 2018, section 5.2).

    Args:
        residuals: of unseen rows, [N, t]; NaN where nothing was measured. variance: among the members there, [N, t].
    """
    known = np.isfinite(residuals)
    noise, factor = np.zeros(residuals.shape[1]), np.zeros(residuals.shape[1])
    for k in range(residuals.shape[1]):
        rows = known[:, k] if known[:, k].sum() >= FEWEST else None
        r, v = (residuals[rows, k], variance[rows, k]) if rows is not None else (residuals[known], variance[known])
        noise[k] = max(float(np.mean(r**2) - np.mean(v)), 1e-2 * float(np.mean(r**2)), 1e-12)
        said = np.abs(r) / np.sqrt(noise[k] + v)
        factor[k] = np.quantile(said, min(1.0, level * (1 + 1 / len(said))), method="higher")
    return noise, factor
