"""How fast molecules are sampled and decoded, and what inspecting a million SMILES costs.

    python -m benchmarks.molecules_speed

Needs the runs of ``molecules_qm9`` (language, seed 0) and of ``molecules_moses``; where one is missing, one of the same
networks is trained for a moment.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.blood import CACHE
from benchmarks.molecules import column, drawn, trained
from benchmarks.record import write_result
from vivogan.core.machine import free_threads
from vivogan.domains.molecules import api
from vivogan.domains.run import Run

COUNT, REPEATS = 4096, 5
MILLION = 1_000_000
MOMENT: dict[str, Any] = {"budget": "640", "overrides": ["likelihood.epochs=1"]}
FILES = {  # which together are nearly a million
    "zinc250k/zinc250k.csv.gz": "smiles",
    "moses/test.csv.gz": "SMILES",
    "moses/test_scaffolds.csv.gz": "SMILES",
    "qm9/qm9_smiles.csv.gz": "smiles",
    "moleculenet/hiv.csv.gz": "smiles",
    "moses/proxy_train.csv.gz": "SMILES",
}
SURVEY = """
import json, sys, time
from vivogan.domains.molecules import api
began = time.monotonic()
found = api.inspect(sys.argv[1])["fingerprint"]
print(json.dumps({"seconds": time.monotonic() - began, "count": found["count"], "refused": found["refused"]}))
"""


def finished(name: str, smiles: Callable[[], Sequence[str]]) -> Run:
    """The run of this name in the cache, else one of the same networks after a moment."""
    if (CACHE / "molecules" / name / "cpu-seconds.txt").exists():
        return api.open(CACHE / "molecules" / name, threads=free_threads())
    made, _ = trained(f"{name}-moment", smiles(), seed=0, **MOMENT)
    return api.open(made.folder.path, threads=free_threads())


def rates(run: Run) -> list[float]:
    """Molecules a second, decoding included; the first time is not counted."""
    found = []
    for repeat in range(REPEATS + 1):
        began = time.perf_counter()
        run.generate(COUNT, seed=repeat)
        found.append(COUNT / (time.perf_counter() - began))
    return found[1:]


def sampling_row(what: str, made: list[float], goal: float | None = 3000) -> dict[str, Any]:
    """A row of the table."""
    note = f"{COUNT} a time, median of {REPEATS}, {free_threads()} threads, decoding included"
    row = {
        "what": f"{what}: molecules sampled and decoded a second",
        "value": statistics.median(made),
        "low": min(made),
        "high": max(made),
        "note": note,
    }
    return row | ({"goal": goal, "better": "higher"} if goal else {})


def million(path: Path) -> int:
    """Write a million SMILES of real sets in random order, the last ones a second time; returns the bytes."""
    smiles = [one for file, name in FILES.items() for one in column(file, name)]
    order = np.random.default_rng(0).permutation(len(smiles))
    with path.open("w") as file:
        for number in range(MILLION):
            file.write(f"{smiles[order[number % len(order)]]}\tm{number}\n")
    return path.stat().st_size


class Memory(threading.Thread):
    """Watches the memory of a process and of its children, MiB; shared pages are counted once (Pss)."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process, self.peak, self.ended = process, 0.0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.5):
            self.peak = max(self.peak, sum(map(resident, family(self.process))))


def family(process: int) -> list[int]:
    """A process and all below it."""
    try:
        tasks = [task for task in Path(f"/proc/{process}/task").iterdir()]
        below = [int(word) for task in tasks for word in (task / "children").read_text().split()]
    except OSError:
        return [process]
    return [process, *(one for child in below for one in family(child))]


def resident(process: int) -> float:
    """Its memory in MiB."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024


def inspected(path: Path) -> dict[str, Any]:
    """Seconds, peak memory in MiB, and counts of ``inspect`` in a process of its own."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", SURVEY, str(path)], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        memory = Memory(process.pid)
        memory.start()
        out, _ = process.communicate()
        memory.ended.set()
    if process.returncode:
        raise SystemExit(f"inspecting {path} failed")
    return {**json.loads(out), "MiB": memory.peak}


def inspection_rows() -> list[dict[str, Any]]:
    """The rows of a million SMILES."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "million.smi"
        size = million(path)
        seen = inspected(path)
    note = f"{size / 1e6:.0f} MB, {seen['count']:,} molecules, {seen['refused']} refused, {free_threads()} processors"
    return [
        {"what": f"{MILLION:,} SMILES inspected: seconds", "value": seen["seconds"], "goal": 300, "better": "lower",
         "note": note},
        {"what": f"{MILLION:,} SMILES inspected: peak memory of all processes (MiB)", "value": seen["MiB"],
         "goal": 1500, "better": "lower"},
    ]  # fmt: skip


def main() -> None:
    began = time.monotonic()
    torch.set_num_threads(free_threads())
    runs = {
        "QM9": finished("qm9-language-0", lambda: drawn(column("qm9/qm9_smiles.csv.gz", "smiles"), 0, 0)[1]),
        "MOSES proxy": finished("moses-0", lambda: drawn(column("moses/proxy_train.csv.gz", "SMILES"), 0, 0)[1]),
    }
    rows = [sampling_row(name, rates(run)) for name, run in runs.items()]
    write_result("molecules_speed", rows + inspection_rows(), [0], time.monotonic() - began)


if __name__ == "__main__":
    main()
