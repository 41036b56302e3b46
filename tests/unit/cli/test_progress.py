"""Progress: a bar where there is a terminal, one plain line a tick where there is none."""

import pytest

from vivogan.cli.progress import Watch, line

from .conftest import TICK

ROLLBACK = {"event": "rollback", "samples": 1500, "reason": "NaN", "action": "learning rate halved"}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (TICK, "2,000 of 4,000 samples · 3 s · Fréchet 41.2 · coverage 0.500"),
        ({"event": "tick", "samples": 10, "total_samples": None, "seconds": 0.2}, "10 samples · 0 s"),
        (
            {"event": "tick", "samples": 10, "total_samples": 20, "seconds": 1, "frechet": None},
            "10 of 20 samples · 1 s",
        ),
        ({"event": "stage", "text": "Reading cells"}, "Reading cells"),
        (ROLLBACK, "rollback at 1,500 samples: NaN; learning rate halved"),
        ({"event": "resumed"}, "resumed"),
    ],
)
def test_every_event_is_one_line(event, said):
    assert line(event) == said


def test_without_a_terminal_each_event_is_a_line_on_stderr(capsys):
    with Watch() as watch:
        for event in ({"event": "stage", "text": "a " * 200}, TICK, ROLLBACK):
            watch(event)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 3


def test_on_a_terminal_ticks_move_a_bar_and_other_events_stay(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    with Watch() as watch:
        watch({"event": "stage", "text": "Reading"})
        watch(TICK)
        watch({**TICK, "samples": 4000})
        watch(ROLLBACK)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Reading" in shown.err
    assert "rollback at 1,500 samples" in shown.err
    assert "2,000 of 4,000" not in shown.err
    assert "training" in shown.err


def test_quiet_says_nothing(capsys):
    with Watch(quiet=True) as watch:
        watch(TICK)
        watch(ROLLBACK)
    assert capsys.readouterr() == ("", "")


def test_the_bar_is_taken_down_after_an_error(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with pytest.raises(KeyboardInterrupt), Watch() as watch:
        watch(TICK)
        raise KeyboardInterrupt
    watch({"event": "stage", "text": "after"})
    assert capsys.readouterr().err.rstrip().endswith("after")
