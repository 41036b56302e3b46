"""A run folder made up whole: plausible numbers, two guard events, eight classes, four drawn figures. No training."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

CLASSES = [
    "basophil",
    "eosinophil",
    "erythroblast",
    "immature granulocyte",
    "lymphocyte",
    "monocyte",
    "neutrophil",
    "platelet",
]

CONFIG = """domain = "images"
source = "cells/"
budget = "10m"
seed = 7
overrides = ["game.batch=64"]

[read]
labels = "type"

[plan.game]
batch = 64
learning_rate = 0.0002
"""


def score(
    name: str, value: float, low: float, high: float, floor: float, baseline: float, better: str, note: str = ""
) -> dict[str, Any]:
    return {
        "name": name,
        "value": value,
        "low": low,
        "high": high,
        "floor": floor,
        "baseline": baseline,
        "better": better,
        "n": 1024,
        "note": note,
    }


def evaluation() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    by_class = [
        {
            "class": name,
            "n_real": int(rng.integers(60, 420)),
            "frechet": float(18 + 9 * rng.random()),
            "floor": float(9 + 2 * rng.random()),
            "coverage": float(0.72 + 0.2 * rng.random()),
            "precision": float(0.75 + 0.2 * rng.random()),
        }
        for name in CLASSES
    ]
    by_class[3] |= {"frechet": 61.3, "coverage": 0.41, "n_real": 34}
    return {
        "domain": "images",
        "title": "Blood cells, eight types",
        "grade": "good",
        "verdict": [
            "Made cells are close to real ones: they cover most of the variety of your data, "
            "and nothing suggests that they are copies.",
            "Immature granulocytes are the weak spot. There were only 34 to learn from, "
            "and less than half of their variety is caught.",
            "Adding 500 made cells to 20 labelled ones raised the accuracy of a classifier from 86.5 % to 90.2 %.",
        ],
        "scores": [
            score("frechet", 21.4, 19.9, 23.2, 8.6, 96.0, "lower", "Features of a small network."),
            score("kernel", 0.0142, 0.0117, 0.0171, 0.0009, 0.118, "lower"),
            score("precision", 0.871, 0.848, 0.893, 0.914, 0.402, "higher"),
            score("recall", 0.804, 0.776, 0.831, 0.921, 0.655, "higher"),
            score("coverage", 0.829, 0.806, 0.852, 0.957, 0.233, "higher"),
            score("two_sample_forest", 0.693, 0.662, 0.722, 0.507, 0.981, "lower"),
            score("label_agreement", 0.948, 0.932, 0.961, 0.951, 0.607, "higher"),
            score(
                "few_label_gain", 0.037, 0.018, 0.055, 0.061, 0.0, "higher", "Accuracy gained with 20 labels a class."
            ),
        ],
        "by_class": by_class,
        "memorisation": {
            "distance_ratio": 0.97,
            "too_close": 0.013,
            "copies": 0.001,
            "copies_expected": 0.002,
            "aa_truth_train": 0.561,
            "aa_syn_train": 0.604,
            "aa_truth_held_out": 0.568,
            "aa_syn_held_out": 0.611,
            "privacy_loss": 0.007,
            "membership_auc": 0.514,
            "membership_low": 0.487,
            "membership_high": 0.541,
            "flagged": False,
            "reason": "Made cells are as far from the training cells as cells of the test set are.",
        },
        "figures": [
            figure("real", "Real cells", "One row for each type, drawn at random from the test part."),
            figure("generated", "Made cells", "The same rows: samples 0 to 79 of seed 0, none picked by hand."),
            figure(
                "nearest",
                "The closest training cells",
                "Left in each pair a made cell, right its nearest training cell. The ten closest pairs of 1,024.",
            ),
            figure("interpolation", "From one cell to another", "Steps along a great circle between two latents."),
        ],
        "advice": [
            "Label more immature granulocytes: thirty more would help more than any longer training.",
            "Continue for ten minutes with the same command; the held-out score was still falling.",
            "Use 300 to 500 made cells a type for training a classifier. More brought nothing here.",
        ],
        "counts": {"train": 11959, "selection": 1712, "test": 3421, "generated": 1024},
    }


def event(samples: int, name: str, reason: str, action: str) -> dict[str, Any]:
    return {"samples": samples, "event": name, "reason": reason, "action": action}


def figure(name: str, title: str, caption: str) -> dict[str, str]:
    return {"name": name, "file": f"{name}.png", "title": title, "caption": caption}


def ticks() -> list[dict[str, Any]]:
    rng = np.random.default_rng(5)
    lines: list[dict[str, Any]] = []
    for index in range(1, 61):
        progress = index / 60
        wobble = float(rng.normal())
        lines.append(
            {
                "samples": index * 3200,
                "seconds": index * 10.2,
                "loss_discriminator": 1.2 - 0.35 * progress + 0.05 * wobble,
                "loss_generator": 0.8 + 0.5 * progress + 0.09 * float(rng.normal()),
                "penalty": 0.03,
                "augment_p": max(0.0, 0.32 * (progress - 0.25)),
                "frechet": 20 + 76 * math.exp(-4.2 * progress) + 1.1 * abs(wobble),
                "coverage": 0.85 - 0.6 * math.exp(-3.5 * progress) + 0.008 * wobble,
                "diversity": 0.95 - 0.12 * math.exp(-6 * progress),
            }
        )
    lines.insert(
        21,
        {
            "samples": 67200,
            "event": "rollback",
            "reason": "the gradient of the generator was not finite",
            "action": "back to 64,000 samples, learning rate halved",
        },
    )
    lines.insert(
        40,
        {
            "samples": 124800,
            "event": "mode_collapse",
            "reason": "diversity of a class fell below half of its real one",
            "action": "augmentation raised, the class drawn twice as often",
        },
    )
    return lines


def data() -> dict[str, Any]:
    return {
        "domain": "images",
        "fingerprint": {
            "count": 17092,
            "width": 28,
            "height": 28,
            "dtype": "uint8",
            "channels": 3,
            "range": [0, 255],
            "imbalance": 2.7,
        },
        "classes": {"column": "type", "names": CLASSES, "counts": [852, 2181, 1085, 2026, 849, 993, 2330, 1643]},
        "split": {"train": 11959, "selection": 1712, "test": 3421},
        "refusals": [
            {
                "file": f"cells/{index:04d}.tif",
                "record": None if index % 3 else f"page {index}",
                "reason": "it ends early",
            }
            for index in range(14)
        ],
        "notes": [
            "12 images occur twice and were merged; each stays on one side of the split.",
            "Immature granulocytes are 10 times rarer than neutrophils: classes are drawn evenly in training.",
        ],
    }


def picture(rows: int, columns: int, side: int, seed: int) -> NDArray[np.uint8]:
    """A sheet of stained-cell-like discs: enough to judge a layout by."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    sheet = np.full((rows * (side + 2) - 2, columns * (side + 2) - 2, 3), 255.0)
    for row in range(rows):
        for column in range(columns):
            cx, cy = rng.normal(0, 0.12, 2)
            radius = np.hypot(x - cx, (y - cy) * rng.uniform(0.85, 1.15))
            cell, nucleus = (1 / (1 + np.exp(18 * (radius - size))) for size in (0.75, rng.uniform(0.3, 0.6)))
            tile = np.array([236, 222, 216.0]) - cell[..., None] * [20, 50, 20] - nucleus[..., None] * [90, 100, 40]
            top, left = row * (side + 2), column * (side + 2)
            sheet[top : top + side, left : left + side] = tile + rng.normal(0, 5, tile.shape)
    return np.clip(sheet, 0, 255).astype(np.uint8)


