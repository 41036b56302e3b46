"""Outlines of nuclei and of cells between membranes: the segmenter against pipelines without learning.

    make bench NAME=images_segmentation                    everything, about 45 CPU minutes on one thread
    python -m benchmarks.images_segmentation finished       the table of the runs finished so far
    python -m benchmarks.images_segmentation run NAME SEED LABELS     one run, printed as JSON

Nuclei: dsb2018, 334 images of 256²; every fourth is for the test, 8, 32 or all of the others are annotated, by seed.
The arm "generated" gets imagined pairs beside the real ones, learned from the annotated images and, without their
annotations, from the other training images. The score is the mean over test images of TP / (TP + FP + FN) at IoU 0.5.
Membranes: the ISBI 2012 slices 0-9 to learn from, 10-29 for the test; the score is the foreground-restricted Rand
F-score. Settings were chosen on training images. Every run is one thread, timed in CPU seconds, and kept in the cache
under what decided it.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks import classical_segmentation as classical
from benchmarks.blood import CACHE, data_folder
from benchmarks.record import write_result
from vivogan.core.files import write_bytes
from vivogan.domains.images.annotations.objects import Objects
from vivogan.domains.images.scenes.imagine import imagine
from vivogan.domains.images.scenes.settings import SceneSettings
from vivogan.domains.images.tools.pairs import Normaliser, Pair
from vivogan.domains.images.tools.segment import SegmentPlan, fit_segmenter, plan_for
from vivogan.metrics.instances import average_precision, f1, foreground_restricted_rand

SEEDS = (0, 1, 2)
LABELS = (8, 32, 0)  # annotated images; 0 is all of them
GOALS = {8: 0.80, 32: 0.86, 0: 0.90}
IMAGINED = 96
Job = tuple[str, int, int]  # name, seed, annotated images


@cache
def nuclei() -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.intp], NDArray[np.intp]]:
    """Images [n, 256, 256, 1], labels, indices of the training and of the test images."""
    with np.load(data_folder() / "dsb2018_nuclei" / "dsb2018_fluo256.npz") as arrays:
        images, labels = arrays["images"][..., None], arrays["labels"].astype(np.int32)
    index = np.arange(len(images))
    return images, labels, index[index % 4 != 0], index[index % 4 == 0]


@cache
def membranes() -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Slices [30, 512, 512, 1]; the pieces of cell interior as labels."""
    with np.load(data_folder() / "isbi2012_em" / "isbi2012_em_train.npz") as arrays:
        images, inside = arrays["images"][..., None], arrays["labels"] > 0
    return images, np.stack([ndimage.label(part)[0] for part in inside]).astype(np.int32)


@cache
def plan_of(name: str) -> SegmentPlan:
    """What the product plans for such objects."""
    return plan_for(list(membranes()[1][:10]) if name == "membranes" else [nuclei()[1][i] for i in nuclei()[2]])


def pair(image: NDArray[Any], labels: NDArray[np.int32], normalise: Normaliser) -> Pair:
    return Pair(normalise(image), Objects.from_labels(labels))


def run_nuclei(name: str, seed: int, annotated: int) -> dict[str, Any]:
    """One training of the segmenter on nuclei; scores on the test images."""
    images, labels, pool, test = nuclei()
    order = np.random.default_rng(seed).permutation(pool)
    chosen = order[: annotated or len(order)]
    unlabelled = chosen if name == "real" else np.setdiff1d(pool, chosen)
    normalise = Normaliser.fit([images[i] for i in sorted({*chosen, *unlabelled})])
    real = [pair(images[i], labels[i], normalise) for i in chosen]
    began = time.process_time()
    made = MADE[name](real, [normalise(images[i]) for i in unlabelled], seed)
    middle = time.process_time()
    segmenter = fit_segmenter(real, made, plan_of(name), seed, log=say(name, seed, annotated))
    ended = time.process_time()
    scores = []
    for i in test:
        found = segmenter.segment(normalise(images[i])).labels
        assert found is not None
        scores.append(
            [average_precision(labels[i], found), average_precision(labels[i], found, 0.75), f1(labels[i], found)]
        )
    mean = np.mean(scores, axis=0)
    return {
        "value": mean[0],
        "ap_75": mean[1],
        "f1": mean[2],
        "imagining_seconds": middle - began,
        "cpu_seconds": ended - middle,
        "decoder": segmenter.decoder.model_dump(),
    }


