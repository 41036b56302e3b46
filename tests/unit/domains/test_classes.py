"""Classes: numbered in order, drawn as often as in training, asked for by name."""

from __future__ import annotations

import numpy as np
import pytest

from vivogan.domains.classes import Classes
from vivogan.errors import UserError

LABELS = {"type": np.array(["b", "a", "a", "", "c"])}


def test_classes_are_those_of_the_training_part_in_order() -> None:
    classes = Classes.of(LABELS, np.array([0, 1, 2, 3]))
    assert classes == Classes("type", ("", "a", "b"), (1, 2, 1))
    assert classes.indices(LABELS["type"]).tolist() == [2, 1, 1, 0, -1]


def test_without_labels_there_is_one_class() -> None:
    classes = Classes.of({}, np.arange(7))
    assert classes.names == ("",)
    assert classes.counts == (7,)
    assert classes.chosen(None) is None


def test_draws_follow_the_training_frequencies_and_depend_on_the_number_alone() -> None:
    classes = Classes("type", ("a", "b", "c"), (60, 30, 10))
    drawn = classes.draw(3, np.arange(20_000))
    assert np.bincount(drawn) / 20_000 == pytest.approx([0.6, 0.3, 0.1], abs=0.02)
    assert np.array_equal(classes.draw(3, np.array([17, 4, 11_000])), drawn[[17, 4, 11_000]])
    assert not np.array_equal(classes.draw(4, np.arange(100)), drawn[:100])


@pytest.mark.parametrize("where", [{"type": "z"}, {"stain": "a"}, {"type": "a", "stain": "x"}])
def test_what_is_not_there_is_refused_with_what_is(where: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"type|a, b"):
        Classes("type", ("a", "b"), (1, 1)).chosen(where)


def test_an_unlabelled_run_says_that_it_has_no_classes() -> None:
    with pytest.raises(UserError, match="without labels"):
        Classes("", ("",), (3,)).chosen({"type": "a"})


def test_state_round_trip() -> None:
    classes = Classes.of(LABELS, np.arange(5))
    assert Classes.from_dict(classes.to_dict()) == classes
