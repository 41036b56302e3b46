"""Screening: what is generated is compared with sequences of concern before anything is written.

No list of dangerous sequences comes with vivogan. Whoever has one, or the databases of the IBBIS Common Mechanism,
names it; whoever has neither finds "not screened" in every header.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vivogan.core.configuration import Settings
from vivogan.domains.columns import some
from vivogan.domains.sequences.alphabets import Alphabet
from vivogan.domains.sequences.records import SequenceRecords
from vivogan.domains.sequences.tools import commec
from vivogan.domains.sequences.tools.matching import Listed, Verdict
from vivogan.errors import UserError

NOT_SCREENED = "not screened"
LIST, DATABASES = "VIVOGAN_SCREEN_LIST", "VIVOGAN_COMMEC_DATABASES"


class ScreenSettings(Settings):
    """``listed``: a FASTA of sequences of concern; ``databases``: those of commec."""

    listed: Path | None = None
    databases: Path | None = None

    @classmethod
    def given(cls, listed: Path | str | None = None, databases: Path | str | None = None) -> ScreenSettings:
        """What was asked for, else what ``VIVOGAN_SCREEN_LIST`` and ``VIVOGAN_COMMEC_DATABASES`` name."""
        return cls(
            listed=Path(found) if (found := listed or os.environ.get(LIST)) else None,
            databases=Path(found) if (found := databases or os.environ.get(DATABASES)) else None,
        )


class Screener(Protocol):
    """Judges sequences of an alphabet; raises ``UserError`` when it cannot."""

    name: str

    def __call__(self, sequences: Sequence[str], alphabet: Alphabet) -> list[Verdict]: ...


def _commec(settings: ScreenSettings) -> Screener | None:
    if settings.databases is None:
        return None
    if not commec.installed():
        raise UserError(
            f"{settings.databases}: databases of commec are named, but the command commec is not installed",
            f"Install commec, or unset {DATABASES}",
        )
    return commec.Commec(settings.databases)


def _listed(settings: ScreenSettings) -> Screener | None:
    return None if settings.listed is None else Listed(settings.listed)


SCREENERS: Mapping[str, Callable[[ScreenSettings], Screener | None]] = {"commec": _commec, "list": _listed}


@dataclass(frozen=True)
class Screen:
    """What screening found of n sequences.

    ``kept`` [n]; ``reasons`` [n], who withheld a sequence and why; ``judged`` [n]: some screener could judge it, which
    needs 50 bases or 17 residues; ``status`` in words.
    """

    kept: NDArray[np.bool_]
    reasons: list[str | None]
    judged: NDArray[np.bool_]
    ids: list[str]
    status: str

    @property
    def remarks(self) -> list[str]:
        """What the header of each sequence must say."""
        return ["" if judged else NOT_SCREENED for judged in self.judged.tolist()]

    @property
    def line(self) -> str:
        """One line for people: "3 of 100 sequences withheld by screening (commec: a, b, c)"."""
        withheld: dict[str, list[str]] = {}
        for name, reason in zip(self.ids, self.reasons, strict=True):
            if reason is not None:
                withheld.setdefault(reason.split(": ", 1)[0], []).append(name)
        if withheld:
            named = "; ".join(f"{who}: {some(names)}" for who, names in withheld.items())
            return f"{(~self.kept).sum()} of {len(self.ids)} sequences withheld by screening ({named})"
        unseen = int((~self.judged).sum())
        if self.status == NOT_SCREENED or not unseen:
            return self.status if self.status == NOT_SCREENED else f"{self.status}: nothing withheld"
        return f"{self.status}: nothing withheld; {unseen} of {len(self.ids)} were too short: {NOT_SCREENED}"


def screeners(settings: ScreenSettings) -> list[Screener]:
    """Who will judge. Raises ``UserError`` when one that was named cannot: worth knowing before a long computation."""
    return [screener for build in SCREENERS.values() if (screener := build(settings)) is not None]


def screen(sequences: Sequence[str], ids: Sequence[str], alphabet: Alphabet, settings: ScreenSettings) -> Screen:
    """Screen sequences by all that is at hand; a sequence is withheld when any screener says so.

    Raises ``UserError`` when a screener was asked for and fails: what could not be screened is not written.
    """
    chosen = screeners(settings)
    reasons: list[str | None] = [None] * len(sequences)
    judged = np.zeros(len(sequences), bool)
    for screener in chosen:
        verdicts = screener(sequences, alphabet) if len(sequences) else []
        for i, verdict in enumerate(verdicts):
            judged[i] |= verdict.judged
            if verdict.hit and reasons[i] is None:
                reasons[i] = f"{screener.name}: {verdict.hit}"
    kept = np.array([reason is None for reason in reasons], bool)
    status = f"screened by {' and '.join(s.name for s in chosen)}" if chosen else NOT_SCREENED
    return Screen(kept, reasons, judged, list(ids), status)


def screened(records: SequenceRecords, settings: ScreenSettings) -> tuple[SequenceRecords, Screen]:
    """The records that may be written, with the remark "not screened" on those that nobody could judge."""
    found = screen(records.sequences, records.ids, records.alphabet, settings)
    rows = np.flatnonzero(found.kept)

    def chosen(values: Sequence[str]) -> list[str]:
        return [values[i] for i in rows.tolist()]

    kept = replace(
        records,
        sequences=chosen(records.sequences),
        ids=chosen(records.ids),
        labels={name: values[rows] for name, values in records.labels.items()},
        part=None if records.part is None else records.part[rows],
        group=None if records.group is None else records.group[rows],
        remarks=chosen(found.remarks),
    )
    return kept, found
