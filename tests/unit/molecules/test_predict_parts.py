"""The parts of a predictor of molecules: kernels, ridges, calibration, domain, recipes; each against a plain way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivogan.core.seeds import derive
from vivogan.domains.molecules.chemistry import molecule
from vivogan.domains.molecules.tools.applicability import Applicability
from vivogan.domains.molecules.tools.blending import Blend
from vivogan.domains.molecules.tools.calibration import Chance, VennAbers, Width, isotonic, platt, probability
from vivogan.domains.molecules.tools.features import BLOCKS, Described, telling
from vivogan.domains.molecules.tools.forest import Forest, ForestSettings
from vivogan.domains.molecules.tools.gaussian import GaussianKernel
from vivogan.domains.molecules.tools.kernel import COUNTED, LEVELS, CountKernel, generator, kernel_ridge, landmark_ridge
from vivogan.domains.molecules.tools.trees import Trees, TreeSettings, binned, grown
from vivogan.domains.tasks.agreement import Simply, auc, chance_scores
from vivogan.domains.tasks.labelled import chance, is_yes_or_no
from vivogan.domains.tasks.targets import Predicted, Targets

SOME = ["CCO", "CCCCCCCCCCCCCCCCCCCCO", "c1ccccc1", "c1ccncc1C(=O)O", "CC(C)Cc1ccc(cc1)C(C)C(=O)O", "O=C(O)CN"]


@pytest.mark.parametrize("kind", sorted(COUNTED))
def test_the_kernel_is_the_sum_of_minima_over_the_sum_of_maxima(kind: str) -> None:
    compare = CountKernel.fit(SOME[:4], [kind])
    counted = [generator(kind).GetSparseCountFingerprint(molecule(s)).GetNonzeroElements() for s in SOME]
    counted = [{name: min(count, LEVELS) for name, count in own.items()} for own in counted]
    for i, row in enumerate(compare(SOME)):
        for j in range(4):
            every = set(counted[i]) | set(counted[j])
            pairs = [(counted[i].get(name, 0), counted[j].get(name, 0)) for name in every]
            most = sum(max(pair) for pair in pairs)
            assert row[j] == pytest.approx(sum(min(pair) for pair in pairs) / most if most else 0.0)


def test_what_cannot_be_read_is_like_nothing_and_the_kernel_comes_back_from_the_disk() -> None:
    compare = CountKernel.fit(SOME, ["ecfp6", "pairs"])
    assert compare(["", "no"]).max() == 0
    assert np.array_equal(CountKernel.from_state(*compare.state())(SOME), compare(SOME))


def problem(n: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 3))
    kernel = np.exp(-((x[:, None] - x[None]) ** 2).sum(-1) / 4)
    return kernel, x[:, 0] ** 2 + 0.1 * rng.normal(size=n), np.arange(n) % 4


def test_a_fold_left_out_at_once_is_the_fold_left_out_by_learning_again() -> None:
    kernel, y, folds = problem()
    found = kernel_ridge(kernel, y, folds, [0.3])
    rest, left = np.flatnonzero(folds != 1), np.flatnonzero(folds == 1)
    own = np.linalg.solve(kernel[np.ix_(rest, rest)] + 0.3 * np.eye(len(rest)), y[rest] - y.mean())
    assert found.unseen[left] == pytest.approx(kernel[np.ix_(left, rest)] @ own + y.mean())


def test_with_every_molecule_a_landmark_the_two_ridges_agree() -> None:
    kernel, y, folds = problem()
    whole = kernel_ridge(kernel, y, folds, [0.3])
    marks = landmark_ridge(kernel, kernel, y, folds, 0.3)
    assert marks.unseen == pytest.approx(whole.unseen, abs=1e-2)
    assert kernel @ marks.weights == pytest.approx(kernel @ whole.weights, abs=1e-2)


def test_the_better_penalty_is_chosen() -> None:
    kernel, y, folds = problem()
    assert kernel_ridge(kernel, y, folds, [0.1, 1e6]).penalty == 0.1
    noise = np.random.default_rng(3).normal(size=len(y))
    assert kernel_ridge(kernel, noise, folds, [1.0, 1e6]).penalty == 1e6  # of two that are as good the smoother one


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.5, 3)), min_size=1, max_size=20))
def test_isotonic_is_what_sklearn_says(pairs: list[tuple[float, float]]) -> None:
    from sklearn.isotonic import IsotonicRegression

    y, weight = np.array(pairs).T
    expected = IsotonicRegression().fit_transform(np.arange(len(y)), y, sample_weight=weight)
    assert isotonic(y, weight) == pytest.approx(expected, abs=1e-9)


def test_intervals_hold_the_share_that_they_say_and_grow_with_their_hints() -> None:
    rng = np.random.default_rng(0)
    hint = rng.uniform(0, 1, (4000, 1))
    error = rng.normal(size=4000) * np.exp(2 * hint[:, 0])
    width = Width.fit(error[:2000], hint[:2000], 0.9)
    held = np.abs(error[2000:]) <= width.factor * width.sd(hint[2000:])
    assert 0.88 < held.mean() < 0.92
    assert held[hint[2000:, 0] > 0.8].mean() > 0.86  # not only on average
    assert width.sd(np.array([[0.9]])) > 2 * width.sd(np.array([[0.1]]))
    assert Width.from_state(width.state()).sd(hint) == pytest.approx(width.sd(hint))


def test_probabilities_come_true() -> None:
    rng = np.random.default_rng(0)
    score = rng.normal(size=6000)
    yes = (rng.uniform(size=6000) < probability(3 * score - 1)).astype(float)
    slope, bias = platt(score[:3000], yes[:3000])
    assert (slope, bias) == (pytest.approx(3, rel=0.15), pytest.approx(-1, rel=0.25))
    chance_of = Chance.fit(score[:3000], yes[:3000], 0.9)
    p, low, high = chance_of(score[3000:])
    assert ((low <= p) & (p <= high)).all()
    assert (high - low).mean() < 0.1
    likely = p > 0.8
    assert yes[3000:][likely].mean() == pytest.approx(p[likely].mean(), abs=0.03)
    sets = np.array(chance_of.answers(p))
    assert np.char.find(sets[yes[3000:] > 0], "yes")[...].max() >= 0
    assert np.mean(["yes" in s for s in sets[yes[3000:] > 0].tolist()]) == pytest.approx(0.9, abs=0.03)
    assert np.mean(["no" in s.split() for s in sets[yes[3000:] == 0].tolist()]) == pytest.approx(0.9, abs=0.03)
    again = Chance.from_state(chance_of.state())
    assert all(np.array_equal(a, b) for a, b in zip(again(score), chance_of(score), strict=True))


def test_few_molecules_leave_venn_abers_unsure() -> None:
    few = VennAbers.fit(np.array([0.0, 1.0, 2.0]), np.array([0.0, 0.0, 1.0]))
    low, high = few(np.array([0.0, 2.0]))
    assert (high - low > 0.3).all()


def test_a_useless_member_gets_no_weight() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=300) + 5
    blend = Blend.of_numbers(np.stack([y + 0.1 * rng.normal(size=300), rng.normal(size=300)]), y)
    assert blend.weights[0] == pytest.approx(1, abs=0.05)
    assert blend.weights[1] < 0.05
    assert blend(np.array([[5.0], [0.0]]))[0] == pytest.approx(5, abs=0.3)


def test_scores_of_any_scale_weigh_the_same_in_chances() -> None:
    rng = np.random.default_rng(0)
    y = (rng.uniform(size=400) < 0.3).astype(float)
    one, two = y + rng.normal(size=400), y + rng.normal(size=400)
    small, large = Blend.of_chances(np.stack([one, two]), y), Blend.of_chances(np.stack([one, 1000 * two]), y)
    assert small(np.stack([one, two])) == pytest.approx(large(np.stack([one, 1000 * two])), abs=1e-2)
    assert auc(small(np.stack([one, two])), y) > max(auc(one, y), auc(two, y))


@pytest.mark.parametrize("chances", [False, True])
def test_trees_learn_the_rows_that_they_are_given(chances: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 12)).astype(np.float32)
    y = 2.0 * x[:, 0] - x[:, 3]
    y = (y > 1).astype(float) if chances else y
    rows = rng.permutation(400)[:300]
    left = np.setdiff1d(np.arange(400), rows)
    given = TreeSettings(rounds=60, columns=0.8, learning_rate=0.1)
    trees = grown(binned(x, given), rows, y[rows], None, given, chances, 0)
    assert np.corrcoef(trees.said(x[left]), y[left])[0, 1] > 0.7
    assert np.array_equal(Trees(**trees.state()).said(x), trees.said(x))
    forest = Forest.grown(x[rows], y[rows], None, ForestSettings(trees=30, columns=0.5), 0)
    assert np.corrcoef(forest.said(x[left]), y[left])[0, 1] > 0.7
    assert np.array_equal(Forest.from_state(forest.state()).said(x), forest.said(x))


def test_a_forest_in_arrays_says_what_sklearn_says() -> None:
    from sklearn.ensemble import RandomForestRegressor

    rng = np.random.default_rng(0)
    x = rng.integers(0, 4, (200, 6)).astype(np.float32)
    y = x[:, 0] * x[:, 1] + rng.normal(size=200)
    given = ForestSettings(trees=20, columns=0.5, least=2)
    state = derive(3, "forest") % 2**32
    same = RandomForestRegressor(20, max_features=0.5, min_samples_leaf=2, random_state=state).fit(x, y)
    assert Forest.grown(x, y, None, given, 3).said(x) == pytest.approx(same.predict(x), rel=1e-5)


def test_tables_are_finite_and_silent_columns_are_found() -> None:
    x = Described([*SOME, "", "[Na+].[Cl-]"]).table(list(BLOCKS))
    assert np.isfinite(x).all()
    assert len(x) == 8
    kept = telling(np.array([[1, 0, 5], [1, 0, 6], [1, 0, 7], [1, 1, 8], [1, 0, 9]], np.float32))
    assert kept.tolist() == [2]


def test_the_domain_knows_its_own_and_what_is_far() -> None:
    stock = [f"{'C' * n}c1ccc(cc1){group}" for n in range(1, 12) for group in ("N", "O", "F", "Cl", "C(=O)O")]
    domain = Applicability.fit(stock)
    where = domain(["CCCc1ccc(cc1)N", "[SiH3][SiH2][SeH]"])
    assert where.words == ["inside", "outside"]
    assert stock[where.nearest[0]] == "CCCc1ccc(cc1)N"
    assert where.similarity[0] == 1
    again = Applicability.from_state(domain.state())
    assert np.array_equal(again(SOME).p, domain(SOME).p)


def test_yes_and_no_in_many_words() -> None:
    assert [chance(word) for word in ("1", "1.0", "Yes", "active", "0", "FALSE")] == [1, 1, 1, 1, 0, 0]
    assert np.isnan(chance(""))
    assert is_yes_or_no(["1", "0", ""])
    assert not is_yes_or_no(["1", "1"])
    assert not is_yes_or_no(["1", "0", "2"])


def test_missing_labels_are_left_out_of_the_judgement() -> None:
    y = np.array([[0, np.nan], [1, 0], [np.nan, 1], [1, 1], [0, 0]])
    mean = np.array([[0.2, 0.9], [0.8, 0.3], [0.5, 0.7], [0.6, 0.9], [0.7, 0.1]])
    found = Predicted(mean, mean * 0, mean, mean)
    simple = Simply("half", np.full(y.shape, 0.5), np.full(2, 0.5))
    judged = chance_scores(list("abcde"), found, Targets(["p", "q"], chances=True), y, simple)
    values = {score.name: score.value for score in judged.scores}
    assert values["area under the curve, p"] == pytest.approx(0.75)
    assert values["area under the curve, q"] == pytest.approx(1.0)
    assert judged.value == pytest.approx(0.875)
    assert len(judged.items) == 8
    assert sum(map(sum, judged.confusion["matrix"])) == 8  # type: ignore[index]


def test_the_gaussian_kernel_goes_by_ranks() -> None:
    x = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    kernel = GaussianKernel.fit(x, np.arange(200))
    bent = GaussianKernel.fit(np.exp(x), np.arange(200))
    assert np.diag(kernel(x)) == pytest.approx(1, abs=1e-5)
    assert bent(np.exp(x)) == pytest.approx(kernel(x), abs=0.05)
    assert GaussianKernel.from_state(kernel.state())(x) == pytest.approx(kernel(x), abs=1e-5)
