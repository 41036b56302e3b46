"""Counting with few annotations: synthetic fluorescence cells, adipocytes, blood cells of three kinds.

    make bench NAME=images_counting                        everything, about 60 CPU minutes on one thread
    python -m benchmarks.images_counting finished           the table of the runs finished so far
    python -m benchmarks.images_counting "vgg real"         the runs of one set and arm

vgg_cells: images 0-99 are the pool, 100-199 the test; 2, 8 or 50 of the pool are annotated, by seed. The arm
"composed" adds images imagined from the whole pool without its annotations, "generated" the same after a game against
a discriminator; all arms of a row have the same network, steps and ordinary augmentation. With 0 annotated images only
imagined ones are learned from. adipocyte_cells: 50 of the first 100 images (by name) annotated, the others are the
test. bccd_blood_cells: the author's split, boxes of three classes; boxes drawn twice (IoU above .9) are merged, and
what they add to the counts is the floor. Every run is one thread, timed in CPU seconds, and kept in the cache.
"""

from __future__ import annotations

import sys
import time
import zipfile
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.blood import data_folder
from benchmarks.kept import kept, once
from benchmarks.record import write_result
from vivogan.core.configuration import override
from vivogan.domains.base import Split
from vivogan.domains.images.tasks import count as counting
from vivogan.domains.images.tasks.annotated import AnnotatedData
from vivogan.domains.images.tools.count import Counter
from vivogan.metrics.bootstrap import interval

NAME = "images_counting"
SEEDS = (0, 1, 2)
STEPS = {("vgg", 0): 1000, ("vgg", 2): 1000, ("vgg", 8): 4000, ("vgg", 50): 4000}  # of every arm alike
STEPS |= {("adipocyte", 50): 600, ("bccd", 292): 1500}
IMAGINED, ROUNDS = 150, 6
BLOOD = 292  # images of the author's training and validation parts
GOALS = {("vgg", 0): 3.5, ("vgg", 2): 2.9, ("vgg", 8): 2.2, ("vgg", 50): 1.9, ("adipocyte", 50): 14.0}
CLASS_GOALS = {"RBC": 2.0, "WBC": 0.3, "Platelets": 0.3}


@cache
def vgg() -> tuple[AnnotatedData, NDArray[np.intp], NDArray[np.intp]]:
    """The data, the pool and the test images."""
    data = read(data_folder() / "vgg_cells" / "vgg_cells.npz")
    return data, np.arange(100), np.arange(100, 200)


@cache
def adipocyte() -> tuple[AnnotatedData, NDArray[np.intp], NDArray[np.intp]]:
    """The same of adipocytes; images in the order of their names."""
    data = read(data_folder() / "adipocyte_cells" / "adipocyte_cells.zip")
    order = np.argsort(data.ids)
    return data, order[:100], order[100:]


@cache
def bccd() -> tuple[AnnotatedData, NDArray[np.intp], NDArray[np.intp]]:
    """The same of blood cells, with the author's split (train and val, test)."""
    data = read(data_folder() / "bccd_blood_cells" / "bccd.zip")
    part = data.images.part
    assert part is not None
    return data, np.flatnonzero(part != "test"), np.flatnonzero(part == "test")


def read(path: Path) -> AnnotatedData:
    return counting.TASK.read(path, {})


SETS = {"vgg": vgg, "adipocyte": adipocyte, "bccd": bccd}


def job(name: str, arm: str, labels: int, seed: int) -> dict[str, Any]:
    """Everything that decides a run."""
    return {"set": name, "arm": arm, "labels": labels, "seed": seed, "steps": STEPS[name, max(labels, 0)]}


