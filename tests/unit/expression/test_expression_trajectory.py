"""Places along a measured path, and the trends of what is made there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from vivogan.domains.classes import Classes
from vivogan.domains.expression import trajectory
from vivogan.domains.expression.records import ExpressionRecords
from vivogan.domains.expression.trajectory import Course, path_of, trends
from vivogan.domains.run import Run
from vivogan.errors import UserError

TIMES = np.linspace(0, 1, 200)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    labels = {"time": np.array([f"{t:.4f}" for t in TIMES])}
    classes = Classes.of(labels, np.arange(200))
    monkeypatch.setattr(trajectory, "learned_cells", lambda run: SimpleNamespace(values=labels["time"].tolist()))
    return cast(Run, SimpleNamespace(classes=classes))


def test_levels_lie_at_their_medians(run: Run) -> None:
    course = path_of(run, "time")
    assert len(course.centres) == len(run.classes.names)
    assert (np.diff(course.centres) > 0).all()
    assert course.coordinates(course.centres.tolist()) == pytest.approx(np.arange(len(course.centres)))
    assert course.centres[0] == pytest.approx(0.1, abs=0.01)  # five levels of forty


def test_places_between_levels_are_linear_and_end() -> None:
    course = Course("time", np.array([0.1, 0.3, 0.7]))
    assert course.coordinates([0.2, 0.5, 0.0, 1.0]) == pytest.approx([0.5, 1.5, 0, 2])


@pytest.mark.parametrize(("column", "said"), [("age", "conditioned on 'time'")])
def test_another_column_is_refused(run: Run, column: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        path_of(run, column)


def test_named_classes_are_no_path() -> None:
    run: Any = SimpleNamespace(classes=Classes("type", ("a", "b"), (3, 4)))
    with pytest.raises(UserError, match="not measured"):
        path_of(run, "type")


def test_trends_are_means_at_each_value() -> None:
    counts = np.array([[4, 0], [4, 0], [0, 4], [2, 2]])
    labels = {"time": np.array(["0", "0", "1", "1"])}
    records = ExpressionRecords(csr_matrix(counts), ["a", "b"], labels, list("wxyz"))
    found = trends(records, "time", [0.0, 1.0])
    whole, half = np.log1p(1e4), np.log1p(5e3)
    assert found.mean == pytest.approx(np.array([[whole, 0], [half / 2, (whole + half) / 2]]))
    assert found.strongest(1) in ([0], [1])
    assert found.rows()[0] == {"gene": "a", "time": "0", "mean": f"{whole:.4f}", "error": "0.0000"}
