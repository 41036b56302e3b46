"""Known kinds of files: which of their columns say what. A recipe saves naming the columns; the file is the user's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TOX21 = (
    "NR-AR", "NR-AR-LBD", "NR-AhR", "NR-Aromatase", "NR-ER", "NR-ER-LBD", "NR-PPAR-gamma",
    "SR-ARE", "SR-ATAD5", "SR-HSE", "SR-MMP", "SR-p53",
)  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """``labels``: columns that such files have, the first set that is there is taken. All say 1 or 0, yes or no.

    ``yes`` says what a 1 means; predictions are judged by the area under the ROC curve.
    """

    labels: tuple[tuple[str, ...], ...]
    yes: str


# "Y" is what Therapeutics Data Commons (Huang et al. 2021) calls every label.
RECIPES: Mapping[str, Recipe] = {
    "tox21": Recipe((TOX21,), "active in the assay of a nuclear receptor (NR) or of stress response (SR)"),
    "clintox": Recipe((("FDA_APPROVED", "CT_TOX"), ("CT_TOX",), ("Y",)), "approved; failed in trials for toxicity"),
    "herg": Recipe((("hERG",), ("herg",), ("hERG_inhibition",), ("Y",), ("label",)), "blocks the hERG channel"),
    "ames": Recipe((("Ames",), ("ames",), ("mutagenic",), ("Y",), ("label",)), "mutagenic in the Ames test"),
    "bbb": Recipe((("p_np",), ("BBB",), ("BBB+/BBB-",), ("Y",), ("label",)), "passes the blood–brain barrier"),
}
