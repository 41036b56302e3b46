"""Predictors learn what is there, say how sure they are, come back from the disk, and are differentiable."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from vivogan.domains.sequences.alphabets import DNA, PROTEIN, Alphabet
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.kmers import kmer_counts
from vivogan.domains.sequences.records import SequenceRecords
from vivogan.domains.sequences.tools.descriptors import HYDROPHOBICITY, Descriptors, words
from vivogan.domains.sequences.tools.oracle import translation
from vivogan.domains.sequences.tools.predictor import Predictor, PredictPlan, fit_predictor
from vivogan.domains.sequences.tools.reader import Ensemble, ReaderSettings, trimmed
from vivogan.domains.sequences.tools.simple import Kernel, ridge
from vivogan.domains.tasks.agreement import auc, spearman
from vivogan.domains.tasks.learn import LearnSettings
from vivogan.domains.tasks.stacking import stack_classes, stack_numbers, widths
from vivogan.domains.tasks.targets import Targets, dealt

SMALL = ReaderSettings(channels=16, motif=5, pool=2, blocks=1, heads=4, hidden=16, dropout=0.1)
QUICK = PredictPlan(
    reader=SMALL, members=2, batch=32, landmarks=60, learn=LearnSettings(steps=120, learning_rate=5e-3, tick=30)
)


def drawn(alphabet: Alphabet, n: int, low: int, high: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list(alphabet.letters), rng.integers(low, high + 1))) for _ in range(n)]


def codec_for(sequences: list[str], alphabet: Alphabet, coding: bool = False) -> SequenceCodec:
    records = SequenceRecords(sequences, {}, [str(i) for i in range(len(sequences))], alphabet=alphabet, coding=coding)
    return SequenceCodec.fit(records, np.arange(len(sequences)))


@pytest.fixture(scope="module")
def learned() -> tuple[Predictor, list[str], np.ndarray]:
    """GC content and noise, of DNA of one length; the second column is known of every third sequence."""
    sequences = drawn(DNA, 240, 24, 24)
    gc = np.array([sum(letter in "GC" for letter in s) for s in sequences], float)
    y = np.stack([gc + np.random.default_rng(1).normal(0, 1, len(gc)), -gc], 1)
    y[np.arange(len(y)) % 3 > 0, 1] = np.nan
    codec = codec_for(sequences, DNA)
    folds = np.arange(len(y)) % 2
    return fit_predictor(sequences, y, Targets(["gc", "at"]), codec, folds, QUICK, seed=0), sequences, gc


def test_it_learns_and_its_intervals_hold(learned: tuple[Predictor, list[str], np.ndarray]) -> None:
    predictor, _, _ = learned
    new = drawn(DNA, 400, 24, 24, seed=9)
    gc = np.array([sum(letter in "GC" for letter in s) for s in new], float)
    found = predictor.predict(new)
    assert spearman(found.mean[:, 0], gc) > 0.9
    assert spearman(found.mean[:, 1], gc) < -0.9
    truth = gc + np.random.default_rng(2).normal(0, 1, len(gc))
    inside = (found.low[:, 0] <= truth) & (truth <= found.high[:, 0])
    assert 0.82 < inside.mean() < 0.97
    assert (found.sd > 0).all()


def test_the_network_says_the_same_and_has_gradients(learned: tuple[Predictor, list[str], np.ndarray]) -> None:
    predictor, sequences, _ = learned
    x = predictor.codec.encoded(sequences[:5]).requires_grad_()
    mean = predictor.network(x)
    assert mean.detach().numpy() == pytest.approx(predictor.predict(sequences[:5]).mean, abs=1e-4)
    mean[:, 0].sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    slope = x.grad.mean((0, 2))  # of A, C, G, T
    assert slope[[1, 2]].min() > slope[[0, 3]].max()


def test_it_comes_back_from_its_state(learned: tuple[Predictor, list[str], np.ndarray]) -> None:
    predictor, sequences, _ = learned
    again = Predictor.from_state(*predictor.state())
    one, other = predictor.predict(sequences), again.predict(sequences)
    assert (one.mean == other.mean).all()
    assert (one.high == other.high).all()


@pytest.mark.parametrize("kind", ["cnn", "kmers", "both"])
def test_classes_of_peptides_get_probabilities(kind: str) -> None:
    sequences = drawn(PROTEIN, 160, 5, 14, seed=3)
    charged = np.array([sum(s.count(letter) for letter in "KR") > len(s) / 10 for s in sequences])
    y = np.stack([~charged, charged], 1).astype(float)
    plan = QUICK.model_copy(update={"kind": kind, "reader": SMALL.model_copy(update={"pool": 1})})
    codec = codec_for(sequences, PROTEIN)
    predictor = fit_predictor(sequences, y, Targets(["no", "yes"], "charged"), codec, np.arange(160) % 2, plan, 0)
    new = drawn(PROTEIN, 100, 5, 14, seed=4)
    truth = np.array([sum(s.count(letter) for letter in "KR") > len(s) / 10 for s in new], float)
    found = predictor.predict(new)
    assert found.mean.sum(1) == pytest.approx(1, abs=1e-5)
    assert auc(found.mean[:, 1], truth) > 0.75
    assert ((found.low >= 0) & (found.high <= 1)).all()
    again = Predictor.from_state(*predictor.state())
    assert (again.predict(new).mean == found.mean).all()
    alone = predictor.predict(new[:1]).mean[0]  # whatever else is looked at together with it
    assert alone == pytest.approx(found.mean[0], abs=1e-5)


def test_the_same_seed_gives_the_same_bits() -> None:
    sequences = drawn(DNA, 60, 12, 12)
    y = np.array([[s.count("A")] for s in sequences], float)
    plan = QUICK.model_copy(update={"learn": LearnSettings(steps=6, tick=3)})
    made = [
        fit_predictor(sequences, y, Targets(["a"]), codec_for(sequences, DNA), np.arange(60) % 2, plan, seed)
        for seed in (0, 0, 1)
    ]
    means = [predictor.predict(sequences).mean for predictor in made]
    assert (means[0] == means[1]).all()
    assert (means[0] != means[2]).any()


def test_both_strands_say_the_same() -> None:
    sequences = drawn(DNA, 60, 12, 12)
    y = np.array([[s.count("A")] for s in sequences], float)
    plan = QUICK.model_copy(update={"both_strands": True, "learn": LearnSettings(steps=6, tick=3)})
    predictor = fit_predictor(sequences, y, Targets(["a"]), codec_for(sequences, DNA), np.arange(60) % 2, plan, 0)
    other = [DNA.reverse_complement(s) for s in sequences]
    assert predictor.predict(sequences).mean == pytest.approx(predictor.predict(other).mean, abs=1e-4)


def test_codons_are_read_as_the_amino_acids_they_spell() -> None:
    from Bio.Seq import Seq

    sequences = ["ATGAAATGGTAA", "ATGGTTTGTCGTTAG"]
    codec = codec_for(sequences, DNA, coding=True)
    read = torch.einsum("pa,nal->npl", translation(codec), codec.encoded(sequences)).argmax(1)
    letters = [*PROTEIN.letters, ""]
    spelt = ["".join(letters[i] for i in row) for row in read.tolist()]
    assert spelt == [str(Seq(s).translate(to_stop=True)) for s in sequences]


def test_what_lies_after_the_end_changes_nothing() -> None:
    sequences = drawn(PROTEIN, 6, 4, 40, seed=5)
    x = codec_for(sequences, PROTEIN).encoded(sequences)
    torch.manual_seed(0)
    network = Ensemble(2, 21, x.shape[2], True, 3, SMALL).eval()
    padded = torch.cat([x, x[..., -1:].expand(-1, -1, 60) * 0 + torch.eye(21)[-1][None, :, None]], 2)
    assert trimmed(padded).shape[2] < padded.shape[2]
    with torch.no_grad():
        assert torch.allclose(network(trimmed(padded)), network(padded), atol=1e-5)


def test_soft_words_of_letters_are_counts() -> None:
    sequences = drawn(DNA, 4, 15, 15)
    x = codec_for(sequences, DNA).encoded(sequences)
    for k in (1, 2, 3, 4):
        assert (words(x, k).sum(-1).numpy() == kmer_counts(sequences, k, DNA.letters)).all()


def test_descriptors_of_peptides() -> None:
    sequences = ["KKLLKKLL", "AW"]
    codec = codec_for(sequences, PROTEIN)
    chemistry, pairs = Descriptors(PROTEIN, codec.ends)(codec.encoded(sequences))
    assert chemistry[:, 0].tolist() == [8, 2]  # length
    assert chemistry[:, 2].tolist() == pytest.approx([4, 0])  # charge
    a, w = (HYDROPHOBICITY[PROTEIN.letters.index(letter)] for letter in "AW")
    assert chemistry[1, 3].item() == pytest.approx((a + w) / 2)
    neighbours = PROTEIN.letters.index("A") * 20 + PROTEIN.letters.index("W")
    assert pairs[1].nonzero().ravel().tolist() == [neighbours]


def test_descriptors_of_one_length_know_the_places() -> None:
    sequences = ["KKLLK", "KLKLK"]  # the same letters
    codec = codec_for(sequences, PROTEIN)
    *_, places = Descriptors(PROTEIN, codec.ends)(codec.encoded(sequences))
    assert places.shape == (2, 5 * len(PROTEIN.letters))
    assert (places[0] != places[1]).sum() == 4  # two places differ, in two letters each


def test_the_kernel_of_all_landmarks_is_exact() -> None:
    blocks = [torch.randn(20, 5, generator=torch.Generator().manual_seed(0)), torch.rand(20, 3)]
    kernel = Kernel.fit(blocks, most=20, seed=0)
    phi = kernel(blocks)
    z = kernel.standardised(blocks)
    assert torch.allclose(phi @ phi.T, (-torch.cdist(z, z).square()).exp(), atol=2e-3)


def test_ridge_agrees_with_scikit_learn() -> None:
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(0)
    phi, folds = rng.normal(size=(90, 4)), np.arange(90) % 3
    y = phi @ rng.normal(size=(4, 2)) + 0.5 * rng.normal(size=(90, 2)) + 3
    y[:30, 1] = np.nan
    fit = ridge(phi, y, folds)
    known = np.isfinite(y[:, 1])
    offset = y[known, 1].mean()
    errors = [
        np.abs(
            Ridge(alpha=p, fit_intercept=False).fit(phi[known], y[known, 1] - offset).coef_ - fit.weights[:, 1]
        ).max()
        for p in 10.0 ** np.arange(-2, 2.51, 0.5)
    ]
    assert min(errors) < 1e-8
    assert fit.offset[1] == pytest.approx(offset)
    assert spearman(fit.unseen[:, 0], y[:, 0]) > 0.8


def test_stacks_find_the_better_half() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(500, 1))
    good, bad = y + 0.1 * rng.normal(size=y.shape), rng.normal(size=y.shape)
    assert stack_numbers([good, bad], y) == pytest.approx([1, 0], abs=0.05)
    classes = np.stack([y[:, 0] > 0, y[:, 0] <= 0], 1).astype(float)
    weights, _ = stack_classes([np.concatenate([good, -good], 1), np.concatenate([bad, -bad], 1)], classes)
    assert weights[0] > 10 * weights[1] >= 0


def test_widths_hold_as_many_as_they_say() -> None:
    rng = np.random.default_rng(0)
    variance = rng.uniform(0, 4, (4000, 1))
    residuals = rng.normal(size=(4000, 1)) * np.sqrt(1 + variance)
    noise, factor = widths(residuals[:2000], variance[:2000], 0.9)
    inside = np.abs(residuals[2000:]) <= factor * np.sqrt(noise + variance[2000:])
    assert inside.mean() == pytest.approx(0.9, abs=0.02)
    assert factor[0] == pytest.approx(1.645, abs=0.12)


def test_groups_share_a_fold() -> None:
    groups = np.repeat(np.arange(40), 5)
    folds = dealt(groups, 4, seed=0)
    assert np.bincount(folds).tolist() == [50] * 4
    assert all(a == b for (a, g), (b, h) in pairwise(zip(folds, groups, strict=True)) if g == h)
    assert set(dealt(np.zeros(20, np.intp), 4, 0).tolist()) == {0, 1, 2, 3}


def test_auc_of_ties_and_of_perfect_scores() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    score, positive = rng.integers(0, 5, 60).astype(float), rng.integers(0, 2, 60).astype(float)
    assert auc(score, positive) == pytest.approx(roc_auc_score(positive, score))
