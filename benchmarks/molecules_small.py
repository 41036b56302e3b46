"""Small data: 500 molecules of one target (dopamine D3, target_activity), beside 500 others of it.

    python -m benchmarks.molecules_small

430 molecules teach, 70 choose the checkpoint; the others of the target are never looked at before the judgement. The
language is learned before (``language.pretrain``), as a chemist with few molecules would: from ligands of the other 14
targets, without any molecule of this one, and from ZINC.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.blood import CACHE, data_folder
from benchmarks.kept import once
from benchmarks.molecules import Row, column, different, drawn, made, trained, valid_at_once
from benchmarks.record import write_result
from benchmarks.sequences import spread
from vivogan.core.files import write_text

SEEDS = (0,)
SMALL, SELECTION, OTHERS, SAMPLES = 500, 70, 500, 2000
OTHER, EPOCHS = 240_000, 4  # molecules that the language is learned from, and how often each
TARGET = "CHEMBL234_Ki"
OPTIONS: dict[str, Any] = {"budget": "10k"}
PROPERTIES = ("logP W1", "SA W1", "QED W1", "weight W1")


def others_file() -> Path:
    """The molecules that the language is learned from."""
    path = CACHE / "molecules" / "others.smi"
    path.parent.mkdir(parents=True, exist_ok=True)
    own = set(different(column(f"target_activity/{TARGET}.csv.gz", "smiles")))
    files = sorted((data_folder() / "target_activity").glob("CHEMBL*.csv.gz"))
    ligands = different([text for file in files for text in column(f"target_activity/{file.name}", "smiles")])
    ligands = [text for text in ligands if text not in own]
    zinc = drawn(column("zinc250k/zinc250k.csv.gz", "smiles"), OTHER - len(ligands), 0)[0]
    write_text(path, "".join(f"{text.strip()}\n" for text in [*ligands, *zinc]))
    return path


def measured(seed: int) -> dict[str, Any]:
    """One run on 500 molecules drawn with this seed."""
    own, others = drawn(different(column(f"target_activity/{TARGET}.csv.gz", "smiles")), SMALL, seed)
    parts = {"selection": SELECTION, "test": OTHERS}
    smiles = [*own[:SELECTION], *others[:OTHERS], *own[SELECTION:]]
    told = [f"language.pretrain={others_file()}", f"language.pretrain_epochs={EPOCHS}"]
    run, seconds = trained(f"small-{seed}", smiles, parts, seed=seed, overrides=told, **OPTIONS)
    sampled = made(run, SAMPLES)
    valid = [text for text in sampled if text]
    found = run.evaluate()
    return {
        "seconds": seconds,
        "valid": len(valid) / SAMPLES,
        "at once": valid_at_once(run, SAMPLES),
        "unique": len(set(valid)) / len(valid),
        "novel": float(np.mean([text not in set(own) for text in set(valid)])),
        "flagged": bool(found.memorisation["flagged"]),
        "memorisation": found.memorisation["reason"],
        "scores": {score.name: [score.value, score.floor, score.baseline] for score in found.scores},
    }


def main() -> None:
    began = time.monotonic()
    job = OPTIONS | {"others": OTHER, "epochs": EPOCHS, "version": 2}
    runs = [once("molecules_small", job | {"seed": seed}, partial(measured, seed)) for seed in SEEDS]
    goals = {"valid": 0.99, "novel": 0.95, "unique": None}
    rows: list[Row] = [
        {"what": name, **spread([run[name] for run in runs]), "goal": goal, "better": "higher"}
        for name, goal in goals.items()
    ]
    rows[0]["note"] = f"valid when drawn once: {np.mean([run['at once'] for run in runs]):.3f}"
    rows.append(
        {
            "what": "runs with a memorisation flag",
            "value": sum(run["flagged"] for run in runs),
            "goal": 0,
            "better": "lower",
            "note": runs[0]["memorisation"],
        }
    )
    for name in PROPERTIES:
        values, floors, simple = (np.array([run["scores"][name][i] for run in runs]) for i in range(3))
        rows.append(
            {
                "what": f"{name} / floor",
                **spread((values / floors).tolist()),
                "goal": 2.0,
                "better": "lower",
                "baseline": float((simple / floors).mean()),
                "note": f"{name} {values.mean():.3f}, floor (training molecules) {floors.mean():.3f}, means",
            }
        )
    rows.append({"what": "training (CPU seconds, one thread)", **spread([run["seconds"] for run in runs])})
    write_result("molecules_small", rows, SEEDS, time.monotonic() - began)


if __name__ == "__main__":
    main()
