"""The same for each of many molecules, on every free core."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TypeVar

from vivogan.core.machine import free_threads

A = TypeVar("A")
B = TypeVar("B")
FEW = 4000  # items that one process is faster with: the others take a second to start
CHUNK = 500


def mapped(function: Callable[[Sequence[A]], list[B]], items: Sequence[A], workers: int | None = None) -> list[B]:
    """``function`` of chunks of items, its results one an item in the items' order.

    ``function`` must be one that another process can be sent (no closure over what is large). ``workers`` is the
    number of processes; every free core when None.
    """
    count = workers or free_threads()
    if len(items) <= FEW or count == 1:
        return function(items)
    from joblib import Parallel, delayed

    chunks = [items[i : i + CHUNK] for i in range(0, len(items), CHUNK)]
    with warnings.catch_warnings():
        # A process that has waited too long for work goes home, and joblib says so; nothing is lost by it.
        warnings.filterwarnings("ignore", message="A worker stopped", category=UserWarning)
        done = Parallel(n_jobs=min(count, len(chunks)))(delayed(function)(chunk) for chunk in chunks)
    return [result for part in done for result in part]
