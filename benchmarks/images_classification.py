"""Blood cells from few labels, with rare classes, by probes, and how honest the classifier is about itself.

    make bench NAME=images_classification                      everything, about an hour of one core
    python -m benchmarks.images_classification finished         the table of the runs finished so far
    python -m benchmarks.images_classification run KIND ARM LABELS SEED    one run, printed as JSON

The data are pbc_blood_cells_28 with the split of the file; settings were chosen on its validation part, everything here
is measured on its test part. **Few labels**: 20, 50 or 100 images a class are labelled, the rest of the training part
is a pool without labels; a seed decides which ones, and everything else. **Rare classes**: of basophils and monocytes
20 labelled images are left and nothing else; the other classes are whole and there is no pool. All arms have the same
network, the same number of steps and of images a step. Each finished run is kept in the cache under what decided it, so
that a stopped benchmark goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from benchmarks.blood import CACHE, Blood, Part, data_folder
from benchmarks.record import write_result
from vivogan.core.checkpoints import Checkpoints
from vivogan.core.files import write_bytes
from vivogan.domains.images.plan import networks, recipe
from vivogan.domains.images.symmetry import MOVES, symmetrise
from vivogan.domains.images.tools.classifier import Classifier
from vivogan.domains.images.tools.classify import ClassifyPlan, fit_classifier, pretrain_trunk
from vivogan.domains.images.tools.confidence import calibration_error
from vivogan.domains.images.tools.contrast import ContrastSettings
from vivogan.domains.images.tools.embed import embed, handcrafted, linear_probe, pixel_components
from vivogan.engine.dealer import TrainingSet
from vivogan.engine.game import Game
from vivogan.engine.hooks import Hooks
from vivogan.engine.sampler import sample
from vivogan.engine.trainer import Trainer

SEEDS = (0, 1, 2)
LABELS = (20, 50, 100)
GOALS = {20: 0.90, 50: 0.935, 100: 0.95}
RARE, KEPT = (0, 5), 20  # basophil, monocyte
LEFT_OUT = 1  # the class that unknown detection never sees: eosinophil
GAME_SAMPLES = 60_000  # of each generative adversarial network here
FOLDER = CACHE / "images_classification"

PLAN = ClassifyPlan(calibration_folds=0)
ALONE = PLAN.model_copy(update={"contrast": ContrastSettings(steps=0), "pool": 0.0})
FEW: dict[str, ClassifyPlan] = {
    "alterations only": ALONE,
    "without a GAN": PLAN,
    "virtual adversaries": PLAN.model_copy(update={"adversarial": 0.3, "radius": 0.01}),
    "generated images": PLAN,
}
RARELY: dict[str, ClassifyPlan] = {
    "plain": ALONE.model_copy(update={"balance": 0.0}),
    "balanced": ALONE,
    "half balanced": ALONE.model_copy(update={"balance": 0.5}),
    "generated images": ALONE.model_copy(update={"generated": 0.15}),
}
PROBED = ("trunk", "discriminator", "by hand", "pixel components")
Run = tuple[str, str, int, int]  # kind, arm, labels a class, seed


@dataclass(frozen=True)
class Task:
    """Labelled images, their classes, and the pool."""

    x: Tensor
    y: NDArray[np.intp]
    pool: Tensor


@cache
def validation() -> Part:
    """The part on which settings were chosen."""
    with np.load(data_folder() / "pbc_blood_cells_28" / "pbc28.npz") as arrays:
        x, y, part = arrays["x"], arrays["y"].astype(np.intp), arrays["split"]
    encoded = torch.from_numpy(x[part == 1]).permute(0, 3, 1, 2).float() / 127.5 - 1
    return Part(encoded.contiguous(memory_format=torch.channels_last), y[part == 1])


def few(blood: Blood, labels: int, seed: int, without: int | None = None) -> Task:
    """``labels`` images a class, drawn by the seed, and all others as the pool; ``without`` is a class to leave out."""
    order = np.random.default_rng(1000 + seed).permutation(len(blood.train.y))
    order = order[blood.train.y[order] != without]
    y = blood.train.y[order]
    first = np.zeros(len(y), bool)
    for k in np.unique(y):
        first[np.flatnonzero(y == k)[:labels]] = True
    known, rest = order[first], order[~first]
    return Task(blood.train.x[torch.from_numpy(known)], blood.train.y[known], blood.train.x[torch.from_numpy(rest)])


def rare(blood: Blood, seed: int) -> Task:
    """Everything labelled, but of the rare classes only ``KEPT`` images that the seed drew."""
    order = np.random.default_rng(2000 + seed).permutation(len(blood.train.y))
    y = blood.train.y[order]
    kept = np.ones(len(y), bool)
    for k in RARE:
        kept[np.flatnonzero(y == k)[KEPT:]] = False
    rows = order[kept]
    return Task(blood.train.x[torch.from_numpy(rows)], blood.train.y[rows], blood.train.x[:0])


def shared_trunk(blood: Blood, without: int | None = None) -> dict[str, Tensor]:
    """The trunk that learned from the training part without labels, once for all label counts and seeds."""
    plan = PLAN if without is None else _shorter(PLAN)
    key = hashlib.sha256(f"{plan.contrast}{plan.widths}{without}".encode()).hexdigest()[:12]
    path = FOLDER / f"trunk-{key}.safetensors"
    if not path.exists():
        x = blood.train.x if without is None else blood.train.x[torch.from_numpy(blood.train.y != without)]
        started = time.process_time()
        trunk = pretrain_trunk(x, plan, seed=0, log=_say)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({name: tensor.contiguous() for name, tensor in trunk.items()}, path)
        write_bytes(path.with_suffix(".json"), json.dumps({"cpu_seconds": time.process_time() - started}).encode())
    return dict(load_file(path))


def _shorter(plan: ClassifyPlan) -> ClassifyPlan:
    return plan.model_copy(update={"contrast": plan.contrast.model_copy(update={"steps": plan.contrast.steps // 3})})


def game(x: Tensor, y: NDArray[np.intp], classes: int, seed: int, balance: float) -> Game:
    """The product's generative adversarial network after ``GAME_SAMPLES`` samples of x."""
    plan = recipe(28)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        players = networks(3, classes, plan)
    settings = plan.game.model_copy(update={"samples": GAME_SAMPLES, "tick": GAME_SAMPLES // 4, "balance": balance})
    played = Game(*players, settings)
    hooks = Hooks(log=_say, symmetry=lambda x, rng: symmetrise(x, rng, MOVES))
    with tempfile.TemporaryDirectory() as folder:
        Trainer(played, TrainingSet(x, torch.from_numpy(y), y), seed, Checkpoints(folder), hooks).run()
    return played


def shared_game(blood: Blood) -> Game:
    """One generative adversarial network of the training part without labels, kept in the cache."""
    path = FOLDER / f"game-{GAME_SAMPLES}.safetensors"
    parts = ("generator", "discriminator", "average")
    if not path.exists():
        played = game(blood.train.x, np.zeros(len(blood.train.y), np.intp), 1, 0, 0.0)
        tensors = {f"{p}.{n}": t.contiguous() for p in parts for n, t in getattr(played, p).state_dict().items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, path)
    played = Game(*networks(3, 1, recipe(28)), recipe(28).game)
    kept = load_file(path)
    for part in parts:
        prefix = f"{part}."
        getattr(played, part).load_state_dict({n[len(prefix) :]: t for n, t in kept.items() if n.startswith(prefix)})
    return played


def made_by(played: Game, y: NDArray[np.intp], seed: int) -> Tensor:
    """One generated image of each class in ``y``."""
    return sample(played.average, seed, np.arange(len(y)), lambda i: torch.from_numpy(y[i % len(y)]))


# ── the kinds of run ───────────────────────────────────────────────────────────────────────────────────────────────


def run_few(arm: str, labels: int, seed: int) -> dict[str, Any]:
    """One classifier from few labels; accuracy on the validation and test parts."""
    blood, plan = Blood.load(), FEW[arm]
    task, trunk = few(blood, labels, seed), shared_trunk(blood) if plan.contrast.steps else None
    pool = task.pool
    if arm == "generated images":  # a fifth of the pool is generated; it is labelled as the pool is
        images = made_by(shared_game(blood), np.zeros(len(pool) // 4, np.intp), seed)
        pool = torch.cat([pool, images])
    started = time.process_time()
    found = fit_classifier(task.x, task.y, pool, plan, seed, trunk=trunk)
    cpu = time.process_time() - started
    return _scores(found, blood) | {"cpu_seconds": cpu}


def run_rare(arm: str, labels: int, seed: int) -> dict[str, Any]:
    """One classifier with two rare classes; balanced accuracy."""
    blood, plan = Blood.load(), RARELY[arm]
    task, generated, extra = rare(blood, seed), None, 0.0
    started = time.process_time()
    if plan.generated:
        played = game(task.x, task.y, 8, seed, balance=1.0)
        extra, started = time.process_time() - started, time.process_time()
        y = np.repeat(RARE, 1000).astype(np.intp)
        images = made_by(played, y, seed)
        generated = images, y
    found = fit_classifier(task.x, task.y, None, plan, seed, generated=generated)
    cpu = time.process_time() - started
    return _scores(found, blood) | {"cpu_seconds": cpu, "game_cpu_seconds": extra}


def run_ceiling(arm: str, labels: int, seed: int) -> dict[str, Any]:
    """The classifier of ``run_rare`` with no class cut: what a perfect cure of rarity could reach."""
    blood = Blood.load()
    found = fit_classifier(blood.train.x, blood.train.y, None, ALONE, seed)
    return _scores(found, blood)


def run_trust(arm: str, labels: int, seed: int) -> dict[str, Any]:
    """Calibration before and after the temperature; telling noise and a class never seen from the known ones."""
    from sklearn.metrics import roc_auc_score

    blood, plan = Blood.load(), PLAN.model_copy(update={"calibration_folds": 2})
    without = LEFT_OUT if arm == "unknown" else None
    task = few(blood, labels, seed, without)
    y = task.y - (task.y > LEFT_OUT) if without is not None else task.y
    found = fit_classifier(task.x, y, task.pool, plan, seed, trunk=shared_trunk(blood, without))
    if without is None:
        before = Classifier(found.network, found.side, found.moves)
        return {
            "ece_before": calibration_error(before.probabilities(blood.test.x), blood.test.y),
            "ece_after": calibration_error(found.probabilities(blood.test.x), blood.test.y),
            "temperature": found.temperature,
        }
    novel = blood.test.y == LEFT_OUT
    score = found.unknown(blood.test.x)
    noise = blood.test.x[:500] + 0.5 * torch.randn(500, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    blank = torch.rand(500, 3, 28, 28, generator=torch.Generator().manual_seed(1)) * 2 - 1
    known = score.score[~novel]

    def auc(other: NDArray[np.float64]) -> float:
        return float(roc_auc_score(np.repeat([0, 1], [len(known), len(other)]), np.concatenate([known, other])))

    return {
        "auc_class": auc(score.score[novel]),
        "auc_noisy": auc(found.unknown(noise[torch.from_numpy(~novel[:500])]).score),
        "auc_noise": auc(found.unknown(blank).score),
        "false_alarms": float(score.unknown[~novel].mean()),
        "found": float(score.unknown[novel].mean()),
    }


def run_probe(arm: str, labels: int, seed: int) -> dict[str, Any]:
    """Accuracy of a logistic regression on features of ``labels`` images a class."""
    blood = Blood.load()
    task = few(blood, labels, seed)
    train, test = _probed(arm, blood, task.x), _probed(arm, blood, blood.test.x)
    return {"accuracy": linear_probe(train, task.y, test, blood.test.y)}


def _probed(arm: str, blood: Blood, x: Tensor) -> NDArray[np.float64]:
    if arm == "by hand":
        return handcrafted(x)
    if arm == "pixel components":
        return pixel_components(x, blood.train.x[:4000])
    if arm == "discriminator":
        return embed(shared_game(blood).discriminator, x)
    from vivogan.domains.images.tools.classifier import ClassifierNetwork

    network = ClassifierNetwork(3, 2, PLAN.widths)
    network.load_state_dict(shared_trunk(blood), strict=False)
    return embed(Classifier(network, PLAN.side, PLAN.moves), x)


def _scores(found: Classifier, blood: Blood) -> dict[str, Any]:
    scores: dict[str, Any] = {}
    for name, part in (("validation", validation()), ("test", blood.test)):
        guess = found.probabilities(part.x).argmax(1)
        recall = [float((guess[part.y == k] == k).mean()) for k in range(8)]
        right = float((guess == part.y).mean())
        scores |= {name: right, f"{name}_balanced": float(np.mean(recall)), f"{name}_recall": recall}
    return scores


KINDS = {"few": run_few, "rare": run_rare, "ceiling": run_ceiling, "trust": run_trust, "probe": run_probe}
FIRST = ("alterations only", "without a GAN")  # the arms that every comparison needs
JOBS: list[Run] = [
    job
    for seed in SEEDS
    for job in (
        *(("few", arm, n, seed) for n in LABELS for arm in FIRST),
        *(("few", arm, LABELS[0], seed) for arm in FEW if arm not in FIRST),
        *(("rare", arm, KEPT, seed) for arm in RARELY),
        ("ceiling", "nothing rare", 0, seed),
        *(("probe", arm, 50, seed) for arm in PROBED),
        *(("trust", arm, 50, seed) for arm in ("calibration", "unknown") if seed == SEEDS[0]),
    )
] + [("few", "virtual adversaries", n, seed) for seed in SEEDS for n in LABELS[1:]]


def kept_at(job: Run) -> Path:
    """Where the numbers of a finished run are kept."""
    kind, arm, labels, seed = job
    plan = {"few": FEW, "rare": RARELY}.get(kind, {}).get(arm, PLAN)
    key = hashlib.sha256(f"{job}{plan}{PLAN.contrast}{GAME_SAMPLES}".encode()).hexdigest()[:12]
    return FOLDER / f"{kind}-{arm.replace(' ', '-')}-{labels}-{seed}-{key}.json"


def finished(job: Run) -> dict[str, Any]:
    """The numbers of a run, made in a process of its own where they are not kept."""
    kept = kept_at(job)
    if not kept.exists():
        command = [sys.executable, "-m", "benchmarks.images_classification", "run", *(str(part) for part in job)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=Path(__file__).parent.parent)
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(kept, done.stdout)
    return dict(json.loads(kept.read_bytes()))


def _say(record: dict[str, Any]) -> None:
    print({k: round(v, 3) if isinstance(v, float) else v for k, v in record.items()}, file=sys.stderr, flush=True)


# ── the table ──────────────────────────────────────────────────────────────────────────────────────────────────────

Runs = dict[Run, dict[str, Any]]


def values(runs: Runs, kind: str, arm: str, labels: int, field: str) -> NDArray[np.float64]:
    """The field of the finished seeds of an arm."""
    return np.array([r[field] for job, r in runs.items() if job[:3] == (kind, arm, labels)])


def spread(found: NDArray[np.float64]) -> dict[str, Any]:
    """Mean and extremes, and the standard deviation as words."""
    sd = f"± {found.std(ddof=1):.4f}" if len(found) > 1 else "(one seed)"
    note = f"{found.mean():.4f} {sd}, {len(found)} seeds"
    return {"value": found.mean(), "low": found.min(), "high": found.max(), "better": "higher", "note": note}


def few_rows(runs: Runs) -> list[dict[str, Any]]:
    rows = []
    for labels in LABELS:
        alone = values(runs, "few", "alterations only", labels, "test")
        for arm in FEW:
            found = values(runs, "few", arm, labels, "test")
            if len(found):
                cpu = values(runs, "few", arm, labels, "cpu_seconds").mean()
                row = {"what": f"accuracy, {labels} labels a class: {arm}", **spread(found), "goal": GOALS[labels]}
                if len(alone) and arm != "alterations only":
                    row["baseline"] = alone.mean()
                rows.append(row | {"note": f"{row['note']}, {cpu:.0f} CPU s"})
    return rows


def rare_rows(runs: Runs) -> list[dict[str, Any]]:
    rows, field = [], "test_balanced"
    found = {arm: values(runs, "rare", arm, KEPT, field) for arm in RARELY}
    found = {arm: v for arm, v in found.items() if len(v)}
    plain = [arm for arm in ("plain", "half balanced", "balanced") if arm in found]
    best = max((found[arm].mean() for arm in plain), default=None)
    for arm, v in found.items():
        recall = values(runs, "rare", arm, KEPT, "test_recall")[:, list(RARE)].mean(0)
        row = {"what": f"balanced accuracy, two classes of {KEPT}: {arm}", **spread(v)}
        if arm not in plain and best is not None:
            row |= {"baseline": best, "goal": best + 0.03}
        rows.append(row | {"note": f"{row['note']}; recall of the two {recall[0]:.2f}, {recall[1]:.2f}"})
    whole = values(runs, "ceiling", "nothing rare", 0, field)
    if len(whole):
        rows.append({"what": "balanced accuracy, all images of the two classes: the ceiling", **spread(whole)})
    return rows


def other_rows(runs: Runs) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for arm in PROBED:
        found = values(runs, "probe", arm, 50, "accuracy")
        if len(found):
            rows.append({"what": f"linear probe, 50 labels a class: {arm}", **spread(found)})
    said = runs.get(("trust", "calibration", 50, 0))
    if said:
        note = f"temperature {said['temperature']:.2f}, cross-fitted on the labelled images; 50 a class, one seed"
        rows.append({"what": "calibration error before", "value": said["ece_before"], "better": "lower"})
        rows.append({"what": "calibration error after", "value": said["ece_after"], "better": "lower", "note": note})
    told = runs.get(("trust", "unknown", 50, 0))
    if told:
        rate = f"{told['found']:.2f} of it called unknown at {told['false_alarms']:.3f} false alarms"
        for field, what, note in (
            ("auc_class", "a class never seen (eosinophils)", rate),
            ("auc_noisy", "known cells under noise of .5", ""),
            ("auc_noise", "pure noise", ""),
        ):
            rows.append({"what": f"unknown, AUC: {what}", "value": told[field], "better": "higher", "note": note})
    return rows


def main(finished_only: bool = False) -> None:
    started = time.monotonic()
    jobs = [job for job in JOBS if not finished_only or kept_at(job).exists()]
    runs: Runs = {}
    for job in jobs:
        runs[job] = finished(job)
        print(job, {k: v for k, v in runs[job].items() if isinstance(v, float)}, file=sys.stderr, flush=True)
    if not runs:
        raise SystemExit("no run is finished yet")
    rows = few_rows(runs) + rare_rows(runs) + other_rows(runs)
    write_result("images_classification", rows, sorted({job[3] for job in runs}), time.monotonic() - started)


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        torch.set_num_threads(1)
        kind, arm, labels, seed = sys.argv[2:6]
        print(json.dumps(KINDS[kind](arm, int(labels), int(seed))))
    else:
        main(finished_only=sys.argv[1:2] == ["finished"])
