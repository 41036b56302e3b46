"""Counting an image of 4096² by tiles on two threads: seconds, peak memory, and that tiles change nothing.

    make bench NAME=images_tiling

The counter learns briefly from simulated cells; the large image is made of simulated scenes of 512². Time and memory
are those of a process of its own that reads the image from a TIFF, counts it with three mirrored views, finds every
object and writes the results, as ``vivogan images count run`` does.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import torch

from benchmarks.record import write_result
from vivogan.domains.images.scenes.simulator import simulate
from vivogan.domains.tasks.api import TaskDoor
from vivogan.domains.tasks.run import TaskRun

SIDE, SCENE, THREADS = 4096, 512, 2


def prepared(folder: Path) -> tuple[Path, Path]:
    """A run, and the large image."""
    pairs = simulate("fluorescence", 24, (160, 160), seed=0)
    images = np.stack([np.clip(pair.image[0] * 200 + 20, 0, 255).astype(np.uint8) for pair in pairs])
    np.savez(folder / "cells.npz", images=images, labels=np.stack([pair.objects.labels for pair in pairs]))
    overrides = ["generated=0", "counter.zoom=1", "counter.size_weight=0.3"]
    TaskDoor("images", "count").train(
        folder / "cells.npz", folder / "run", budget="1600", overrides=overrides, threads=THREADS, curve=False
    )
    scenes = [pair.image[0] for pair in simulate("fluorescence", 8, (SCENE, SCENE), seed=1)]
    rng = np.random.default_rng(0)
    n = SIDE // SCENE
    rows = [np.concatenate([scenes[int(rng.integers(8))] for _ in range(n)], 1) for _ in range(n)]
    whole = np.clip(np.concatenate(rows) * 200 + 20, 0, 255).astype(np.uint8)
    tifffile.imwrite(folder / "large.tif", whole)
    return folder / "run", folder / "large.tif"


def counted(run: Path, image: Path, out: Path) -> dict[str, Any]:
    """In this process: seconds and peak memory of one application."""
    began, spent = time.perf_counter(), time.process_time()
    opened = TaskDoor("images", "count").open(run, threads=THREADS)
    found = opened.apply(image, out)
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "cpu_seconds": time.process_time() - spent,
        "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "objects": found["objects"],
    }


def difference(run: Path, image: Path) -> tuple[float, float]:
    """The largest difference between the densities of tiles and of the whole (1024²), and of their counts' ratio."""
    model: Any = TaskRun.open(run, threads=THREADS).model
    part = tifffile.imread(image)[:1024, :1024].astype(np.float32)[None] / 220
    once, tiled = model.count(part, tile=1 << 20), model.count(part, tile=192)
    ratio = abs(float(tiled.counts[0] / once.counts[0]) - 1)
    return float(np.abs(tiled.density - once.density).max() / np.abs(once.density).max()), ratio


def main(arguments: list[str]) -> None:
    if arguments:
        print(json.dumps(counted(*(Path(word) for word in arguments))))
        return
    began = time.time()
    torch.set_num_threads(THREADS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run, image = prepared(folder)
        runs = []
        for i in range(3):
            command = [sys.executable, "-m", "benchmarks.images_tiling", str(run), str(image), str(folder / f"out{i}")]
            runs.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        density, ratio = difference(run, image)
    seconds = [r["seconds"] for r in runs]
    note = f"{runs[0]['objects']} objects, {THREADS} threads, 3 views, middle of three runs; files included"
    rows = [
        {"what": "seconds to count 4096²", "value": float(np.median(seconds)), "low": min(seconds),
         "high": max(seconds), "goal": 60, "better": "lower", "note": note},
        {"what": "CPU seconds of that", "value": float(np.median([r["cpu_seconds"] for r in runs])), "better": "lower",
         "note": "both threads together; a shared machine stretches seconds, not these"},
        {"what": "peak memory (MiB)", "value": max(r["mebibytes"] for r in runs), "goal": 1536, "better": "lower",
         "note": "whole process"},
        {"what": "largest difference of tiled and untiled density, of its maximum", "value": density, "goal": 1e-5,
         "better": "lower", "note": "1024², tiles of 192"},
        {"what": "relative difference of tiled and untiled count", "value": ratio, "goal": 1e-5, "better": "lower"},
    ]  # fmt: skip
    write_result("images_tiling", rows, [0], time.time() - began)


if __name__ == "__main__":
    main(sys.argv[1:])
