"""How fast promoters are generated, and what inspecting a large FASTA costs.

    python -m benchmarks.sequences_speed

Needs the run of ``sequences_promoters 0``; where it is missing, one of the same networks is trained for a moment.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.blood import CACHE
from benchmarks.record import write_result
from benchmarks.sequences import halves, lines, table
from vivogan.core.machine import free_threads
from vivogan.domains.run import Run
from vivogan.domains.sequences import api

COUNT, REPEATS = 2048, 5
LETTERS = 1_000_000_000
SURVEY = """
import json, resource, sys, time
from vivogan.domains.sequences import api
began = time.monotonic()
found = api.inspect(sys.argv[1])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": time.monotonic() - began, "MiB": peak, "count": found["fingerprint"]["count"]}))
"""


def promoters() -> Run:
    """A run of promoters of 300 bases."""
    folder = CACHE / "sequences" / "promoters-0"
    if not (folder / "cpu-seconds.txt").exists():
        folder = CACHE / "sequences" / "promoters-moment"
        train, _ = halves(lines("human_tata_promoters/hs_pos_TATA.txt.gz"), 0)
        if not (folder / "start.json").exists():
            api.train(
                table(folder.with_suffix(".csv"), train, 0), folder, budget="640", sequence="sequence", split="part"
            )
    return api.open(folder, threads=free_threads())


def rates(run: Run) -> list[float]:
    """Sequences a second, decoding included."""
    found = []
    for repeat in range(REPEATS + 1):
        began = time.perf_counter()
        run.generate(COUNT, seed=repeat)
        found.append(COUNT / (time.perf_counter() - began))
    return found[1:]


def large_fasta(path: Path) -> int:
    """Write about 1 GB of promoter-like records; returns the bytes."""
    rng = np.random.default_rng(0)
    letters = np.frombuffer(b"ACGT", np.uint8)
    with path.open("wb") as file:
        for number in range(LETTERS // 300_000):
            block = letters[rng.integers(0, 4, (1000, 300))]
            file.writelines(b">r%d_%d\n%s\n" % (number, i, row.tobytes()) for i, row in enumerate(block))
    return path.stat().st_size


def main() -> None:
    began = time.monotonic()
    run = promoters()
    made = rates(run)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.fasta"
        size = large_fasta(path)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        out = subprocess.run(
            [sys.executable, "-c", SURVEY, str(path)], env=environment, capture_output=True, check=True
        )
    seen = json.loads(out.stdout)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    note = f"{COUNT} a time, {REPEATS} times, {torch.get_num_threads()} threads, decoding included"
    rows = [
        {"what": "promoters of 300 bases generated a second", "value": statistics.median(made), "low": min(made),
         "high": max(made), "goal": 2000, "better": "higher", "note": note},
        {"what": "peak memory of generating (MiB)", "value": peak},
        {"what": "peak memory of inspecting 1 GB of FASTA (MiB)", "value": seen["MiB"], "goal": 500, "better": "lower",
         "note": f"{size / 1e9:.2f} GB, {seen['count']:,} records"},
        {"what": "seconds of inspecting it", "value": seen["seconds"]},
    ]  # fmt: skip
    write_result("sequences_speed", rows, [0], time.monotonic() - began)


if __name__ == "__main__":
    main()
