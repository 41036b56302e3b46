"""Judging a run on its test part, the same way in every domain: floors, baselines, memorisation, utility, a verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.seeds import derive, numpy_generator
from vivogan.domains.base import Score
from vivogan.domains.gallery import gallery_of, keep_figure
from vivogan.domains.run import Run, Watch
from vivogan.domains.scores import Sample, by_class, measures, score
from vivogan.domains.verdict import advice, grade, verdict
from vivogan.metrics.memorisation import memorisation

MOST = 5000  # samples judged
FEW = 8  # test records below which the selection part helps out


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
        rows = [
            f"{s.name:<28}{s.value:>9.4g}  [{s.low:.4g}, {s.high:.4g}]  floor {s.floor:.4g}  baseline {s.baseline:.4g}"
            for s in self.scores
        ]
        return "\n".join([*self.verdict, "", *rows])


def evaluate(run: Run, watch: Watch, seed: int = 0, literature: bool = False) -> Evaluation:
    """Judge a run; also writes ``evaluation.json`` and the pictures of the report."""
    domain, classes = run.domain, run.classes
    watch({"event": "stage", "text": "reading the test part"})
    records = run.source_records()
    y = classes.indices(records.classes)
    rng = numpy_generator(seed, "evaluation")
    held = run.split.test if len(run.split.test) >= FEW else np.concatenate([run.split.test, run.split.selection])
    test = _some(held[y[held] >= 0], MOST, rng)
    train = _some(run.split.train, 2 * MOST, rng)
    watch({"event": "stage", "text": f"generating {len(test)} samples"})
    wanted = y[test]
    made_x = _as_kept(run, _made(run, wanted, seed))
    test_x, train_x = run.codec.encode(records, test), run.codec.encode(records, train)

    def sample(x: Tensor, labels: NDArray[np.intp]) -> Sample:
        return Sample(run.extractor(x), domain.summaries(x, run.codec), labels, x)

    real, known, made = sample(test_x, wanted), sample(train_x, y[train]), sample(made_x, wanted)
    others = {}
    for name, baseline in domain.baselines().items():
        watch({"event": "stage", "text": f"fitting the baseline {name}"})
        others[name] = sample(_as_kept(run, baseline.fit(train_x, y[train]).sample(wanted, derive(seed, name))), wanted)
    floor = known.rows(_some(np.arange(len(train)), len(test), rng))
    watch({"event": "stage", "text": "scoring"})
    start = None if run.start is None else sample(_as_kept(run, _made(run, wanted, seed, run.start)), wanted)
    asked = [*measures(run.extractor.name, known, real), *domain.measures(known, run.codec)]
    scores = [score(measure, real, made, floor, others, start) for measure in asked]
    if literature:
        watch({"event": "stage", "text": "scores of the literature"})
        scores += _literature(
            run,
            run.codec.decode(test_x),
            run.codec.decode(made_x),
            run.codec.encode(records, train[_some(np.arange(len(train)), len(test), rng)]),
        )
    kept = memorisation(known.features, real.features, made.features)
    class_rows = by_class(classes.names, real, made, floor) if len(classes.names) > 1 else []
    watch({"event": "stage", "text": "drawing"})
    gallery = gallery_of(run, records, test, train, wanted, made_x, known, made)
    figures = [keep_figure(run.folder, figure) for figure in domain.figures(gallery)]
    counts = {"train": len(run.split.train), "selection": len(run.split.selection), "test": len(run.split.test)}
    found = Evaluation(
        domain.name,
        run.folder.path.name,
        grade(scores, kept),
        verdict(scores, class_rows, kept),
        scores,
        class_rows,
        asdict(kept),
        figures,
        advice(scores, class_rows, kept, counts),
        counts | {"generated": len(made_x)},
    )
    run.folder.write_json("evaluation.json", found.to_dict())
    return found


def _some(rows: NDArray[np.intp], most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


def _made(run: Run, wanted: NDArray[np.intp], seed: int, generator: nn.Module | None = None) -> Tensor:
    return run.tensors(np.arange(len(wanted)), seed, lambda rows: wanted[rows % len(wanted)], generator=generator)


def _as_kept(run: Run, x: Tensor) -> Tensor:
    """The tensors a user would get: written in the data's own type and range, and read again."""
    like = run.domain.records(run.codec.decode(x), {}, [f"{i}" for i in range(len(x))], run.data)
    return run.codec.encode(like, np.arange(len(x)))


def _literature(run: Run, real: list[Any], made: list[Any], train_x: Tensor) -> list[Score]:
    """The scores that papers print, beside their floor; they come without interval and baseline."""
    found, floor = run.domain.literature(real, made), run.domain.literature(real, run.codec.decode(train_x))
    note, nan = "as papers print it; comparable at equal numbers of samples alone", float("nan")
    return [
        Score(name, value, nan, nan, floor[name][0], nan, better, len(made), note)
        for name, (value, better) in found.items()
    ]
