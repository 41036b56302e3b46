"""Modes found on StackedMNIST: three digits, one a colour, make 1,000 modes (Metz et al. 2017; 26,000 samples).

    make bench NAME=stacked_mnist

The default game for 28² images without labels, 600 CPU seconds in one thread (five minutes on two cores). A digit
classifier trained here names the digit of every colour; its test accuracy is printed.
"""

from __future__ import annotations

import sys
import tempfile
import time

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.blood import data_folder
from benchmarks.record import write_result
from vivogan.core.checkpoints import Checkpoints
from vivogan.domains.images.features import ImageExtractor, fit_extractor
from vivogan.domains.images.plan import networks, recipe
from vivogan.engine.dealer import TrainingSet
from vivogan.engine.game import Game
from vivogan.engine.hooks import Hooks
from vivogan.engine.sampler import sample
from vivogan.engine.speed import samples_per_second
from vivogan.engine.trainer import Trainer

SAMPLES, STACKS, SECONDS = 26_000, 50_000, 600


def digits() -> tuple[Tensor, NDArray[np.intp], Tensor, NDArray[np.intp]]:
    """MNIST as x [n, 1, 28, 28] in (−1, 1) and digit [n], for training and test."""
    with np.load(data_folder() / "mnist" / "mnist.npz") as arrays:
        found = [arrays[k] for k in ("train_images", "train_labels", "test_images", "test_labels")]
    x, y, tx, ty = found
    encode = lambda a: torch.from_numpy(a)[:, None].float() / 127.5 - 1  # noqa: E731
    return encode(x), y.astype(np.intp), encode(tx), ty.astype(np.intp)


def stacks(x: Tensor, count: int, seed: int) -> Tensor:
    """Random triples of digits, one a colour: [count, 3, 28, 28]."""
    rows = np.random.default_rng(seed).integers(len(x), size=(3, count))
    return torch.cat([x[torch.from_numpy(r)] for r in rows], 1)


def modes(classifier: ImageExtractor, x: Tensor) -> NDArray[np.int64]:
    """How often each of the 1,000 modes occurs in x [n, 3, 28, 28]."""
    hundreds, tens, ones = (classifier.probabilities(x[:, c : c + 1]).argmax(1) for c in range(3))
    return np.bincount(100 * hundreds + 10 * tens + ones, minlength=1000)


def divergence(counts: NDArray[np.int64], reference: NDArray[np.float64]) -> float:
    """KL(generated ‖ reference) in nats."""
    p = counts / counts.sum()
    seen = p > 0
    return float((p[seen] * np.log(p[seen] / reference[seen])).sum())


def main(seconds: float = SECONDS, seed: int = 0) -> None:
    started = time.monotonic()
    torch.set_num_threads(1)
    x, y, tx, ty = digits()
    classifier = fit_extractor(x, y, steps=900, seed=0, moves=())
    accuracy = float((classifier.probabilities(tx).argmax(1) == ty).mean())
    shares = np.bincount(y) / len(y)
    reference = np.einsum("a,b,c->abc", shares, shares, shares).ravel()
    plan = recipe(28)
    data = stacks(x, STACKS, seed)
    none = torch.zeros(STACKS, dtype=torch.long)
    fast = samples_per_second(Game(*networks(3, 1, plan), plan.game), data[:512], none[:512], clock=time.process_time)
    samples = int(fast * seconds)
    settings = plan.game.model_copy(update={"samples": samples, "tick": samples // 10})

    def look(generator: torch.nn.Module) -> dict[str, float]:
        made = sample(generator, 1, np.arange(10_000), lambda i: torch.zeros(len(i), dtype=torch.long))
        return {"modes of 10,000": float((modes(classifier, made) > 0).sum())}

    say = lambda r: print({k: round(v, 3) for k, v in r.items()}, file=sys.stderr, flush=True)  # noqa: E731
    torch.manual_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        game = Game(*networks(3, 1, plan), settings)
        cpu = time.process_time()
        Trainer(game, TrainingSet(data, none), seed, Checkpoints(folder), Hooks(look, say)).run()
        cpu = time.process_time() - cpu
    made = sample(game.average, 2, np.arange(SAMPLES), lambda i: torch.zeros(len(i), dtype=torch.long))
    found, real = modes(classifier, made), modes(classifier, stacks(tx, SAMPLES, 1))
    rng = np.random.default_rng(0)
    named = np.repeat(np.arange(1000), found)
    draws = [np.bincount(named[rng.integers(SAMPLES, size=SAMPLES)], minlength=1000) for _ in range(200)]
    spread = [divergence(d, reference) for d in draws]
    note = f"{samples} images shown, {cpu:.0f} CPU s, {SAMPLES} samples"
    low, high = np.quantile(spread, [0.025, 0.975])
    rows = [
        {"what": "test accuracy of the digit classifier", "value": accuracy, "better": "higher", "note": ""},
        {
            "what": "modes of 1,000",
            "value": int((found > 0).sum()),
            "floor": int((real > 0).sum()),
            "goal": 990,
            "better": "higher",
            "note": note,
        },
        {
            "what": "KL to the modes of the data (nats)",
            "value": divergence(found, reference),
            "low": low,
            "high": high,
            "floor": divergence(real, reference),
            "better": "lower",
            "note": "bootstrap interval over samples",
        },
    ]
    write_result("stacked_mnist", rows, [seed], time.monotonic() - started)


if __name__ == "__main__":
    main(*(float(v) for v in sys.argv[1:2]))
