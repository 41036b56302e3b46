"""The measures of sequences: intervals that hold their value, floors that are no copies."""

from functools import cache

import numpy as np
import pytest

from vivogan.domains.scores import Sample, score
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.judge import measures
from vivogan.domains.sequences.records import SequenceRecords


@cache
def drawn(seed: int, n: int, length: int = 30) -> Sample:
    rng = np.random.default_rng(seed)
    rows = ["".join(row) for row in rng.choice(list("ACGT"), (n, length))]
    records = SequenceRecords(rows, {}, [f"{i}" for i in range(n)])
    x = SequenceCodec.fit(records, np.arange(n)).encode(records, np.arange(n))
    return Sample(np.zeros((n, 1)), {}, np.zeros(n, np.intp), x)


@cache
def judged() -> dict:
    train, real, made = drawn(0, 60), drawn(1, 40), drawn(2, 40)
    records = SequenceRecords(["ACGT" * 7 + "AC"], {}, ["a"])
    floor = train.rows(np.arange(40))
    wanted = [m for m in measures(train, SequenceCodec.fit(records, np.arange(1))) if m.name != "CNN AUC"]
    return {m.name: score(m, real, made, floor, {"copies": floor}, None) for m in wanted}


@pytest.mark.parametrize("name", ["JSD 6-mers", "unique", "diversity", "nearest identity, median", "GC W1"])
def test_an_interval_holds_its_value(name):
    found = judged()[name]
    assert found.low <= found.value <= found.high


def test_rows_drawn_twice_are_no_copies():
    assert judged()["unique"].low == judged()["unique"].value == 1


def test_the_floor_of_identity_is_that_of_real_sequences_that_were_not_learned_from():
    for name in ("nearest identity, median", "nearest identity, max"):
        assert 0.3 < judged()[name].floor < 0.7
        assert judged()[name].baseline == 1  # a sampler that copies training
