"""Every domain keeps every rule of ``domains/base.py``, on every kind of data set that it is tried on."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tests.contract.cases import CASES, DOZENS, Case
from vivogan.core.budget import Budget
from vivogan.core.configuration import override
from vivogan.core.files import read_tensors, write_tensors
from vivogan.domains.base import Codec, Domain, Extractor, Plan, Split, Start
from vivogan.domains.classes import Classes
from vivogan.domains.run import Run
from vivogan.domains.train import train
from vivogan.engine.losses import OBJECTIVES
from vivogan.errors import UserError
from vivogan.reports import build


@dataclass
class Stage:
    """A case read, split, planned and fitted, each when it is first asked for."""

    case: Case
    folder: Path

    def __post_init__(self) -> None:
        self.domain = self.case.domain
        self.source = self.case.write(self.folder)
        self.records: Any = self.domain.read(self.source, self.case.read)

    @cached_property
    def split(self) -> Split:
        return self.domain.split(self.records, 0)

    @cached_property
    def fingerprint(self) -> dict[str, Any]:
        return self.domain.fingerprint(self.records)

    @cached_property
    def plan(self) -> Plan:
        made = self.domain.plan(self.fingerprint, Budget.parse("640"), "cpu")
        return override(made, list(self.case.overrides))

    @cached_property
    def classes(self) -> Classes:
        return Classes.of(self.records.labels, self.split.train)

    @cached_property
    def codec(self) -> Codec:
        return self.domain.fit_codec(self.records, self.split.train, self.plan)

    @cached_property
    def x(self) -> Tensor:
        return self.codec.encode(self.records, self.split.train)

    @cached_property
    def y(self) -> NDArray[np.intp]:
        return self.classes.indices(self.records.classes)[self.split.train]

    @cached_property
    def extractor(self) -> Extractor:
        return self.domain.fit_extractor(self.codec, self.x, self.y, self.plan, 5)

    @property
    def names(self) -> tuple[str, ...]:
        """The classes that there should be; of a measurement, its levels."""
        return self.classes.names if self.case.classes is None else self.case.classes

    def stirred(self) -> tuple[nn.Module, nn.Module]:
        """``networks`` after a little noise on every weight: some layers begin at zero."""
        networks = self.networks()
        with torch.no_grad():
            for network in networks:
                for weight in network.parameters():
                    weight.add_(0.01 * torch.randn_like(weight))
        return networks

    def networks(self, seed: int = 0) -> tuple[nn.Module, nn.Module]:
        """As they begin the game, which may be after a start of the generator."""
        torch.manual_seed(seed)
        generator, discriminator = self.domain.networks(self.codec, len(self.classes.names), self.plan)
        held = self.split.selection
        y = self.classes.indices(self.records.classes)[held]
        held_x = self.codec.encode(self.records, held)
        self.domain.start(
            generator, Start(self.x, self.y, held_x, y, self.plan, seed, lambda record: None, lambda: False)
        )
        return generator.train(), discriminator

    @cached_property
    def run(self) -> Run:
        return train(
            self.domain,
            self.source,
            self.folder / "run",
            read=self.case.read,
            budget="640",
            device="cpu",
            threads=1,
            overrides=self.case.overrides,
        )

    @cached_property
    def evaluation(self) -> Any:
        return self.run.evaluate()


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.name)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    threads = torch.get_num_threads()
    yield Stage(request.param, tmp_path_factory.mktemp("case"))
    torch.set_num_threads(threads)


def kept(part: Any, folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The state of something fitted, after it was on the disk."""
    tensors, state = part.state()
    write_tensors(folder / "part.safetensors", tensors, {})
    return dict(read_tensors(folder / "part.safetensors")), json.loads(json.dumps(state, allow_nan=False))


# ── records ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_records_say_what_they_are(stage: Stage) -> None:
    records = stage.records
    count = len(records)
    assert count >= 16
    assert len(set(records.ids)) == len(records.ids) == count
    assert all(len(values) == count for values in records.labels.values())
    assert len(records.classes) == count
    assert stage.classes.names == stage.names
    assert bool(stage.classes.edges) == (stage.case.classes is None)
    assert list(records.refusals) == []
    json.dumps(stage.fingerprint, allow_nan=False)


def test_reading_again_gives_the_same(stage: Stage) -> None:
    again = stage.domain.read(stage.source, stage.case.read)
    assert list(again.ids) == list(stage.records.ids)
    assert stage.domain.digest(again) == stage.domain.digest(stage.records)


def test_each_record_is_in_one_part(stage: Stage) -> None:
    split = stage.split
    parts = [split.train, split.selection, split.test]
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(stage.records)))
    assert all(part.tolist() == sorted(part.tolist()) for part in parts)
    assert len(split.train) > len(split.selection) >= 2
    assert len(split.test) >= 2


