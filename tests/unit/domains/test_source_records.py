"""What a run was made of is read again only while it is the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from vivogan.domains.run import Run
from vivogan.errors import UserError


def test_changed_data_are_refused_by_name() -> None:
    domain = SimpleNamespace(read=lambda path, options: [path.name, options["labels"]], digest=lambda records: "b")
    run: Any = SimpleNamespace(domain=domain, config=SimpleNamespace(source="cells.h5ad", read={"labels": "type"}))
    run.data = {"sha256": "b"}
    assert Run.source_records(run) == ["cells.h5ad", "type"]
    run.data = {"sha256": "a"}
    with pytest.raises(UserError, match=r"cells.h5ad: the data changed since this run was trained"):
        Run.source_records(run)
