"""Canonical markers of blood cells: a small table that anyone can replace by a file of their own."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from vivogan.errors import InputError

# The markers by which the PBMC tutorials of Seurat and scanpy and Zheng et al. 2017 (doi 10.1038/ncomms14049, figure 3)
# name the clusters; of stem cells, those of Hay et al. 2018 (doi 10.1016/j.exphem.2018.09.004).
BLOOD: Mapping[str, tuple[str, ...]] = {
    "CD14+ monocyte": ("CD14", "LYZ", "S100A8", "S100A9", "FCN1"),
    "FCGR3A+ monocyte": ("FCGR3A", "MS4A7"),
    "Dendritic cell": ("FCER1A", "CST3", "CLEC10A"),
    "Plasmacytoid dendritic cell": ("IL3RA", "TSPAN13", "LILRA4", "SERPINF1"),
    "B cell": ("MS4A1", "CD79A", "CD79B"),
    "NK cell": ("GNLY", "NKG7", "GZMB", "PRF1"),
    "CD8 T cell": ("CD8A", "CD8B", "CD3D"),
    "CD4 T cell": ("IL7R", "CD3D", "CD3E"),
    "Megakaryocyte": ("PPBP", "PF4"),
    "Stem cell": ("CD34", "SPINK2", "PRSS57", "CYTL1"),
}
# How labels of published sets name these types; the first pattern that is found in a label decides.
NAMES: tuple[tuple[str, str], ...] = (
    (r"CD34|stem|HSPC|progenitor", "Stem cell"),
    (r"plasmacytoid|\bpDC", "Plasmacytoid dendritic cell"),
    (r"dendritic|\bm?DC\b|cDC", "Dendritic cell"),
    (r"FCGR3A|CD16\W*mono|non.?classical", "FCGR3A+ monocyte"),
    (r"mono", "CD14+ monocyte"),
    (r"\bNK\b|natural killer|CD56", "NK cell"),
    (r"CD8|cytotoxic", "CD8 T cell"),
    (r"CD4|helper|T ?reg|naive T|memory T", "CD4 T cell"),
    (r"\bB\b|CD19", "B cell"),
    (r"mega|platelet|\bMk\b", "Megakaryocyte"),
)


def known_as(label: str, panel: Mapping[str, Sequence[str]]) -> str | None:
    """The type of a panel that a label means, or None: the name itself, else by ``NAMES``."""
    if label in panel:
        return label
    found = next((name for pattern, name in NAMES if re.search(pattern, label, re.IGNORECASE)), None)
    return found if found in panel else None


def read_panel(path: Path) -> dict[str, tuple[str, ...]]:
    """A panel from a CSV with the columns ``type`` and ``gene``, one row a marker."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(path, "is not a CSV file of UTF-8 text") from error
    if not rows or not {"type", "gene"} <= set(rows[0]):
        raise InputError(path, "holds no markers", mend="Give a CSV with the columns type and gene, one row a marker")
    panel: dict[str, tuple[str, ...]] = {}
    for number, row in enumerate(rows, 2):
        name, gene = (row["type"] or "").strip(), (row["gene"] or "").strip()
        if not name or not gene:
            raise InputError(path, "a marker needs a type and a gene", f"line {number}")
        panel[name] = (*panel.get(name, ()), gene)
    return panel