def imagined(real: list[Pair], unlabelled: list[NDArray[np.float32]], seed: int) -> list[Pair]:
    """Pairs that look like the images; the unlabelled ones' annotations are never seen."""
    return imagine(real, unlabelled, IMAGINED, (256, 256), SceneSettings(), seed, lambda record: None)


def taught(real: list[Pair], unlabelled: list[NDArray[np.float32]], seed: int) -> list[Pair]:
    """The unlabelled images with what a first segmenter finds in them (Lee 2013)."""
    teacher = fit_segmenter(real, [], plan_of("self-taught"), seed)
    return [Pair(image, teacher.segment(image)) for image in unlabelled]


MADE = {"real": lambda *given: [], "generated": imagined, "self-taught": taught}


def run_membranes(seed: int) -> dict[str, Any]:
    """One training of the segmenter on membranes; Rand scores of the test slices."""
    images, labels = membranes()
    normalise = Normaliser.fit(list(images[:10]))
    real = [pair(images[i], labels[i], normalise) for i in range(10)]
    began = time.process_time()
    segmenter = fit_segmenter(real, [], plan_of("membranes"), seed, log=say("membranes", seed, 10))
    ended = time.process_time()
    scores = []
    for i in range(10, 30):
        found = segmenter.segment(normalise(images[i])).labels
        assert found is not None
        scores.append([foreground_restricted_rand(labels[i], found), average_precision(labels[i], found)])
    mean = np.mean(scores, axis=0)
    decoder = segmenter.decoder.model_dump()
    return {"value": mean[0], "ap_50": mean[1], "cpu_seconds": ended - began, "decoder": decoder}


def run_classical(name: str) -> dict[str, Any]:
    """A pipeline without learning, its parameters tuned on the training images."""
    began = time.process_time()
    if name == "nuclei: Otsu + watershed":
        images, labels, train, test = nuclei()
        train, pipeline, grid, score = train[::4], classical.otsu_watershed, classical.NUCLEI, average_precision
    else:
        images, labels = membranes()
        train, test, score = np.arange(10), np.arange(10, 30), foreground_restricted_rand
        pipeline, grid = classical.GRIDS[name]
    x = {i: image_of(images[i]) for i in (*train, *test)}
    point = classical.tuned(pipeline, grid, [x[i] for i in train], [labels[i] for i in train], score)
    values = [score(labels[i], pipeline(x[i], **point)) for i in test]
    return {"value": float(np.mean(values)), "cpu_seconds": time.process_time() - began, "parameters": point}


def image_of(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    return image[..., 0].astype(np.float32) / 255


def say(name: str, seed: int, annotated: int) -> Any:
    return lambda record: print(name, seed, annotated, record, file=sys.stderr, flush=True)


def run(job: Job) -> dict[str, Any]:
    """The numbers of a run."""
    torch.set_num_threads(1)
    name, seed, annotated = job
    if name in MADE:
        return run_nuclei(name, seed, annotated)
    return run_membranes(seed) if name == "membranes" else run_classical(name)


CLASSICAL: list[Job] = [(name, 0, 0) for name in ("nuclei: Otsu + watershed", *classical.GRIDS)]
JOBS: list[Job] = [
    *(("real", seed, n) for seed in SEEDS for n in LABELS),
    *(("membranes", seed, 10) for seed in SEEDS),
    *CLASSICAL,
    *(("generated", seed, n) for n in LABELS for seed in SEEDS),
    *(("self-taught", seed, 8) for seed in SEEDS),
]


def kept(job: Job) -> Path:
    """Where the numbers of a finished run are kept."""
    name, seed, annotated = job
    if job in CLASSICAL:
        settings = re.sub(" at 0x[0-9a-f]+", "", f"{classical.GRIDS.get(name, classical.NUCLEI)}")  # no addresses
    else:
        settings = f"{plan_of(name)}{(IMAGINED, SceneSettings()) if name == 'generated' else ''}"
    key = hashlib.sha256(settings.encode()).hexdigest()[:12]
    words = "".join(c if c.isalnum() else "-" for c in name)
    return CACHE / "images_segmentation" / f"{words}-{annotated}-{seed}-{key}.json"


def numbers(job: Job) -> dict[str, Any]:
    """The numbers of a run, or those kept of it."""
    path = kept(job)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, json.dumps(run(job)).encode())
    return dict(json.loads(path.read_bytes()))


