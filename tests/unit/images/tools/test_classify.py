from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.datasets import make_blobs
from torch import Tensor

from vivogan.domains.images.tools.classifier import Classifier
from vivogan.domains.images.tools.classify import ClassifyPlan, fit_classifier
from vivogan.domains.images.tools.confidence import calibration_error, fit_temperature
from vivogan.domains.images.tools.consistency import neighbours, spread_labels, virtual_adversarial
from vivogan.domains.images.tools.contrast import ContrastSettings, contrastive_loss
from vivogan.domains.tasks.learn import LearnSettings
from vivogan.errors import UserError

SIDE = 16
QUICK = ClassifyPlan(
    side=SIDE,
    widths=(16, 32),
    contrast=ContrastSettings(steps=30, batch=48),
    learn=LearnSettings(steps=60, learning_rate=3e-3),
    rounds=1,
    batch=48,
    calibration_steps=20,
    neighbours=10,
)


def pictures(n: int, seed: int) -> tuple[Tensor, np.ndarray]:
    """Discs (class 0), rings (1) and bars (2) somewhere on a noisy ground."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    rows, columns = np.mgrid[:SIDE, :SIDE]
    x = np.empty((n, 1, SIDE, SIDE), np.float32)
    for i, kind in enumerate(y):
        down, across = rng.uniform(5.5, 9.5, 2)
        far = np.hypot(rows - down, columns - across)
        shape = (far < 3.5, abs(far - 3.5) < 1.0, (abs(rows - down) < 1.2) & (abs(columns - across) < 5))[kind]
        x[i, 0] = -0.5 + 1.0 * shape + rng.normal(0, 0.12, (SIDE, SIDE))
    return torch.from_numpy(x), y


@pytest.fixture(scope="module")
def fitted() -> Classifier:
    x, y = pictures(24, 0)
    return fit_classifier(x, y, pictures(240, 1)[0], QUICK, seed=0)


def test_learns_from_eight_labels_a_class(fitted: Classifier) -> None:
    x, y = pictures(150, 2)
    chances = fitted.probabilities(x)
    assert (chances.argmax(1) == y).mean() > 0.9
    np.testing.assert_allclose(chances.sum(1), 1)
    assert fitted.features(x).shape == (150, 32)


def test_a_run_is_a_function_of_its_seed_and_its_state_is_all_of_it(fitted: Classifier) -> None:
    x, y = pictures(24, 0)
    plan = QUICK.model_copy(update={"contrast": QUICK.contrast.model_copy(update={"steps": 3})})
    plan = plan.model_copy(update={"learn": plan.learn.model_copy(update={"steps": 4}), "calibration_steps": 2})
    one, two = (fit_classifier(x, y, pictures(60, 1)[0], plan, seed=5) for _ in range(2))
    np.testing.assert_array_equal(one.probabilities(x), two.probabilities(x))
    again = Classifier.from_state(*fitted.state())
    np.testing.assert_array_equal(again.probabilities(x), fitted.probabilities(x))
    np.testing.assert_array_equal(again.unknown(x).unknown, fitted.unknown(x).unknown)


def test_noise_is_unknown_and_known_images_are_not(fitted: Classifier) -> None:
    noise = torch.rand(60, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert fitted.unknown(noise).unknown.mean() > 0.95
    assert fitted.unknown(pictures(300, 3)[0]).unknown.mean() < 0.1


def test_attribution_points_at_the_object(fitted: Classifier) -> None:
    x, y = pictures(30, 4)
    maps = fitted.attribution(x, y)
    assert maps.shape == (30, SIDE, SIDE)
    bright = torch.nn.functional.max_pool2d((x > 0.1).float(), 5, 1, 2)[:, 0].bool().numpy()
    strength = np.abs(maps)
    assert strength[bright].mean() > 3 * strength[~bright].mean()


@pytest.mark.parametrize(
    ("y", "pool", "words"),
    [
        ([0] * 6, 10, "two classes"),
        ([0, 0, 0, 1, 1, 2], 10, "class 2 has 1 labelled"),
        ([0, 0, 0, 2, 2, 2], 10, "class 1 has 0 labelled"),
        ([0, 0, 0, 1, 1, 1], 0, "set pool=0"),
    ],
)
def test_bad_input_is_refused_with_a_mend(y: list[int], pool: int, words: str) -> None:
    x = pictures(6, 0)[0]
    with pytest.raises(UserError, match=words):
        fit_classifier(x, y, pictures(pool, 1)[0] if pool else None, QUICK, seed=0)


def test_labelled_images_alone_adversaries_and_generated_images_run() -> None:
    x, y = pictures(12, 0)
    steps = QUICK.learn.model_copy(update={"steps": 2})
    changes = {"pool": 0.0, "adversarial": 1.0, "generated": 0.5, "learn": steps, "calibration_steps": 1}
    plan = QUICK.model_copy(update=changes | {"contrast": ContrastSettings(steps=0)})
    found = fit_classifier(x[:, :, :15, :15], y, None, plan, seed=0, generated=(x[:, :, :15, :15], y))
    assert np.isfinite(found.probabilities(x[:, :, :15, :15])).all()
    assert np.isfinite(found.unknown(x[:, :, :15, :15]).threshold)


def test_temperature_undoes_overconfidence() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (4000, 5))
    y = np.array([rng.choice(5, p=p) for p in softmax(logits, axis=1)])
    assert fit_temperature(3 * logits, y) == pytest.approx(3, rel=0.08)
    assert calibration_error(softmax(3 * logits, axis=1), y) > 0.1
    assert calibration_error(softmax(logits, axis=1), y) < 0.03


def test_labels_spread_within_clusters() -> None:
    x, y = make_blobs(300, 5, centers=3, cluster_std=0.5, random_state=1)
    rows = np.array([np.flatnonzero(y == k)[0] for k in range(3)])
    chances = spread_labels(neighbours(torch.from_numpy(x - x.mean(0)).float(), 8), rows, y[rows], 3)
    assert (chances.argmax(1) == y).mean() > 0.98


def test_adversarial_divergence_exceeds_that_of_random_changes() -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    x, rng = torch.randn(64, 3, 4, 4), torch.Generator().manual_seed(0)
    worst = virtual_adversarial(network, x, network(x), 0.1, rng)
    random = torch.randn(x.shape, generator=rng)
    random = random / random.flatten(1).norm(dim=1).view(-1, 1, 1, 1) * 0.1 * 48**0.5
    other = torch.nn.functional.kl_div(network(x + random).log_softmax(1), network(x).softmax(1), reduction="batchmean")
    assert worst > 2 * other


def test_contrastive_loss_is_the_papers() -> None:
    torch.manual_seed(0)
    one, other = torch.randn(4, 6), torch.randn(4, 6)
    z = torch.nn.functional.normalize(torch.cat([one, other]), dim=1)
    terms = []
    for i in range(8):
        pair = torch.exp(z[i] @ z[(i + 4) % 8] / 0.5)
        terms.append(-torch.log(pair / sum(torch.exp(z[i] @ z[k] / 0.5) for k in range(8) if k != i)))
    torch.testing.assert_close(contrastive_loss(one, other, 0.5), torch.stack(terms).mean())
