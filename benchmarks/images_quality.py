"""Fréchet distance on blood cells at equal CPU time: the product's default against published recipes.

    make bench NAME=images_quality                        everything, about 90 minutes
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


def _separately(job: tuple[str, int, float]) -> dict[str, Any]:
    name, seed, seconds = job
    generator, discriminator, settings = ARMS[name](8)
    shape = f"{generator}{discriminator}{settings}{seconds}"
    key = hashlib.sha256(shape.encode()).hexdigest()[:12]
    kept = CACHE / "images_quality" / f"{name.replace(' ', '-')}-{seed}-{key}.json"
    if not kept.exists():
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.images_quality", "arm", name, str(seed), str(seconds)],
            stdout=subprocess.PIPE,
            check=True,
            cwd=Path(__file__).parent.parent,
        )
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(kept, done.stdout)
    return dict(json.loads(kept.read_bytes()))


def main() -> None:
    started = time.monotonic()
    blood = Blood.load()
    accuracy, real, held = blood.accuracy(), blood.extractor(blood.train.x), blood.extractor(blood.test.x)
    rng = np.random.default_rng(0)
    floors = [frechet_distance(held, real[rng.permutation(len(real))[: len(held)]]) for _ in range(5)]
    floor = float(np.mean(floors))
    order = rng.permutation(len(real))
    class_floor = [
        coverage(held[blood.test.y == k], real[order][blood.train.y[order] == k][: int((blood.test.y == k).sum())])
        for k in range(8)
    ]
    jobs = [(name, seed, SHORT) for seed in SEEDS for name in ARMS] + [(OURS, 0, LONG)]
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(_separately, jobs))
    rows: list[dict[str, Any]] = [
        {
            "what": "test accuracy of the frozen classifier",
            "value": accuracy,
            "goal": 0.965,
            "better": "higher",
            "note": blood.extractor.name,
        }
    ]
    means = {}
    for name in ARMS:
        values = np.array([r["frechet"] for r in runs[:-1] if r["arm"] == name])
        means[name] = values.mean()
        note = f"mean ± sd {values.mean():.3f} ± {values.std(ddof=1):.3f} of {len(values)} seeds; {SHORT} CPU s each"
        rows.append(
            {
                "what": f"FD after 5 min, {name}",
                "value": values.mean(),
                "low": values.min(),
                "high": values.max(),
                "floor": floor,
                "better": "lower",
                "note": note,
            }
        )
    best = min((n for n in ARMS if n != OURS), key=lambda n: means[n])
    rows.append(
        {
            "what": "FD after 5 min over the best published recipe",
            "value": means[OURS] / means[best],
            "goal": 0.5,
            "better": "lower",
            "baseline": 1.0,
            "note": f"best: {best}",
        }
    )
    long = runs[-1]
    rows.append(
        {
            "what": "FD after 20 min",
            "value": long["frechet"],
            "floor": floor,
            "goal": 0.2,
            "better": "lower",
            "note": f"{LONG} CPU s; one seed; best of {len(long['path'])} looks not taken: the last weights",
        }
    )
    rows.append(
        {
            "what": "FD after 20 min, one of four kept",
            "value": long["frechet_keep_quarter"],
            "floor": floor,
            "better": "lower",
            "note": "discriminator resampling, keep 0.25",
        }
    )
    rows.append(
        {
            "what": "lowest coverage of a class after 20 min",
            "value": min(long["by_class"]),
            "floor": min(class_floor),
            "goal": 0.8,
            "better": "higher",
            "note": ", ".join(f"{v:.2f}" for v in long["by_class"]),
        }
    )
    write_result("images_quality", rows, list(SEEDS), time.monotonic() - started)


if __name__ == "__main__":
    if sys.argv[1:2] == ["peers"]:  # the published recipes alone, one after another
        for job in [(name, seed, SHORT) for seed in SEEDS for name in PEERS]:
            _separately(job)
    elif sys.argv[1:2] == ["arm"]:
        print(json.dumps(arm(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5:])))
    else:
        main()
