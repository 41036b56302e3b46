"""Judging a run on its test part, the same way in every domain: floors, baselines, intervals, memorisation, utility, a verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.files import write_bytes
from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.base import Figure, Score
from vivogan.domains.run import Run, Watch
from vivogan.domains.verdict import advice, grade, verdict
from vivogan.errors import UserError
from vivogan.metrics.bootstrap import half_sample_interval, interval
from vivogan.metrics.frechet import frechet_distance
from vivogan.metrics.kernel import kernel_distance
from vivogan.metrics.manifold import precision_recall_density_coverage
from vivogan.metrics.memorisation import memorisation, nearest
from vivogan.metrics.utility import classifier_two_sample, train_synthetic_test_real

Floats = NDArray[np.float64]
MOST = 5000  # samples judged
MOST_PAIRWISE = 1500  # samples of scores that are repeated for an interval and look at all pairs


@dataclass(frozen=True)
class Evaluation:
    """What ``evaluation.json`` holds."""

    domain: str
    title: str
    grade: str
    verdict: list[str]
    scores: list[Score]
    by_class: list[dict[str, Any]]
    memorisation: dict[str, Any]
    figures: list[dict[str, str]]
    advice: list[str]
    counts: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        rows = [f"{s.name:<28}{s.value:>9.4g}  [{s.low:.4g}, {s.high:.4g}]  floor {s.floor:.4g}  baseline {s.baseline:.4g}"
                for s in self.scores]  # fmt: skip
        return "\n".join([*self.verdict, "", *rows])


@dataclass(frozen=True)
class Sample:
    """A set of records as the scores see it: features [n, d], summaries [n, k] by name, class numbers [n]."""

    features: Floats
    summaries: Mapping[str, Floats]
    y: NDArray[np.intp]

    def rows(self, chosen: NDArray[np.intp]) -> Sample:
        return Sample(self.features[chosen], {k: v[chosen] for k, v in self.summaries.items()}, self.y[chosen])


@dataclass(frozen=True)
class Measure:
    """One score: ``of(real, other)`` compares two samples; ``interval`` gives its bounds."""

    name: str
    better: Literal["higher", "lower"]
    note: str
    of: Callable[[Sample, Sample], float]
    interval: Callable[[Sample, Sample, float], tuple[float, float]]


def evaluate(run: Run, watch: Watch, seed: int = 0, literature: bool = False) -> Evaluation:
    """Judge a run; also writes ``evaluation.json`` and the pictures of the report."""
    domain, classes = run.domain, run.classes
    watch({"event": "stage", "text": "reading the test part"})
    records = domain.read(_source(run), run.config.read)
    if domain.digest(records) != run.data["sha256"]:
        raise UserError(
            f"{run.config.source}: the data changed since this run was trained", "Train again in a new folder"
        )
    y = classes.indices(records.classes)
    rng = numpy_generator(seed, "evaluation")
    test = _some(run.split.test[y[run.split.test] >= 0], MOST, rng)
    train = _some(run.split.train, 2 * MOST, rng)
    watch({"event": "stage", "text": f"generating {len(test)} samples"})
    wanted = y[test]
    made_x = run.tensors(np.arange(len(test)), seed, lambda rows: wanted[rows % len(wanted)])
    made_x = _as_kept(run, made_x)
    test_x, train_x = run.codec.encode(records, test), run.codec.encode(records, train)

    def sample(x: Tensor, labels: NDArray[np.intp]) -> Sample:
        return Sample(run.extractor(x), domain.summaries(x), labels)

    real, known, made = sample(test_x, wanted), sample(train_x, y[train]), sample(made_x, wanted)
    others = {}
    for name, baseline in domain.baselines().items():
        watch({"event": "stage", "text": f"fitting the baseline {name}"})
        others[name] = sample(_as_kept(run, baseline.fit(train_x, y[train]).sample(wanted, derive(seed, name))), wanted)
    floor = known.rows(_some(np.arange(len(train)), len(test), rng))
    watch({"event": "stage", "text": "scoring"})
    scores = [_score(measure, real, made, floor, others) for measure in _measures(run, known, real)]
    if literature:
        watch({"event": "stage", "text": "scores of the literature"})
        scores += _literature(
            run,
            run.codec.decode(test_x),
            run.codec.decode(made_x),
            run.codec.encode(records, train[_some(np.arange(len(train)), len(test), rng)]),
        )
    kept = memorisation(known.features, real.features, made.features)
    by_class = _by_class(run, real, made, floor) if len(classes.names) > 1 else []
    watch({"event": "stage", "text": "drawing"})
    gallery = _gallery(run, records, test, train, wanted, made_x, known, made)
    figures = [_kept(run, figure) for figure in domain.figures(gallery)]
    counts = {"train": len(run.split.train), "selection": len(run.split.selection), "test": len(run.split.test)}
    found = Evaluation(
        domain.name, run.folder.path.name, grade(scores, kept), verdict(scores, by_class, kept, counts), scores, by_class,
        asdict(kept), figures, advice(scores, by_class, kept, counts), counts | {"generated": len(made_x)},
    )  # fmt: skip
    run.folder.write_json("evaluation.json", found.to_dict())
    return found


def _source(run: Run) -> Any:
    from pathlib import Path

    return Path(run.config.source)


def _some(rows: NDArray[np.intp], most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


def _as_kept(run: Run, x: Tensor) -> Tensor:
    """The tensors a user would get: written in the data's own type and range, and read again."""
    like = run.domain.records(run.codec.decode(x), {}, [f"{i}" for i in range(len(x))], run.data)
    return run.codec.encode(like, np.arange(len(x)))


