"""What another program costs a game on two threads, by how threads wait for each other.

    python -m benchmarks.engine_threads    # about 3 minutes on two cores

Samples a second of a game on cells, each arm in a process of its own, alone and beside a program (in a session of its
own, as other people's programs are) that keeps one core busy. OpenMP's threads spin while they wait; they can be told
to spin briefly (``GOMP_SPINCOUNT``) or to sleep at once (``OMP_WAIT_POLICY``). Rounds alternate; medians.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from benchmarks.record import write_result

ROUNDS = 2
BUSY = [sys.executable, "-c", "while True: pass"]
ARMS = {
    "two threads, as they are": {},
    "two threads, spinning briefly": {"GOMP_SPINCOUNT": "2000"},
    "two threads, sleeping": {"OMP_WAIT_POLICY": "PASSIVE"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
GAME = """
import torch
from vivogan.domains.expression.plan import ExpressionPlan, measured_speed
print(measured_speed(ExpressionPlan(factors=30), 765, 10, "cpu"))
"""


def rate(extra: dict[str, str]) -> float:
    """Samples a second of a game in a process with these variables."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    environment = own | {"PYTHONPATH": os.pathsep.join(sys.path)} | extra
    out = subprocess.run([sys.executable, "-c", GAME], env=environment, capture_output=True, check=True)
    return float(out.stdout)


def main() -> None:
    began = time.monotonic()
    found: dict[tuple[str, bool], list[float]] = {}
    for busy in [False, True] * ROUNDS:
        neighbour = subprocess.Popen(BUSY, start_new_session=True) if busy else None
        try:
            for arm, extra in ARMS.items():
                found.setdefault((arm, busy), []).append(rate(extra))
        finally:
            if neighbour is not None:
                neighbour.kill()
                neighbour.wait()
    rows = [
        {"what": f"samples a second, {arm}, {'beside another program' if busy else 'alone'}",
         "value": statistics.median(values), "low": min(values), "high": max(values), "better": "higher"}
        for (arm, busy), values in found.items()
    ]  # fmt: skip
    write_result("engine_threads", rows, [0], time.monotonic() - began)


if __name__ == "__main__":
    main()
