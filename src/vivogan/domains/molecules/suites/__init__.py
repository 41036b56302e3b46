"""The metric suites that papers on generated molecules print, of any two sets of SMILES."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vivogan.errors import UserError

if TYPE_CHECKING:
    from vivogan.domains.base import Score

SUITES = ("moses", "guacamol")


def evaluate(
    generated: Sequence[str] | Path,
    reference: Sequence[str] | Path,
    train: Sequence[str] | Path | None = None,
    reference_scaffold: Sequence[str] | Path | None = None,
    fcd: bool = True,
    workers: int | None = None,
    suites: Sequence[str] = SUITES,
) -> list[Score]:
    """The scores of generated molecules, real ones in their place beside them (the floor).

    Args:
        generated, reference, train, reference_scaffold: SMILES, or a file of any format that is read. Files may be of
            any size: what is kept of a molecule is about 200 bytes.
        train: what the generator learned from; novelty needs it, and the floor is a sample of it where it is given.
        fcd: whether to compute the Fréchet ChemNet distance, the slowest; NaN where ``fcd`` is not installed.
        workers: processes; every free core when None.

    Raises:
        UserError: nothing to compare. InputError: a file that cannot be read.
    """
    # Not above: the processes that describe molecules import this file, and have no use for torch.
    from vivogan.domains.molecules.suites import guacamol, moses
    from vivogan.domains.molecules.suites.against import prepared

    scores = dict(zip(SUITES, (moses.scores, guacamol.scores), strict=True))
    against = prepared(generated, reference, train, reference_scaffold, fcd, workers)
    for name, described in (("generated", against.made), ("reference", against.reference)):
        if not len(described):
            raise UserError(f"{name}: no molecule among {len(described.fine)} records", "Give SMILES, one a line")
    return [score for name in suites for score in scores[name](against)]