# ── the scores ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _measures(run: Run, train: Sample, real: Sample) -> list[Measure]:
    name = run.extractor.name
    found = [
        Measure(f"FD-{name}", "lower", "Fréchet distance of features: overall closeness",
                lambda a, b: frechet_distance(a.features, b.features), _halves(frechet_distance)),
        Measure(f"KD-{name}", "lower", "kernel distance of features (x 1000): closeness, unbiased in small sets",
                lambda a, b: _kernel(a.features, b.features), _halves(_kernel)),
    ]  # fmt: skip
    notes = {
        "precision": "share of generated samples that look real",
        "recall": "share of real samples within reach of generated ones",
        "density": "how deep inside the real samples generated ones lie",
        "coverage": "share of real samples with a generated one as near as their neighbours",
    }
    found += [_manifold(key, note) for key, note in notes.items()]
    found.append(Measure("forest AUC", "lower", "how well a random forest tells real from generated: 0.5 cannot, 1.0 always",
                         lambda a, b: classifier_two_sample(*_few(a, b)), lambda a, b, v: _auc_interval(v, *map(len, _few(a, b)))))  # fmt: skip
    for key, values in real.summaries.items():
        spread = values.std(0) + 1e-9
        distance = _transport(spread)
        found.append(Measure(f"{key} W1", "lower", f"Wasserstein distance of {key}, in standard deviations of the real data",
                             lambda a, b, key=key, d=distance: d(a.summaries[key], b.summaries[key]),
                             lambda a, b, v, key=key, d=distance: interval(d, a.summaries[key], b.summaries[key], n=50)))  # fmt: skip
    if len(np.unique(real.y)) > 1 and len(np.unique(train.y)) > 1:
        found.append(_utility(train))
    return found


def _utility(train: Sample) -> Measure:
    def accuracy(a: Sample, b: Sample) -> float:
        result = train_synthetic_test_real(b.features, b.y, train.features, train.y, a.features, a.y, seed=0)
        return float(result.synthetic_balanced_accuracy)

    return Measure("TSTR balanced accuracy", "higher", "classifier trained on generated samples, tested on real ones", accuracy,
                   lambda a, b, v: _share_interval(v, len(a.y)))  # fmt: skip


def _manifold(key: str, note: str) -> Measure:
    def of(a: Sample, b: Sample) -> float:
        k = max(1, min(5, len(a.features) - 1, len(b.features) - 1))
        return float(getattr(precision_recall_density_coverage(a.features, b.features, k), key))

    return Measure(key, "higher", note, of, lambda a, b, v: _share_interval(v, len(a.features)))


def _kernel(a: Floats, b: Floats) -> float:
    return 1000 * kernel_distance(a, b, subsets=20, size=min(1000, len(a), len(b)))[0]


def _halves(function: Callable[[Floats, Floats], float]) -> Callable[[Sample, Sample, float], tuple[float, float]]:
    return lambda a, b, v: half_sample_interval(function, a.features, b.features, n=50)


def _transport(spread: Floats) -> Callable[[Floats, Floats], float]:
    def distance(a: Floats, b: Floats) -> float:
        from scipy.stats import wasserstein_distance

        return float(np.mean([wasserstein_distance(a[:, j], b[:, j]) / spread[j] for j in range(a.shape[1])]))

    return distance


def _few(a: Sample, b: Sample) -> tuple[Floats, Floats]:
    return a.features[:MOST_PAIRWISE], b.features[:MOST_PAIRWISE]


