"""Does any run collapse? Five seeds of one minute on three sets and on 50 images of each.

    make bench NAME=stability

Every run is the real command path (plan, extractor, guard) with `--budget 60s`, one thread; four run side by side.
Counted are non-finite values, roll-backs, stopped runs, and collapse: at the end, generated samples spread less than a
quarter as widely as held-out ones.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.blood import data_folder
from benchmarks.record import write_result

SEEDS, BUDGET, FEW = range(5), "60s", 50


def sources(folder: Path) -> dict[str, Path]:
    """The three sets and 50 images of each, as .npz."""
    from vivogan.domains.images.demo import write_patches

    blood = data_folder() / "pbc_blood_cells_28" / "pbc28.npz"
    found = {"mnist": data_folder() / "mnist" / "mnist.npz", "blood cells": blood, "ihc patches": write_patches(folder)}
    for name, path in list(found.items()):
        with np.load(path) as arrays:
            x = arrays["train_images"] if name == "mnist" else arrays["x"]
            y = arrays["train_labels"] if name == "mnist" else arrays["y"]
        rows = np.random.default_rng(0).permutation(len(x))[:FEW]
        few = folder / f"{name.replace(' ', '-')}-{FEW}.npz"
        np.savez(few, x=x[rows], y=y[rows])
        found[f"{name}, {FEW} images"] = few
    return found


def one(job: tuple[str, Path, int, Path]) -> dict[str, Any]:
    name, source, seed, folder = job
    out = folder / f"{source.stem}-{seed}"
    command = [
        sys.executable,
        "-m",
        "vivogan",
        "images",
        "train",
        str(source),
        "--out",
        str(out),
        "--budget",
        BUDGET,
        "--seed",
        str(seed),
        "--threads",
        "1",
        "--no-report",
        "--quiet",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (
        [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        if done.returncode in (0, 4)
        else []
    )
    ticks = [line for line in lines if "event" not in line]
    print(name, seed, done.returncode, done.stderr.strip()[-200:], ticks[-1:], file=sys.stderr, flush=True)
    return {
        "name": name,
        "seed": seed,
        "code": done.returncode,
        "rollbacks": sum(line.get("event") == "rollback" for line in lines),
        "finite": bool(ticks) and all(np.isfinite(v) for tick in ticks for v in tick.values() if isinstance(v, float)),
        "diversity": ticks[-1]["diversity"] if ticks else 0.0,
        "coverage": ticks[-1]["coverage"] if ticks else 0.0,
        "frechet": min((t["frechet"] for t in ticks), default=float("nan")),
        "samples": ticks[-1]["samples"] if ticks else 0,
    }


def main() -> None:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = sources(Path(folder))
        jobs = [(name, source, seed, Path(folder)) for seed in SEEDS for name, source in found.items()]
        with ThreadPoolExecutor(4) as pool:
            runs = list(pool.map(one, jobs))
    rows: list[dict[str, Any]] = []
    for name in found:
        mine = [r for r in runs if r["name"] == name]
        diversity = np.array([r["diversity"] for r in mine])
        note = (
            f"coverage {np.mean([r['coverage'] for r in mine]):.2f}, "
            f"{np.mean([r['samples'] for r in mine]):.0f} samples, "
            f"{sum(r['rollbacks'] for r in mine)} roll-backs"
        )
        rows.append(
            {
                "what": f"spread of generated over held-out, {name}",
                "value": diversity.mean(),
                "low": diversity.min(),
                "high": diversity.max(),
                "floor": 1.0,
                "better": "higher",
                "note": note,
            }
        )
    count = len(runs)
    rows += [
        {
            "what": f"runs that collapsed, of {count}",
            "value": sum(r["diversity"] < 0.25 for r in runs),
            "goal": 0,
            "better": "lower",
            "note": "",
        },
        {
            "what": f"runs with a non-finite value, of {count}",
            "value": sum(not r["finite"] for r in runs),
            "goal": 0,
            "better": "lower",
            "note": "",
        },
        {
            "what": f"runs that were stopped or failed, of {count}",
            "value": sum(r["code"] != 0 for r in runs),
            "goal": 0,
            "better": "lower",
            "note": "",
        },
    ]
    write_result("stability", rows, list(SEEDS), time.monotonic() - started)


if __name__ == "__main__":
    main()
