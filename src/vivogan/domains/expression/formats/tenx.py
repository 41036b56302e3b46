"""The .h5 files of Cell Ranger: version 2 (a group for each genome) and 3 (a group "matrix" with features)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vivogan.domains.expression.formats.layers import Compressed
from vivogan.domains.expression.formats.selected import GENES, only_genes
from vivogan.domains.expression.formats.sheet import Sheet, X, chosen_names
from vivogan.domains.expression.formats.trust import opened_hdf, reading, texts
from vivogan.domains.expression.records import ReadOptions
from vivogan.errors import InputError

NEEDED = ("barcodes", "data", "indices", "indptr", "shape")


@contextmanager
def open_tenx(path: Path, options: ReadOptions) -> Iterator[Sheet]:
    with opened_hdf(path, options.limits) as root:
        with reading(path):
            sheet = tenx_sheet(path, root, options)
        yield sheet


def tenx_sheet(path: Path, root: Any, options: ReadOptions) -> Sheet:
    groups = [root[name] for name in root if is_matrix(root[name])]
    if len(groups) > 1:
        names = ", ".join(group.name.strip("/") for group in groups)
        raise InputError(path, f"holds several genomes ({names})", mend="Give a file of one genome")
    if not groups:
        raise InputError(path, "holds no matrix of Cell Ranger", mend="Copy or download the file again")
    group = groups[0]
    if missing := [name for name in NEEDED if name not in group]:
        reason = f"is damaged or incomplete: {', '.join(missing)} is missing in {group.name}"
        raise InputError(path, reason, mend="Copy or download the file again")
    width, cells = (int(size) for size in group["shape"][:])
    features = {str(name): texts(group["features"][name][:]) for name in group.get("features", {}) if name[0] != "_"}
    features |= {new: texts(group[old][:]) for old, new in (("gene_names", "name"), ("genes", "id")) if old in group}
    genes = chosen_names(path, features, options.gene_names, ("name", "id"))
    layer = Compressed(path, group, (cells, width), genes, options.limits)
    sheet = Sheet(path, texts(group["barcodes"][:]), {X: layer})
    return only_genes(sheet, features.get("feature_type", [GENES] * width))


def is_matrix(group: Any) -> bool:
    """Whether a group of a file holds, or held, a sparse matrix."""
    return hasattr(group, "keys") and {"indptr", "barcodes", "indices"} & set(group.keys()) != set()