def fabricate(path: Path, side: int = 8) -> Path:
    """Write the whole made-up run into ``path``."""
    from PIL import Image

    samples = path / "samples"
    samples.mkdir(parents=True)
    (path / "checkpoints" / "step-00185600").mkdir(parents=True)
    (path / "best").symlink_to("checkpoints/step-00185600")
    (path / "config.toml").write_text(CONFIG)
    environment = {
        "machine": {"cpu": "two cores", "threads": 2},
        "versions": {"python": "3.11.7", "torch": "2.13.0", "vivogan": "0.1.0"},
        "git": "687f42a",
    }
    (path / "env.json").write_text(json.dumps(environment))
    (path / "data.json").write_text(json.dumps(data()))
    (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in ticks()))
    (path / "evaluation.json").write_text(json.dumps(evaluation()))
    for seed, (name, rows, columns) in enumerate(
        [("real", 8, 10), ("generated", 8, 10), ("nearest", 1, 20), ("interpolation", 3, 10)]
    ):
        Image.fromarray(picture(rows, columns, side, seed)).save(samples / f"{name}.png")
    return path


@pytest.fixture
def run_path(tmp_path: Path) -> Path:
    """A complete, evaluated run."""
    return fabricate(tmp_path / "blood")


@pytest.fixture
def change(run_path: Path) -> Callable[..., Path]:
    """Rewrite fields of one JSON file of the run; a field set to ``None`` is removed."""

    def rewrite(file: str, **fields: Any) -> Path:
        tree = json.loads((run_path / file).read_text())
        tree |= fields
        (run_path / file).write_text(json.dumps({key: value for key, value in tree.items() if value is not None}))
        return run_path

    return rewrite
