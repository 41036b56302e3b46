"""What was found in a run: motifs beside known ones, how often real and generated sequences have them, directions."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.core.files import write_bytes, write_json, write_text
from vivogan.domains.sequences.alphabets import Alphabet
from vivogan.domains.sequences.tools.comparison import Match, meme, short_name
from vivogan.domains.sequences.tools.directions import Effect, Floats, names
from vivogan.domains.sequences.tools.motif import Motif
from vivogan.domains.sequences.tools.occurrences import Rate

SURE = 0.05  # q of a match
REAL, MADE = "real", "generated"


@dataclass(frozen=True)
class Found:
    """A motif, and the known ones most like it.

    By "real" and "generated": ``places``, where the best site of each sequence that has one begins; ``logos``, the
    counts [w, A] of these sites; ``counts``, how many sequences were looked at; ``rates``, the share of them with a
    site: of a motif that is bound to its place, there.
    """

    motif: Motif
    matches: list[Match]
    places: Mapping[str, NDArray[np.int64]]
    logos: Mapping[str, Floats]
    counts: Mapping[str, int]
    rates: Mapping[str, float]

    @property
    def match(self) -> Match | None:
        """The best known motif, where it is sure."""
        return self.matches[0] if self.matches and self.matches[0].q <= SURE else None

    @property
    def rate(self) -> Rate | None:
        """Real beside generated, where there are both."""
        if len(self.rates) < 2:
            return None
        return Rate(self.rates[REAL], self.rates[MADE], self.counts[REAL], self.counts[MADE])

    def to_dict(self) -> dict[str, Any]:
        motif, rate = self.motif, self.rate
        return {
            "name": motif.name,
            "source": motif.source,
            "effect": "raises" if motif.sign > 0 else "lowers",
            "consensus": motif.consensus,
            "bound_to_place": motif.within is not None,
            "sites": len(motif.sites),
            "forward": motif.forward,
            "position": position([site.start for site in motif.sites]),
            "counts": motif.counts,
            "contributions": motif.added,
            "matches": [
                {"name": m.target.name, "p": m.p, "e": m.e, "q": m.q, "offset": m.offset, "forward": m.forward}
                for m in self.matches[:5]
            ],
            "rates": dict(self.rates),
            "difference": None if rate is None else dict(zip(("value", "low", "high"), rate.difference, strict=True)),
            "positions": {name: position(found) for name, found in self.places.items()},
        }

    def told(self) -> str:
        """In words."""
        motif, at, where = self.motif, position([site.start for site in self.motif.sites]), ""
        if at is not None:
            where = (
                f", begins at {at['median']:.0f} (half of them {at['lower_quartile']:.0f}–{at['upper_quartile']:.0f})"
            )
        line = f"{motif.name}: {motif.consensus}, {len(motif.sites)} sites{where}"
        if motif.sign < 0:
            line += ", lowers the prediction"
        if self.match is not None:
            line += f"; like {short_name(self.match.target.name)}, q = {self.match.q:.1g}"
        elif self.matches:
            line += (
                f"; like no known motif (best {short_name(self.matches[0].target.name)}, q = {self.matches[0].q:.2f})"
            )
        rates = ", ".join(f"{rate:.1%} of {name}" for name, rate in self.rates.items())
        line += f"; {'there ' if motif.within else ''}in {rates}" if rates else ""
        if self.rate is not None:
            _, low, high = self.rate.difference
            line += f" (difference {low:+.1%} to {high:+.1%})"
        return line


def position(starts: Sequence[int] | NDArray[np.int64]) -> dict[str, float] | None:
    """Where a motif begins, counted from 1: the middle and the quarters."""
    if not len(starts):
        return None
    low, middle, high = np.percentile(np.asarray(starts) + 1, [25, 50, 75])
    return {"median": float(middle), "lower_quartile": float(low), "upper_quartile": float(high)}


@dataclass(frozen=True)
class Interpretation:
    """``shares`` [A]: background of the letters; ``summary``: what was found in words, ``notes`` what to know of it."""

    alphabet: Alphabet
    shares: Floats
    found: list[Found]
    effects: list[Effect]
    notes: list[str]

    @property
    def summary(self) -> list[str]:
        lines = [found.told() for found in self.found] or ["No motif was found."]
        lines += [f"{direction}: {words}" for direction, words in names(self.effects).items()]
        return lines + self.notes

    def save(self, folder: Path | str) -> dict[str, str]:
        """Write motifs.json, summary.txt, and where there is something to put in them motifs.meme, logos.png,
        positions.png, directions.json and directions.csv. Returns their paths by name."""
        folder = Path(folder)
        contents: dict[str, bytes | str | dict[str, Any]] = {
            "motifs.json": {"summary": self.summary, "motifs": [found.to_dict() for found in self.found]},
            "summary.txt": "\n".join(self.summary) + "\n",
        }
        if self.found:
            from vivogan.domains.sequences.motif_plots import logos, places, png

            matrices = [found.motif.matrix for found in self.found]
            contents["motifs.meme"] = meme(matrices, self.alphabet.letters, self.shares)
            contents["logos.png"] = png(logos(self.found, self.alphabet))
            contents["positions.png"] = png(places(self.found))
        if self.effects:
            rows = [asdict(effect) | {"named": effect.named} for effect in self.effects]
            contents["directions.json"] = {"names": names(self.effects), "effects": rows}
            contents["directions.csv"] = _table(rows)
        for name, content in contents.items():
            if isinstance(content, dict):
                write_json(folder / name, content)
            elif isinstance(content, str):
                write_text(folder / name, content)
            else:
                write_bytes(folder / name, content)
        return {name: str(folder / name) for name in contents}


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()