def test_a_split_is_its_seed(stage: Stage) -> None:
    again, other = stage.domain.split(stage.records, 0), stage.domain.split(stage.records, 1)
    assert again.test.tolist() == stage.split.test.tolist()
    assert other.test.tolist() != stage.split.test.tolist()


# ── codec ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_encoded_comes_back(stage: Stage) -> None:
    decoded = stage.codec.decode(stage.x)
    originals = [stage.records.items[i] for i in stage.split.train]
    assert len(decoded) == len(originals)
    assert all(stage.case.same(a, b) for a, b in zip(decoded, originals, strict=True))


def test_the_networks_see_finite_float32(stage: Stage) -> None:
    assert stage.x.dtype == torch.float32
    assert len(stage.x) == len(stage.split.train)
    assert torch.isfinite(stage.x).all()
    for i in (0, len(stage.x) - 1):
        alone = stage.codec.encode(stage.records, stage.split.train[i : i + 1])
        assert torch.allclose(alone[0], stage.x[i], atol=1e-5)  # a network may encode, and round otherwise


def test_a_codec_survives_the_disk(stage: Stage, tmp_path: Path) -> None:
    loaded = stage.domain.load_codec(*kept(stage.codec, tmp_path))
    assert torch.equal(loaded.encode(stage.records, stage.split.train), stage.x)
    noise = torch.randn(stage.x[:4].shape) * 2  # also what lies beyond the range
    for a, b in zip(loaded.decode(noise), stage.codec.decode(noise), strict=True):
        assert stage.case.contents(a) == stage.case.contents(b)
        assert (stage.case.decoded or stage.case.fits)(a)


# ── networks ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_networks_fit_the_data(stage: Stage) -> None:
    generator, discriminator = stage.networks()
    z, c = torch.randn(6, generator.latent_dim), torch.from_numpy(stage.y[:6])  # type: ignore[call-overload]
    made = generator(z, c)
    assert made.shape[1:] == stage.x.shape[1:]
    assert discriminator(made, c).shape == (6,)
    assert discriminator(stage.x[:6], c).shape == (6,)
    assert all(stage.case.fits(item) for item in stage.codec.decode(made))


def test_samples_depend_on_latent_and_condition_and_so_do_logits(stage: Stage) -> None:
    generator, discriminator = (network.eval() for network in stage.stirred())
    z = torch.randn(8, generator.latent_dim)  # type: ignore[call-overload]
    zero = torch.zeros(8, dtype=torch.long)
    with torch.no_grad():
        made = generator(z, zero)
        assert any(not torch.allclose(made[0], other) for other in made[1:])
        logits = discriminator(stage.x[:8], zero)
        assert logits[0] != logits[1]
        for k in range(1, len(stage.classes.names)):
            other = torch.full((8,), k)
            assert not torch.allclose(generator(z, other), made)
            assert not torch.equal(discriminator(stage.x[:8], other), logits)


def test_every_weight_is_taught(stage: Stage) -> None:
    generator, discriminator = stage.stirred()
    classes = torch.arange(len(stage.classes.names)).repeat(8)
    z = torch.randn(len(classes), generator.latent_dim)  # type: ignore[call-overload]
    made, real = generator(z, classes), stage.x[torch.arange(len(classes)) % len(stage.x)]
    objective = OBJECTIVES["non-saturating"]
    objective.discriminator(discriminator(real, classes), discriminator(made.detach(), classes)).backward()
    taught = {name: p.grad for name, p in discriminator.named_parameters()}
    objective.generator(made.new_zeros(()), discriminator(made, classes)).backward()
    taught |= {f"generator {name}": p.grad for name, p in generator.named_parameters()}
    for name, gradient in taught.items():
        assert gradient is not None, name
        assert torch.isfinite(gradient).all(), name
        assert gradient.abs().max() > 0, name


def test_the_same_seed_makes_the_same_networks(stage: Stage) -> None:
    for one, other in zip(stage.networks(3), stage.networks(3), strict=True):
        for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True):
            assert torch.equal(a, b)


# ── symmetry and augmentation ────────────────────────────────────────────────────────────────────────────────────────


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_symmetries_keep_shape_and_type_and_follow_their_generator(stage: Stage) -> None:
    symmetry = stage.domain.symmetry(stage.plan)
    for seed in range(6):
        moved = symmetry(stage.x, rng(seed))
        assert (moved.shape, moved.dtype) == (stage.x.shape, stage.x.dtype)
        assert torch.equal(moved, symmetry(stage.x, rng(seed)))


def test_augmentation_of_strength_nothing_changes_nothing(stage: Stage) -> None:
    assert torch.equal(stage.domain.augment(stage.x, 0.0, rng()), stage.x)