def _share_interval(value: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; for density, which may pass 1, the same width around it."""
    z, p = 1.96, min(1.0, max(0.0, value))
    middle, half = (
        (p + z * z / (2 * n)) / (1 + z * z / n),
        z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)),
    )
    shift = value - p
    return float(middle - half + shift), float(middle + half + shift)


def _auc_interval(auc: float, m: int, n: int) -> tuple[float, float]:
    """95 % interval of an AUC (Hanley and McNeil 1982)."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (auc * (1 - auc) + (m - 1) * (q1 - auc**2) + (n - 1) * (q2 - auc**2)) / (m * n)
    half = 1.96 * float(np.sqrt(max(0.0, variance)))
    return max(0.0, auc - half), min(1.0, auc + half)


def _score(measure: Measure, real: Sample, made: Sample, floor: Sample, others: Mapping[str, Sample]) -> Score:
    value = measure.of(real, made)
    low, high = measure.interval(real, made, value)
    rivals = {name: measure.of(real, other) for name, other in others.items()}
    best = (min if measure.better == "lower" else max)(rivals, key=lambda name: rivals[name])
    note = f"{measure.note}; best baseline: {best}"
    return Score(
        measure.name, value, low, high, measure.of(real, floor), rivals[best], measure.better, len(made.features), note
    )


def _literature(run: Run, real: list[Any], made: list[Any], train_x: Tensor) -> list[Score]:
    """The scores that papers print, beside their floor; they come without interval and baseline."""
    found, floor = run.domain.literature(real, made), run.domain.literature(real, run.codec.decode(train_x))
    note, nan = "as papers print it; comparable at equal numbers of samples alone", float("nan")
    return [
        Score(name, value, nan, nan, floor[name][0], nan, better, len(made), note)
        for name, (value, better) in found.items()
    ]


def _by_class(run: Run, real: Sample, made: Sample, floor: Sample) -> list[dict[str, Any]]:
    rows = []
    for k, name in enumerate(run.classes.names):
        a, b, c = (np.flatnonzero(s.y == k) for s in (real, made, floor))
        if min(len(a), len(b)) < 3:
            continue
        neighbours = min(5, len(a) - 1, len(b) - 1)
        shape = precision_recall_density_coverage(real.features[a], made.features[b], neighbours)
        rows.append({
            "class": name or "(unlabelled)",
            "n_real": len(a),
            "frechet": frechet_distance(real.features[a], made.features[b]),
            "floor": frechet_distance(real.features[a], floor.features[c]) if len(c) >= 3 else float("nan"),
            "coverage": shape.coverage,
            "precision": shape.precision,
        })  # fmt: skip
    return rows


# ── the pictures ────────────────────────────────────────────────────────────────────────────────────────────────────


def _gallery(
    run: Run, records: Any, test: NDArray[np.intp], train: NDArray[np.intp], y: NDArray[np.intp], made: Tensor,
    known: Sample, judged: Sample,
) -> dict[str, Any]:  # fmt: skip
    """What the domain draws: decoded items, real and generated, the generated samples nearest to training, a walk."""
    distance, place = nearest(judged.features, known.features)
    closest = np.argsort(distance)[:8]

    def items(x: Tensor) -> list[Any]:
        return run.codec.decode(x)

    pick = torch.from_numpy(closest)
    return {
        "classes": [name or "all" for name in run.classes.names],
        "real": items(run.codec.encode(records, test)),
        "made": items(made),
        "y": y,
        "closest_made": items(made[pick]),
        "closest_train": items(run.codec.encode(records, train[place[closest]])),
        "walk": [items(row) for row in _walk(run)],
    }


@torch.no_grad()
def _walk(run: Run, steps: int = 8, rows: int = 4) -> list[Tensor]:
    """Straight lines between latents, rescaled to keep their length; one class a line."""
    from vivogan.core.seeds import latents

    ends = torch.from_numpy(latents(derive(0, "walk"), np.arange(2 * rows), run.generator.latent_dim)).to(run.device)  # type: ignore[arg-type]
    found = []
    for row in range(rows):
        a, b = ends[2 * row], ends[2 * row + 1]
        share = torch.linspace(0, 1, steps, device=run.device)[:, None]
        z = torch.lerp(a[None], b[None], share)
        z = z / z.norm(dim=1, keepdim=True) * torch.lerp(a.norm(), b.norm(), share)
        condition = torch.full((steps,), row % len(run.classes.names), device=run.device)
        found.append(run.generator(z, condition).float().cpu())
    return found


def _kept(run: Run, figure: Figure) -> dict[str, str]:
    from io import BytesIO

    from PIL import Image

    stream = BytesIO()
    Image.fromarray(figure.image).save(stream, "PNG", optimize=True)
    write_bytes(run.folder.samples / f"{figure.name}.png", stream.getvalue())
    return {"name": figure.name, "file": f"samples/{figure.name}.png", "title": figure.title, "caption": figure.caption}
