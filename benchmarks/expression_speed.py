"""How fast cells are generated, and what inspecting a large count matrix costs.

    python -m benchmarks.expression_speed      # about 5 minutes; a gigabyte of disk for a moment

Needs the run of ``expression_pbmc pbmc_10x 0``; where it is missing, one of the same networks is trained for a moment.
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
from benchmarks.expression import chosen, halves, pbmc, trained
from benchmarks.record import write_result
from vivogan.core.machine import free_threads
from vivogan.domains.run import Run

COUNT, REPEATS = 20_480, 5
CELLS, GENES, DETECTED, BLOCK = 100_000, 20_000, 1000, 5000  # of the simulated matrix; genes of a cell; cells at a time
SURVEY = r"""
import json, re, sys, time
from pathlib import Path
from vivogan.domains.expression.records import ReadOptions
from vivogan.domains.expression.survey import survey
began = time.monotonic()
found = survey(Path(sys.argv[1]), ReadOptions(labels="type"))
peak = int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) / 2**20  # maxrss is the parent's
print(json.dumps({"seconds": time.monotonic() - began, "GiB": peak, "count": found["fingerprint"]["count"]}))
"""


def blood() -> Run:
    """A run of blood cells of 2,000 genes."""
    name = "pbmc_10x-0" if (CACHE / "expression/pbmc_10x-0/cpu-seconds.txt").exists() else "pbmc_10x-moment"
    records = pbmc()
    trained(name, chosen(records, halves(records, 0)[0]), 0, budget="640")
    return Run.open(CACHE / "expression" / name, threads=free_threads())


def rates(run: Run) -> list[float]:
    """Cells a second, decoding to sparse counts included."""
    found = []
    for repeat in range(REPEATS + 1):
        began = time.perf_counter()
        run.generate(COUNT, seed=repeat)
        found.append(COUNT / (time.perf_counter() - began))
    return found[1:]


def large_matrix(path: Path) -> int:
    """Write an .h5ad of random counts, a block of cells at a time; returns its bytes."""
    import h5py
    import pandas
    from anndata.io import write_elem

    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        for name, kind in (("/", "anndata"), ("layers", "dict"), ("uns", "dict")):
            group = file.require_group(name)
            group.attrs["encoding-type"], group.attrs["encoding-version"] = kind, "0.1.0"
        cells, genes = (
            pandas.Index([f"{word}{i}" for i in range(count)], dtype=object)
            for word, count in (("cell", CELLS), ("gene", GENES))
        )
        kinds = pandas.Index(["B cell", "T cell", "monocyte"], dtype=object)
        types = pandas.Categorical.from_codes(rng.integers(3, size=CELLS), kinds)
        write_elem(file, "obs", pandas.DataFrame({"type": types}, index=cells))
        write_elem(file, "var", pandas.DataFrame(index=genes))
        counts = file.create_group("X")
        counts.attrs["encoding-type"], counts.attrs["encoding-version"] = "csr_matrix", "0.1.0"
        counts.attrs["shape"] = np.array([CELLS, GENES])
        size = (CELLS * DETECTED,)
        data = counts.create_dataset("data", size, np.float32, chunks=(2**18,))
        columns = counts.create_dataset("indices", size, np.int32, chunks=(2**18,))
        counts.create_dataset("indptr", data=np.arange(0, CELLS * DETECTED + 1, DETECTED, dtype=np.int64))
        width = GENES // DETECTED  # one gene of so many neighbours each: sorted, and no gene twice
        for start in range(0, CELLS, BLOCK):
            part = slice(start * DETECTED, (start + BLOCK) * DETECTED)
            offset = rng.integers(width, size=(BLOCK, DETECTED))
            columns[part] = (np.arange(DETECTED) * width + offset).ravel().astype(np.int32)
            data[part] = rng.geometric(0.4, BLOCK * DETECTED)
    return path.stat().st_size


def inspected(path: Path) -> dict[str, float]:
    """Seconds, peak memory (GiB) and cells of the inspection, in a process of its own."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    out = subprocess.run([sys.executable, "-c", SURVEY, str(path)], env=environment, capture_output=True, check=True)
    return dict(json.loads(out.stdout))


def main() -> None:
    began = time.monotonic()
    run = blood()
    made = rates(run)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.h5ad"
        size = large_matrix(path)
        seen = inspected(path)
    note = f"{COUNT:,} a time, {REPEATS} times, {torch.get_num_threads()} threads, decoded to sparse counts"
    rows = [
        {"what": "cells of 2,000 genes generated a second", "value": statistics.median(made), "low": min(made),
         "high": max(made), "goal": 20_000, "better": "higher", "note": note},
        {"what": "peak memory of generating (GiB)", "value": peak},
        {"what": "peak memory of inspecting 100,000 x 20,000 (GiB)", "value": seen["GiB"], "goal": 4, "better": "lower",
         "note": f"{size / 1e9:.2f} GB, {CELLS * DETECTED:,} counts, {seen['count']:,} cells"},
        {"what": "seconds of inspecting it", "value": seen["seconds"]},
    ]  # fmt: skip
    write_result("expression_speed", rows, [0], time.monotonic() - began)


if __name__ == "__main__":
    main()