def row(what: str, runs: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Mean and extremes over seeds; the spread and the cost in the note."""
    values = np.array([r["value"] for r in runs])
    spread = f"± {values.std(ddof=1):.3f}, {len(values)} seeds" if len(values) > 1 else "one run"
    extra = "".join(
        f", {key} {np.mean([r[key] for r in runs]):.3f}" for key in ("ap_75", "ap_50", "f1") if key in runs[0]
    )
    seconds = np.mean([r["cpu_seconds"] for r in runs])
    note = f"{values.mean():.3f} {spread}{extra}, {seconds:.0f} CPU s"
    return {
        "what": what,
        "value": values.mean(),
        "low": values.min(),
        "high": values.max(),
        "better": "higher",
        "note": note,
        **more,
    }


def nuclei_rows(done: dict[Job, dict[str, Any]]) -> list[dict[str, Any]]:
    otsu = done.get(CLASSICAL[0])
    rows = [row("AP@0.5 nuclei, Otsu + watershed", [otsu])] if otsu else []
    baseline = {"baseline": otsu["value"]} if otsu else {}
    for n in LABELS:
        arms = {}
        for arm, how in (("real", ""), ("generated", ", with generated pairs"), ("self-taught", ", self-taught")):
            arms[arm] = {seed: done[arm, seed, n] for seed in SEEDS if (arm, seed, n) in done}
            if arms[arm]:
                what = f"AP@0.5 nuclei, {n or 'all'} annotated{how}"
                rows.append(row(what, list(arms[arm].values()), goal=GOALS[n], **baseline))
        rows += gains(arms["generated"], arms["real"], "generated pairs", n)
        rows += gains(arms["self-taught"], arms["real"], "self-training", n)
    return rows


def gains(arm: dict[int, Any], real: dict[int, Any], what: str, n: int) -> list[dict[str, Any]]:
    """The row of what an arm adds to the one without, over the seeds that both have."""
    both = [seed for seed in SEEDS if seed in arm and seed in real]
    if not both:
        return []
    values = np.array([arm[seed]["value"] - real[seed]["value"] for seed in both])
    goal = {"goal": 0.03} if n == 8 and what == "generated pairs" else {}
    what = f"gain of {what}, {n or 'all'} annotated"
    return [
        {"what": what, "value": values.mean(), "low": values.min(), "high": values.max(), "better": "higher", **goal}
    ]


def membrane_rows(done: dict[Job, dict[str, Any]]) -> list[dict[str, Any]]:
    rows = [row(f"Rand membranes, {job[0]}", [done[job]]) for job in CLASSICAL[1:] if job in done]
    runs = [done["membranes", seed, 10] for seed in SEEDS if ("membranes", seed, 10) in done]
    if runs:
        best = {"baseline": max(r["value"] for r in rows)} if rows else {}
        # The goal is .95, or ten points above the best of the three pipelines without learning.
        goal = min(0.95, best["baseline"] + 0.10) if len(rows) == len(CLASSICAL) - 1 else 0.95
        rows.append(row("Rand membranes, segmenter on 10 slices", runs, goal=goal, **best))
    return rows


def main(finished_only: bool = False) -> None:
    jobs = [job for job in JOBS if kept(job).exists()] if finished_only else JOBS
    done = {job: numbers(job) for job in jobs}
    seconds = sum(r["cpu_seconds"] + r.get("imagining_seconds", 0.0) for r in done.values())
    write_result("images_segmentation", nuclei_rows(done) + membrane_rows(done), SEEDS, seconds)


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        print(json.dumps(run((sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))))
    else:
        main(finished_only=sys.argv[1:2] == ["finished"])
