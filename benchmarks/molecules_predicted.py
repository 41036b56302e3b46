"""What the benchmarks of predictors of molecules share: reading, baselines on counts, and what is remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.blood import CACHE, data_folder
from vivogan.core.files import write_text
from vivogan.domains.molecules import api
from vivogan.domains.molecules.fingerprints import count_fingerprints
from vivogan.domains.molecules.tasks.activity import TASK
from vivogan.domains.molecules.tasks.data import ActivityData
from vivogan.domains.molecules.tools import features
from vivogan.domains.molecules.tools.predictor import Predictor, PredictPlan
from vivogan.domains.run import silent
from vivogan.domains.tasks.agreement import auc, rmse

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
AS_IT_IS = {"charges": "keep", "fragments": "keep", "heaviest": "1000"}  # as the published splits have them
NOBODY = np.zeros(0, np.intp)
BUDGET, SMALL, GENERATED = "2000", ("language.width=192",), 1000  # of the generators that augment


def remembered(block: Callable[[Sequence[str]], Any]) -> Callable[[Sequence[str]], Any]:
    """The block, which gives again what it gave for the same molecules: seeds and baselines see the same features."""
    known: dict[str, Any] = {}

    def found(smiles: Sequence[str]) -> Any:
        new = [text for text in dict.fromkeys(smiles) if text not in known]
        known.update(zip(new, block(new), strict=True) if new else ())
        return np.array([known[text] for text in smiles]) if len(smiles) else block([])

    return found


features.BLOCKS = {name: remembered(block) for name, block in features.BLOCKS.items()}


def read(file: str, labels: str, **other: str) -> ActivityData:
    """A table of the shared data; canonical duplicates are merged, conflicting ones become unknown."""
    return TASK.read(data_folder() / file, {"labels": labels, **AS_IT_IS, **other})


def fitted(data: ActivityData, train: Rows, plan: PredictPlan, seed: int, extra: Sequence[str] = ()) -> Predictor:
    """A predictor that has learned from the rows of ``train`` of which something is known."""
    known = train[data.known[train]]
    return TASK.fit(data, known, NOBODY, extra, plan, seed, None, silent)


def forest(x: Any, y: Floats, new: Any, seed: int, chances: bool) -> Floats:
    """A random forest of 300 trees, as the published baselines are."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    if chances:
        return np.asarray(RandomForestClassifier(300, random_state=seed, n_jobs=1).fit(x, y).predict_proba(new)[:, 1])
    model = RandomForestRegressor(300, max_features=1 / 3, random_state=seed, n_jobs=1)
    return np.asarray(model.fit(x, y).predict(new))


def boosted(x: Any, y: Floats, new: Any, seed: int, chances: bool) -> Floats:
    """LightGBM as it comes."""
    import lightgbm

    given = {"objective": "binary" if chances else "regression", "seed": seed, "verbose": -1, "num_threads": 1}
    return np.asarray(lightgbm.train(given, lightgbm.Dataset(x, y), 100).predict(new, num_threads=1))


BASELINES = {"random forest": forest, "LightGBM": boosted}


def baselines(data: ActivityData, train: Rows, test: Rows, seed: int) -> dict[str, Floats]:
    """What forest and LightGBM on counts of ECFP4 say of the test rows, [n, t] each."""
    counts = count_fingerprints(data.records.smiles)
    chances = data.targets.chances
    said = {name: np.zeros((len(test), data.y.shape[1])) for name in BASELINES}
    for k in range(data.y.shape[1]):
        rows = train[np.isfinite(data.y[train, k])]
        for name, learn in BASELINES.items():
            x = counts[rows].astype(np.float32)
            said[name][:, k] = learn(x, data.y[rows, k], counts[test].astype(np.float32), seed, chances)
    return said


def generated(name: str, data: ActivityData, train: Rows, count: int) -> list[str]:
    """New molecules of a small generator that learned from the molecules of ``train`` alone, kept in the cache."""
    folder = CACHE / "molecules_generators" / name
    known = [data.records.smiles[i] for i in train.tolist()]
    write_text(folder.with_suffix(".smi"), "\n".join(known) + "\n")
    api.train(
        folder.with_suffix(".smi"), folder, budget=BUDGET, overrides=SMALL, threads=1, charges="keep", fragments="keep"
    )
    made = api.open(folder, threads=1).generate(2 * count, seed=0).smiles
    seen = set(data.records.smiles)
    return [text for text in dict.fromkeys(made) if text not in seen][:count]


def augmented(name: str, data: ActivityData, train: Rows, test: Rows, plan: PredictPlan) -> dict[str, Any]:
    """What generated molecules do for a predictor: its error on the folds and on the test part, without and with."""
    extra = generated(name, data, train, GENERATED)
    measure = rmse if not data.targets.chances else auc
    smiles, truth = [data.records.smiles[i] for i in test.tolist()], data.y[test, 0]
    known = np.isfinite(truth)
    plain = fitted(data, train, plan, 0)
    tried = fitted(data, train, plan.model_copy(update={"generated": len(extra)}), 0, extra)
    found = {
        "extra": len(extra),
        "test without": measure(plain.predict(smiles).mean[known, 0], truth[known]),
        "test as kept": measure(tried.predict(smiles).mean[known, 0], truth[known]),
    }
    print(name, found | tried.trial, flush=True)
    return found | {f"folds {word}": tried.trial[word] for word in ("without", "with")} | {"kept": tried.trial["kept"]}


def augmented_row(name: str, own: dict[str, Any]) -> dict[str, Any]:
    """The row of one trial: how much less the predictor errs on the folds with generated molecules."""
    gain = own["folds without"] - own["folds with"]
    verdict = "kept" if own["kept"] else "not kept"
    tests = f"test {own['test without']:.4f} without, {own['test as kept']:.4f} as kept"
    note = f"{own['extra']} molecules, {verdict}; {tests}"
    return {"what": f"{name}: error on the folds that generated molecules save", "value": gain, "note": note}
