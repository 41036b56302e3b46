"""Profile HMMs: members of the family score high, shuffled ones low."""

import numpy as np

from vivogan.domains.sequences.profiles import bit_scores, family_fit, family_model


def family(rng: np.random.Generator, count: int) -> list[str]:
    core = "MKWVTFISLLFLFSSAYSRGVFRRDAHK"
    letters = list("ACDEFGHIKLMNPQRSTVWY-")
    return ["".join(x if rng.random() < 0.7 else rng.choice(letters) for x in core) for _ in range(count)]


def test_members_score_above_shuffled_ones() -> None:
    rng = np.random.default_rng(0)
    train, real = family(rng, 60), family(rng, 30)
    shuffled = ["".join(rng.permutation(list(sequence))) for sequence in real]
    model = family_model(train)
    assert len(train[0]) == model.M
    assert bit_scores(model, real).min() > bit_scores(model, shuffled).max()
    fit = family_fit(train, real, family(rng, 30))
    assert fit.distance < 15 < family_fit(train, real, shuffled).distance


def test_empty_sequences_score_nothing() -> None:
    rng = np.random.default_rng(1)
    assert bit_scores(family_model(family(rng, 20)), ["-----"]).tolist() == [0]
