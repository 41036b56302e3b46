"""Which settings the image recipe rests on: one change at a time, 150 CPU seconds each, blood cells.

    make bench NAME=images_design        about 25 minutes on two cores

Each row is the default with one field changed; the differences of less than 1 between single seeds mean little (two
seeds of one arm differed by that much), the large ones decided: a rate of 1e-3 for both players, and no fall to zero.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.record import write_result

SECONDS, SEED = 150, 0
CHANGES = (
    "",
    "rate_final=0",
    "decay=0",
    "learning_rate=0.0003 learning_rate_discriminator=0.001",
    "learning_rate=0.002",
    "learning_rate_discriminator=0.003",
    "r1=0.1",
    "r1=2",
    "objective=relativistic r2=0.5",
    "batch=32",
)


def one(change: str) -> dict[str, object]:
    """One run; its Fréchet distance and coverage."""
    command = [sys.executable, "-m", "benchmarks.images_quality", "arm", "vivogan", str(SEED), str(SECONDS)]
    done = subprocess.run(
        [*command, *change.split()], stdout=subprocess.PIPE, check=True, cwd=Path(__file__).parent.parent
    )
    found = json.loads(done.stdout)
    note = f"coverage {found['coverage']:.2f}, precision {found['precision']:.2f}, {found['samples']} samples"
    return {"what": f"FD with {change or 'the default'}", "value": found["frechet"], "better": "lower", "note": note}


def main() -> None:
    started = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(one, CHANGES))
    write_result("images_design", rows, [SEED], time.monotonic() - started)


if __name__ == "__main__":
    main()