def run(name: str, arm: str, labels: int, seed: int) -> dict[str, Any]:
    """Train one counter and judge it on the test images."""
    torch.set_num_threads(1)
    data, pool, test = SETS[name]()
    rng = np.random.default_rng(seed)
    known = np.sort(rng.permutation(pool)[:labels])
    nobody = np.zeros(0, np.intp)
    task = counting.TASK
    plan = task.plan(annotated_only(data, known), Split(known, nobody, nobody), {})
    plan = override(plan, [f"learn.steps={STEPS[name, labels]}", "learn.tick=250"])
    began = time.process_time()
    generated = [] if arm == "real" else imagined(name, arm == "generated", seed)
    middle = time.process_time()
    model = task.fit(data, known, nobody, generated, plan, seed, None, lambda record: None)
    ended = time.process_time()
    assert isinstance(model, Counter)
    judgement = task.judge(model, data, test, known)
    rows = judgement.images
    return {
        "value": judgement.value,
        "scores": {score.name: [score.value, score.low, score.high, score.baseline] for score in judgement.scores},
        "truth": [row["truth"] for row in rows],
        "found": [row["found"] for row in rows],
        "inside": float(np.mean([row["low"] <= row["truth"] <= row["high"] for row in rows])),
        "cpu_seconds": ended - middle,
        "imagining_seconds": middle - began,
    }


def annotated_only(data: AnnotatedData, known: NDArray[np.intp]) -> AnnotatedData:
    """The data as a user has them who annotated some images alone."""
    objects = [objects if i in known else None for i, objects in enumerate(data.images.objects)]
    return AnnotatedData(replace(data.images, objects=objects), data.normaliser)


@cache
def imagined(name: str, game: bool, seed: int) -> list[Any]:
    """Imagined images of a set, learned from its pool without annotations, with the game or without it."""
    data, pool, _ = SETS[name]()
    nobody = np.zeros(0, np.intp)
    plan = override(counting.CountingPlan(), [f"scenes.harvest.rounds={ROUNDS if game else 0}"])
    rest = np.setdiff1d(np.arange(len(data.ids)), pool)
    return counting.imagined.pairs(
        data, Split(nobody, nobody, rest), plan.scenes, plan.description, IMAGINED, seed, lambda record: None
    )


def jobs() -> list[tuple[str, str, int, int]]:
    """Every run, in the order in which they are worth having."""
    plain = [("vgg", "real", labels, seed) for seed in SEEDS for labels in (8, 50, 2)]
    other = [("bccd", "real", BLOOD, 0), ("adipocyte", "real", 50, 0)]
    made = [("vgg", arm, -1, seed) for arm in ("composed", "generated") for seed in SEEDS]
    more = [("vgg", "composed", 2, seed) for seed in SEEDS] + [("vgg", "composed", labels, 0) for labels in (8, 50)]
    return [*made, *plain, *other, *more]


def log_baseline() -> float:
    """vgg_cells without learning: peaks of a Laplacian of Gaussians, its scale and threshold tuned on the pool."""
    data, pool, test = vgg()
    true = {i: len(data.images.objects[i] or []) for i in [*pool, *test]}

    def peaks(i: int, sigma: float) -> NDArray[np.float64]:
        sharp = -ndimage.gaussian_laplace(data.image(i)[0], sigma) * sigma**2
        return sharp[(ndimage.maximum_filter(sharp, 5) == sharp) & (sharp > 0)]

    best = (float("inf"), 0.0, 0.0)
    for sigma in (2.0, 3.0, 4.0):
        found = {i: peaks(i, sigma) for i in pool[::4]}
        for threshold in np.linspace(0.02, 0.4, 20):
            wrong = float(np.mean([abs((found[i] > threshold).sum() - true[i]) for i in found]))
            best = min(best, (wrong, sigma, threshold))
    return float(np.mean([abs((peaks(i, best[1]) > best[2]).sum() - true[i]) for i in test]))


def blood_floor() -> dict[str, float]:
    """How far the annotators' counts lie from themselves, by class: boxes as drawn against those without doubles."""
    data, _, test = bccd()
    wrong = np.zeros((len(test), len(data.names)))
    with zipfile.ZipFile(data_folder() / "bccd_blood_cells" / "bccd.zip") as archive:
        for row, i in enumerate(test.tolist()):
            text = archive.read(f"BCCD/Annotations/{Path(data.ids[i]).stem}.xml").decode()
            objects = data.images.objects[i]
            assert objects is not None
            kept_counts = np.bincount(objects.classes, minlength=len(data.names))
            wrong[row] = np.abs([text.count(f"<name>{name}</name>") for name in data.names] - kept_counts)
    return dict(zip(data.names, wrong.mean(0).tolist(), strict=True))


