"""How much to believe each member of a predictor, learned from what it says of molecules that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from vivogan.domains.molecules.tools.calibration import platt, probability
from vivogan.domains.tasks.targets import Floats

DRAW = 3.0  # how strongly: as strongly as a few molecules speak
FEWEST = 60  # molecules from which weights are learned; with fewer all members weigh the same


@dataclass(frozen=True)
class Blend:
    """``shift`` + Σ weightₘ · scoreₘ for one target; of chances the sum is a log-odds."""

    weights: Floats  # [members]
    shift: float

    @classmethod
    def of_numbers(cls, unseen: Floats, y: Floats) -> Self:
        """Weights ≥ 0 with which the members [m, n] come nearest to y [n] (stacked regression, Breiman 1996)."""
        from scipy.optimize import nnls

        centre = float(y.mean())
        weights = np.full(len(unseen), 1 / len(unseen))
        if len(y) >= FEWEST:
            found = nnls((unseen - centre).T, y - centre)[0]
            weights = found if found.sum() > 0 else weights
        return cls(weights, centre * (1 - float(weights.sum())))

    @classmethod
    def of_chances(cls, unseen: Floats, y: Floats) -> Self:
        """Weights ≥ 0 of the members' calibrated log-odds under which y [n] is likeliest, drawn to equal ones: a few
        positives cannot say who is better."""
        from scipy.optimize import minimize

        lines = np.array([platt(own, y) for own in unseen])
        odds, equal = lines[:, :1] * unseen + lines[:, 1:], 1 / len(unseen)

        def loss(given: Floats) -> tuple[float, Floats]:
            said = given[:-1] @ odds + given[-1]
            missed, away = probability(said) - y, given[:-1] - equal
            value = float((np.logaddexp(0, said) - y * said).sum() + DRAW * (away**2).sum())
            return value, np.append(odds @ missed + 2 * DRAW * away, missed.sum())

        bounds = [(0.0, None)] * len(unseen) + [(None, None)]
        start = np.append(np.full(len(unseen), equal), 0.0)
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
        weights, bias = found[:-1], float(found[-1])
        return cls(weights * lines[:, 0], bias + float(weights @ lines[:, 1]))

    def __call__(self, scores: Floats) -> Floats:
        """[n] of the members' scores [m, n]."""
        return np.asarray(self.shift + self.weights @ scores)

    def state(self) -> dict[str, Any]:
        return {"weights": self.weights.tolist(), "shift": self.shift}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        return cls(np.array(state["weights"]), state["shift"])
