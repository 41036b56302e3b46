"""What a condition asks of a run: one class, several of joined columns, or a place on a measured column."""

from __future__ import annotations

import numpy as np
import pytest

from vivogan.domains.classes import Classes
from vivogan.domains.expression.where import Asked, asked, drawn
from vivogan.errors import UserError

JOINED = Classes("type | state", ("", "B | rest", "B | stim", "T | rest"), (5, 10, 20, 30))
PLAIN = Classes("type", ("B", "T"), (10, 20))
TIME = Classes("time", ("up to 0.5", "above 0.5"), (10, 10), (0.5,))


def test_joined_columns() -> None:
    assert asked(JOINED, None) == Asked()
    assert asked(JOINED, {"type": "B", "state": "stim"}) == Asked((2,))
    assert asked(JOINED, {"type": "B"}) == Asked((1, 2))
    assert asked(JOINED, {"state": "rest"}) == Asked((1, 3))
    assert asked(JOINED, {"type | state": "T | rest"}) == Asked((3,))
    with pytest.raises(UserError, match="--where donor: this run has the columns type, state"):
        asked(JOINED, {"donor": "d1"})
    with pytest.raises(UserError, match="--where type=NK: this run knows B, T"):
        asked(JOINED, {"type": "NK"})
    with pytest.raises(UserError, match="no cell was of type=T and state=stim"):
        asked(JOINED, {"type": "T", "state": "stim"})


def test_one_column() -> None:
    assert asked(PLAIN, {"type": "T"}) == Asked((1,))
    with pytest.raises(UserError, match="this run knows B, T"):
        asked(PLAIN, {"type": "NK"})
    with pytest.raises(UserError, match="this run has column 'type'"):
        asked(PLAIN, {"state": "rest"})


def test_a_measured_column() -> None:
    assert asked(TIME, {"time": "0.37"}) == Asked(value=0.37)
    assert asked(TIME, {"time": "-2"}) == Asked(value=-2.0)
    assert asked(TIME, {"time": "high"}) == Asked((1,))
    assert asked(TIME, {"time": "up to 0.5"}) == Asked((0,))
    with pytest.raises(UserError, match="give a number, low, high"):
        asked(TIME, {"time": "late"})
    with pytest.raises(UserError, match="column 'time'"):
        asked(TIME, {"age": "3"})


def test_classes_that_agree_come_by_their_frequency() -> None:
    found = drawn(JOINED, (1, 2), 0, np.arange(3000))
    assert set(found.tolist()) == {1, 2}
    assert abs((found == 2).mean() - 2 / 3) < 0.03
    assert np.array_equal(found[100:110], drawn(JOINED, (1, 2), 0, np.arange(100, 110)))