def rows() -> list[dict[str, Any]]:
    """The table of what has finished."""
    made: list[dict[str, Any]] = []
    simple = once(NAME, {"baseline": "log"}, lambda: {"value": log_baseline()})["value"]
    for labels in (0, 2, 8, 50):
        for arm in ("real", "composed", "generated"):
            found = [r for s in SEEDS if (r := kept(NAME, job("vgg", arm, labels or -1, s)))]
            if found:
                made.append(vgg_row(labels, arm, found, simple))
    for arm in ("real", "generated"):
        found = kept(NAME, job("adipocyte", arm, 50, 0))
        if found:
            made.append(single("adipocytes, 50 annotated", arm, found, GOALS["adipocyte", 50]))
    blood = kept(NAME, job("bccd", "real", BLOOD, 0))
    if blood:
        made += blood_rows(blood)
    return made


def vgg_row(labels: int, arm: str, found: list[dict[str, Any]], simple: float) -> dict[str, Any]:
    values = np.array([r["value"] for r in found])
    if len(found) == 1:
        return single(f"vgg cells, {labels} annotated", arm, found[0], GOALS["vgg", labels], simple)
    inside = ", ".join(f"{r['inside']:.2f}" for r in found)
    return {
        "what": f"vgg cells, {labels} annotated, {words(arm)}: MAE",
        "value": values.mean(),
        "low": values.mean() - values.std(ddof=1),
        "high": values.mean() + values.std(ddof=1),
        "baseline": simple,
        "goal": GOALS["vgg", labels],
        "better": "lower",
        "note": f"mean ± sd of {len(found)} seeds; {spent(found)}; 90 % intervals held {inside}; "
        "baseline: tuned Laplacian of Gaussians",
    }


def single(what: str, arm: str, found: dict[str, Any], goal: float, baseline: float | None = None) -> dict[str, Any]:
    wrong = np.abs(np.array(found["found"]) - np.array(found["truth"]))
    low, high = interval(lambda x: float(np.mean(x)), wrong)
    simple = baseline if baseline is not None else next(iter(found["scores"].values()))[3]
    return {
        "what": f"{what}, {words(arm)}: MAE",
        "value": found["value"],
        "low": low,
        "high": high,
        "baseline": simple,
        "goal": goal,
        "better": "lower",
        "note": f"one seed, bootstrap interval; {spent([found])}; 90 % intervals held {found['inside']:.2f}",
    }


def blood_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    floor = blood_floor()
    made = []
    for name, (value, low, high, baseline) in found["scores"].items():
        kind = name.rpartition(", ")[2]
        counts = name.startswith("mean absolute error")
        made.append(
            {
                "what": f"blood cells: {name}",
                "value": value,
                "low": low,
                "high": high,
                "baseline": baseline,
                "better": "lower" if counts else "higher",
                "note": f"one seed, bootstrap interval; {spent([found])}",
            }
            | ({"goal": CLASS_GOALS[kind], "floor": floor.get(kind)} if counts else {})
        )
    return made


def words(arm: str) -> str:
    return {
        "real": "without generated images",
        "composed": "with generated images",
        "generated": "with generated images after a game",
    }[arm]


def spent(found: list[dict[str, Any]]) -> str:
    learning, imagining = (np.mean([r[part] for r in found]) for part in ("cpu_seconds", "imagining_seconds"))
    return f"{learning:.0f} CPU s to learn" + (f", {imagining:.0f} to imagine" if imagining > 1 else "")


def main(arguments: list[str]) -> None:
    began = time.time()
    if arguments[:1] != ["finished"]:
        for name, arm, labels, seed in jobs():
            if arguments and f"{name} {arm}" not in " ".join(arguments):
                continue
            found = once(NAME, job(name, arm, labels, seed), partial(run, name, arm, max(labels, 0), seed))
            print(name, arm, labels, seed, found["value"], found["inside"], round(found["cpu_seconds"]), flush=True)
    write_result(NAME, rows(), SEEDS, time.time() - began)


if __name__ == "__main__":
    main(sys.argv[1:])