def test_augmentation_keeps_shape_and_type_and_follows_its_generator(stage: Stage) -> None:
    for p in (0.3, 1.0):
        one = stage.domain.augment(stage.x, p, rng(1))
        assert (one.shape, one.dtype) == (stage.x.shape, stage.x.dtype)
        assert torch.equal(one, stage.domain.augment(stage.x, p, rng(1)))
        assert not torch.equal(one, stage.domain.augment(stage.x, p, rng(2)))
        assert not torch.equal(one, stage.x)
    share = [(stage.domain.augment(stage.x, p, rng(3)) != stage.x).float().mean() for p in (0.05, 0.5, 1.0)]
    assert share == sorted(share)


def test_gradients_pass_through_the_augmentation(stage: Stage) -> None:
    x = stage.x[:8].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(stage.domain.augment(x, 1.0, rng()).square().sum(), x)
    assert torch.isfinite(gradient).all()
    assert all(piece.abs().max() > 0 for piece in gradient)


# ── features, summaries, baselines ───────────────────────────────────────────────────────────────────────────────────


def test_features_are_finite_rows_that_stand_alone(stage: Stage) -> None:
    features = stage.extractor(stage.x)
    assert features.dtype == np.float64
    assert features.ndim == 2
    assert len(features) == len(stage.x)
    assert np.isfinite(features).all()
    assert features.std(0).max() > 0
    assert stage.extractor(stage.x[:3]) == pytest.approx(features[:3], rel=1e-3, abs=1e-4)
    assert stage.extractor(stage.x[:0]).shape == (0, features.shape[1])


def test_the_same_seed_makes_the_same_features(stage: Stage) -> None:
    again = stage.domain.fit_extractor(stage.codec, stage.x, stage.y, stage.plan, 5)
    assert again.name == stage.extractor.name
    assert np.array_equal(again(stage.x), stage.extractor(stage.x))
    other = stage.domain.fit_extractor(stage.codec, stage.x, stage.y, stage.plan, 6)
    assert other.name != stage.extractor.name


def test_features_survive_the_disk(stage: Stage, tmp_path: Path) -> None:
    loaded = stage.domain.load_extractor(stage.codec, *kept(stage.extractor, tmp_path))
    assert loaded.name == stage.extractor.name
    assert np.array_equal(loaded(stage.x), stage.extractor(stage.x))


def test_summaries_are_finite(stage: Stage) -> None:
    for x in (stage.x, stage.x[:1], torch.full_like(stage.x[:2], -1.0)):
        found = stage.domain.summaries(x, stage.codec)
        assert found
        for name, values in found.items():
            assert values.dtype == np.float64, name
            assert values.ndim == 2, name
            assert len(values) == len(x), name
            assert np.isfinite(values).all(), name


def test_baselines_give_what_was_asked_for(stage: Stage) -> None:
    wanted = np.tile(np.arange(len(stage.classes.names)), 20)
    for name, baseline in stage.domain.baselines().items():
        fitted = baseline.fit(stage.x, stage.y)
        made = fitted.sample(wanted, 1)
        assert made.shape == (len(wanted), *stage.x.shape[1:]), name
        assert torch.isfinite(made).all(), name
        assert all(stage.case.fits(item) for item in stage.codec.decode(made)), name
        assert torch.equal(made, fitted.sample(wanted, 1)), name
        assert not torch.equal(made, fitted.sample(wanted, 2)), name
        if min(np.bincount(stage.y)) >= 5:  # the mean of a class is nearest to that class
            own = torch.stack([made[torch.from_numpy(wanted == k)].mean(0) for k in np.unique(stage.y)])
            for k in np.unique(stage.y):  # nobody is nearer to the mean of a class than what was made of it
                mean = stage.x[torch.from_numpy(stage.y == k)].mean(0)
                assert int((own - mean).square().flatten(1).sum(1).argmin()) == k, name


def test_baselines_are_no_copies(stage: Stage) -> None:
    plenty = np.flatnonzero(np.bincount(stage.y) >= 3)
    for name, baseline in stage.domain.baselines().items():
        made = baseline.fit(stage.x, stage.y).sample(np.repeat(plenty, 20), 1)
        nearest = torch.cdist(made.flatten(1), stage.x.flatten(1)).min(1).values
        assert stage.case.few or nearest.min() > 1e-3, name
        assert nearest.median() > 0.1 * torch.pdist(stage.x.flatten(1)).median(), name


