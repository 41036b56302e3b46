"""Which records a step is dealt: a function of (seed, step) alone, so that a resumed run needs no memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vivogan.core.seeds import numpy_generator


class Batches:
    """Deals record indices: whole shuffled epochs, or draws in which rare classes come up more often.

    Args:
        count: number of records.
        labels: [count] class indices, or None.
        balance: 0 keeps the frequencies of the data, 1 makes all classes equally frequent; between,
            frequency^(1 − balance).
        seed: of the run.
    """

    def __init__(
        self, count: int, labels: NDArray[np.integer] | None = None, balance: float = 0.0, seed: int = 0
    ) -> None:
        if count < 1:
            raise ValueError("a game needs at least one record")
        self.count, self.seed = count, seed
        self._cumulative: NDArray[np.float64] | None = None
        if labels is not None and balance > 0:
            frequency = np.bincount(labels) / count
            weight = frequency[labels] ** -balance
            self._cumulative = np.cumsum(weight / weight.sum())
        self._epoch, self._order = -1, np.empty(0, np.intp)

    def deal(self, step: int, size: int) -> NDArray[np.intp]:
        """The [size] record indices of a step."""
        if self._cumulative is not None:
            draws = numpy_generator(self.seed, "batch", step).random(size)
            return np.minimum(np.searchsorted(self._cumulative, draws, side="right"), self.count - 1)
        places = np.arange(step * size, (step + 1) * size)
        return np.concatenate(
            [
                self._permutation(e)[places[places // self.count == e] % self.count]
                for e in range(places[0] // self.count, places[-1] // self.count + 1)
            ]
        )

    def _permutation(self, epoch: int) -> NDArray[np.intp]:
        if epoch != self._epoch:
            self._epoch, self._order = epoch, numpy_generator(self.seed, "epoch", epoch).permutation(self.count)
        return self._order
