"""Fréchet distance on blood cells at equal CPU time: the product's default against published recipes.

    make bench NAME=images_quality                        everything, about 90 minutes
    python -m benchmarks.images_quality finished           the table of the runs finished so far
    python -m benchmarks.images_quality arm NAME SEED CPU_SECONDS [field=value …]     one run, printed as JSON

Each short run is one process with one thread and 300 CPU seconds: five minutes; two run side by side, one a core. CPU
time, not wall time, so that a neighbour on the machine cannot decide the comparison. The long run gets 2,400 CPU
seconds: what twenty minutes on two cores give. Finished runs are kept in the cache under what decided them (arm, seed,
seconds, settings, parameters), so that a stopped benchmark goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.blood import CACHE, Blood
from benchmarks.peers import PEERS
from benchmarks.record import write_result
from vivogan.core.checkpoints import Checkpoints
from vivogan.core.configuration import override
from vivogan.core.files import write_bytes
from vivogan.domains.images.plan import networks, recipe
from vivogan.domains.images.symmetry import MOVES, symmetrise
from vivogan.engine.dealer import TrainingSet
from vivogan.engine.game import Game
from vivogan.engine.hooks import Hooks
from vivogan.engine.sampler import sample
from vivogan.engine.settings import GameSettings
from vivogan.engine.speed import samples_per_second
from vivogan.engine.trainer import Trainer
from vivogan.metrics.frechet import frechet_distance
from vivogan.metrics.manifold import coverage, precision_recall_density_coverage

SEEDS = (0, 1, 2)
SHORT, LONG = 300, 2400  # CPU seconds
OURS = "vivogan"


def ours(classes: int) -> tuple[torch.nn.Module, torch.nn.Module, GameSettings]:
    """The default that ``vivogan images train`` plans for this data set."""
    plan = recipe(28)
    return *networks(3, classes, plan), plan.game


ARMS = {OURS: ours, **PEERS}


def arm(name: str, seed: int, seconds: float, changes: list[str]) -> dict[str, Any]:
    """One run of one thread and ``seconds`` of CPU time; the numbers of its end and on its way."""
    torch.set_num_threads(1)
    blood = Blood.load()
    train, test, extractor = blood.train, blood.test, blood.extractor
    torch.manual_seed(seed)
    _, _, settings = ARMS[name](8)
    settings = override(settings, changes)
    labels = torch.from_numpy(train.y)
    fast = samples_per_second(Game(*ARMS[name](8)[:2], settings), train.x[:512], labels[:512], clock=time.process_time)
    samples = int(fast * seconds)
    settings = settings.model_copy(update={"samples": samples, "tick": max(settings.batch, samples // 8)})
    torch.manual_seed(seed)
    generator, discriminator, _ = ARMS[name](8)
    real, held = extractor(train.x), extractor(test.x)
    y = test.y
    spent = {"looking": 0.0}
    path: list[dict[str, float]] = []

    def look(network: torch.nn.Module) -> dict[str, float]:
        started = time.process_time()
        made = extractor(sample(network, 1, np.arange(len(y)), lambda i: torch.from_numpy(y[i % len(y)])))
        scores = {"frechet": frechet_distance(held, made), "coverage": coverage(held, made)}
        path.append(scores)
        spent["looking"] += time.process_time() - started
        return scores

    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        game = Game(generator, discriminator, settings)
        say = lambda r: print(name, seed, {k: round(v, 3) for k, v in r.items()}, file=sys.stderr, flush=True)  # noqa: E731
        Trainer(
            game,
            TrainingSet(train.x, labels, train.y),
            seed,
            Checkpoints(folder),
            Hooks(look, say, lambda x, rng: symmetrise(x, rng, MOVES)),
        ).run()
        cpu = time.process_time() - started - spent["looking"]
    network = game.average
    made = extractor(sample(network, 2, np.arange(len(y)), lambda i: torch.from_numpy(y[i % len(y)])))
    kept = extractor(
        sample(
            network,
            2,
            np.arange(len(y)),
            lambda i: torch.from_numpy(y[i % len(y)]),
            1.0,
            game.discriminator.eval(),
            0.25,
        )
    )
    shape = precision_recall_density_coverage(held, made)
    return {
        "arm": name,
        "seed": seed,
        "samples": samples,
        "cpu_seconds": cpu,
        "frechet": frechet_distance(held, made),
        "frechet_train": frechet_distance(real, made),
        "frechet_keep_quarter": frechet_distance(held, kept),
        "precision": shape.precision,
        "recall": shape.recall,
        "coverage": shape.coverage,
        "by_class": [coverage(held[y == k], made[y == k]) for k in range(8)],
        "parameters": [sum(p.numel() for p in n.parameters()) for n in (generator, discriminator)],
        "path": path,
    }


def _kept(job: tuple[str, int, float]) -> Path:
    """Where the numbers of a finished run are kept."""
    name, seed, seconds = job
    generator, discriminator, settings = ARMS[name](8)
    key = hashlib.sha256(f"{generator}{discriminator}{settings}{seconds}".encode()).hexdigest()[:12]
    return CACHE / "images_quality" / f"{name.replace(' ', '-')}-{seed}-{key}.json"


def _separately(job: tuple[str, int, float]) -> dict[str, Any]:
    """The numbers of a run in a process of its own, or those kept of it."""
    kept = _kept(job)
    if not kept.exists():
        command = [sys.executable, "-m", "benchmarks.images_quality", "arm", *(str(part) for part in job)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=Path(__file__).parent.parent)
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(kept, done.stdout)
    return dict(json.loads(kept.read_bytes()))


def _spread(runs: list[dict[str, Any]], floor: float) -> dict[str, Any]:
    """The row of one arm: mean, extremes and standard deviation over its seeds."""
    values = np.array([r["frechet"] for r in runs])
    sd = f"± {values.std(ddof=1):.3f}" if len(values) > 1 else "(no spread from one)"
    covered = np.mean([r["coverage"] for r in runs])
    return {
        "what": f"FD after 5 min, {runs[0]['arm']}",
        "value": values.mean(),
        "low": values.min(),
        "high": values.max(),
        "floor": floor,
        "better": "lower",
        "note": f"{values.mean():.3f} {sd}, {len(values)} seeds, {SHORT} CPU s each, coverage {covered:.2f}",
    }


def main(finished_only: bool = False) -> None:
    started = time.monotonic()
    blood = Blood.load()
    accuracy, real, held = blood.accuracy(), blood.extractor(blood.train.x), blood.extractor(blood.test.x)
    order = np.random.default_rng(0).permutation(len(real))
    floor = frechet_distance(held, real[order[: len(held)]])
    by_class = [(held[blood.test.y == k], real[order][blood.train.y[order] == k]) for k in range(8)]
    class_floor = min(coverage(test, train[: len(test)]) for test, train in by_class)
    jobs = [(name, seed, SHORT) for seed in SEEDS for name in ARMS] + [(OURS, 0, LONG)]
    if finished_only:
        jobs = [job for job in jobs if _kept(job).exists()]
    with ThreadPoolExecutor(2) as pool:
        runs = dict(zip(jobs, pool.map(_separately, jobs), strict=True))
    arms = {name: _spread([r for job, r in runs.items() if job[0] == name and job[2] == SHORT], floor) for name in ARMS}
    best = min((name for name in ARMS if name != OURS), key=lambda name: arms[name]["value"])
    rows = [
        {"what": "test accuracy of the frozen classifier", "value": accuracy, "goal": 0.965, "better": "higher"},
        *arms.values(),
        {
            "what": "FD after 5 min over the best published recipe",
            "value": arms[OURS]["value"] / arms[best]["value"],
            "goal": 0.5,
            "baseline": 1.0,
            "better": "lower",
            "note": f"best: {best}",
        },
    ]
    if (OURS, 0, LONG) in runs:
        long = runs[OURS, 0, LONG]
        note = f"{LONG} CPU s, one seed, {long['samples']} images shown; the last weights, not the best look"
        keep = "of four candidates one, drawn by the discriminator"
        classes = ", ".join(f"{v:.2f}" for v in long["by_class"])
        rows += [
            {
                "what": "FD after 20 min",
                "value": long["frechet"],
                "floor": floor,
                "goal": 0.2,
                "better": "lower",
                "note": note,
            },
            {
                "what": "FD after 20 min, --keep 0.25",
                "value": long["frechet_keep_quarter"],
                "floor": floor,
                "better": "lower",
                "note": keep,
            },
            {
                "what": "lowest coverage of a class after 20 min",
                "value": min(long["by_class"]),
                "floor": class_floor,
                "goal": 0.8,
                "better": "higher",
                "note": classes,
            },
        ]
    write_result("images_quality", rows, sorted({job[1] for job in runs}), time.monotonic() - started)


if __name__ == "__main__":
    if sys.argv[1:2] == ["arm"]:
        print(json.dumps(arm(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5:])))
    else:
        main(finished_only=sys.argv[1:2] == ["finished"])