@pytest.mark.parametrize(("domain", "write"), DOZENS, ids=lambda given: getattr(given, "name", ""))
def test_too_few_records_are_refused_in_one_line(domain: Domain, write: Callable[[Path], Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"dozen.\w+: only 12 usable records.*[Aa]t least 16") as caught:
        train(domain, write(tmp_path), tmp_path / "run", budget="640", device="cpu", threads=1)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def kind(item: Any) -> Any:
    """The type of an item; of an array, that of its numbers."""
    return getattr(item, "dtype", type(item))


# ── a whole run ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_is_logged_to_its_end(stage: Stage) -> None:
    lines = stage.run.folder.metrics()
    start = [0] if stage.run.start is not None else []  # what was learned before the game is looked at too
    assert [line["samples"] for line in lines] == [*start, 160, 320, 480, 640]
    for line in lines:
        losses = ("loss_discriminator",) if line["samples"] else ()
        if line["samples"] > 640 * stage.run.plan.game.lead:
            losses += ("loss_generator",)
        for name in ("frechet", "coverage", "diversity", *losses):
            assert math.isfinite(line[name]), name


def test_a_sample_is_its_number(stage: Stage) -> None:
    eight, five = stage.run.generate(8), stage.run.generate(5, start=3)
    assert list(five.ids) == list(eight.ids)[3:]
    assert five.classes.tolist() == eight.classes.tolist()[3:]
    contents = stage.case.contents
    assert list(map(contents, five.items)) == list(map(contents, eight.items[3:]))
    one, other = (stage.run.tensors(np.arange(8), seed, lambda rows: np.zeros(len(rows), np.intp)) for seed in (0, 1))
    assert not torch.equal(one, other)
    opened = Run.open(stage.run.folder.path, "cpu").generate(8)
    assert list(map(contents, opened.items)) == list(map(contents, eight.items))


def test_generated_records_are_of_the_users_kind(stage: Stage) -> None:
    made = stage.run.generate(200, truncation=0.9)
    assert len(set(made.ids)) == 200
    assert all(stage.case.fits(image) for image in made.items)
    assert set(made.classes.tolist()) <= set(stage.names)
    assert list(made.labels) == list(stage.records.labels)[:1]
    column = next(iter(stage.records.labels), None)
    for name in stage.names if column else ():
        assert set(stage.run.generate(20, where={column: name}, keep=0.5).classes.tolist()) == {name}


def test_what_is_written_can_be_read(stage: Stage, tmp_path: Path) -> None:
    made = stage.run.records(stage.x[:20], stage.y[:20], [f"made-{i}" for i in range(len(stage.x[:20]))])
    place = tmp_path / stage.case.place
    stage.domain.write(made, place)
    again = stage.domain.read(place, stage.case.again)
    assert len(again) == len({stage.case.contents(item) for item in made.items})  # equal ones are merged

    def contents(records: Any) -> list[tuple[str, bytes]]:
        pairs = zip(records.classes, map(stage.case.contents, records.items), strict=True)
        return sorted({(str(c), item) for c, item in pairs})

    assert contents(again) == contents(made)
    assert {kind(item) for item in again.items} == {kind(item) for item in made.items}


def test_a_run_is_judged_beside_floors_and_baselines(stage: Stage) -> None:
    found = stage.evaluation
    assert found.grade in ("good", "fair", "poor")
    assert found.verdict
    assert {s.name.split()[0] for s in found.scores} >= {"precision", "recall", "density", "coverage", "forest"}
    assert sum(s.name.startswith("FD-") for s in found.scores) == 1
    for score in found.scores:
        for value in (score.value, score.low, score.high, score.floor, score.baseline):
            assert math.isfinite(value), score
        assert score.low <= score.high, score
        assert score.n == found.counts["generated"]
    assert found.counts["train"] == len(stage.run.split.train)
    assert json.loads((stage.run.folder.path / "evaluation.json").read_text())["grade"] == found.grade


@pytest.mark.parametrize("stage", CASES[-1:], ids=lambda case: case.name, indirect=True)  # one is enough: it takes time
def test_a_judgement_repeats(stage: Stage) -> None:
    again = Run.open(stage.run.folder.path, "cpu").evaluate()
    assert [(s.name, s.value, s.floor, s.baseline) for s in again.scores] == [
        (s.name, s.value, s.floor, s.baseline) for s in stage.evaluation.scores
    ]


def test_figures_are_pictures(stage: Stage) -> None:
    from PIL import Image

    assert {figure["name"] for figure in stage.evaluation.figures} >= {"real", "generated", "nearest"}
    for figure in stage.evaluation.figures:
        with Image.open(stage.run.folder.path / figure["file"]) as picture:
            assert picture.mode == "RGB"
            assert np.asarray(picture).std() > 0
        assert figure["title"]
        assert figure["caption"]


def test_a_run_has_its_report(stage: Stage) -> None:
    assert stage.evaluation
    page = build(stage.run.folder.path)
    text = page.read_text()
    assert len(text) > 10_000
    assert "nan" not in text.lower().split()
    for name in stage.names:
        assert name in text
