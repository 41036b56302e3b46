"""From an opened file to records that can be trusted: every cell of counts, every gene and barcode once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vivogan.core.limits import check_records
from vivogan.domains.checks import balance, crossing_groups, numbered
from vivogan.domains.columns import some
from vivogan.domains.expression.counts import Finding, counts_of, faults, first_fault, recover, without_zeros
from vivogan.domains.expression.formats.layers import Layer, blocks
from vivogan.domains.expression.formats.sheet import Sheet, X
from vivogan.domains.expression.labels import groups_of, labels_of, parts_of
from vivogan.domains.expression.records import ExpressionRecords, ReadOptions, Refusal
from vivogan.errors import InputError

FEW_MOLECULES, DROPLETS = 50, 0.5  # a matrix where so large a share of barcodes has fewer was not filtered


@dataclass
class Draft:
    """What was read: ``counts`` [n, genes] of int32, of which ``kept`` [n] are cells that can be used."""

    counts: csr_matrix
    genes: list[str]
    kept: NDArray[np.bool_]
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def clean(sheet: Sheet, options: ReadOptions) -> ExpressionRecords:
    """Read the counts of a sheet. Raises ``InputError`` when it holds none, or when no usable cell is left."""
    labels, told = labels_of(sheet, options)
    part = parts_of(sheet, options)
    group, advice = groups_of(sheet, options)
    name, found = counts_of(sheet, options)
    draft = counted(sheet, sheet.layers[name], found)
    draft.notes = [*sheet.notes, *source_of_counts(name, found), *told, *advice, *draft.notes]
    one_column_a_gene(draft)
    barcodes = named_cells(sheet, draft, options)
    enough(draft, barcodes, options)
    if not draft.kept.any() or not len(draft.genes):
        raise InputError(sheet.path, nothing_left(draft), mend="Give raw counts, or lower least_counts and least_cells")
    kept = np.flatnonzero(draft.kept)
    labels = {column: values[kept] for column, values in labels.items()}
    records = ExpressionRecords(
        counts=draft.counts if len(kept) == draft.counts.shape[0] else draft.counts[kept],
        genes=draft.genes,
        labels=labels,
        ids=barcodes if len(kept) == len(barcodes) else [barcodes[i] for i in kept.tolist()],
        refusals=draft.refusals,
        notes=draft.notes,
        part=None if part is None else part[kept],
        group=None if group is None else group[kept],
        most_variable=options.genes,
        source=str(sheet.path),
    )
    records.notes.extend([*empty_types(sheet, labels), *crossing_groups(records), *balance(records), *single(records)])
    return records


def source_of_counts(name: str, found: Finding) -> list[str]:
    """A note where the counts are not those of X."""
    if found.kind == "recoverable":
        return [
            f"counts were recovered from {name}, which holds {found.text}; the least value of a cell is one molecule"
        ]
    return [] if name == X else [f"counts are those of {name}"]


def counted(sheet: Sheet, layer: Layer, found: Finding) -> Draft:
    """Read a layer whole; cells that hold what is no count are refused by their barcodes, and stay empty."""
    data, indices, sizes = [], [], []
    kept = np.ones(layer.shape[0], bool)
    refusals = list(sheet.refusals)
    for start, block, wrong in count_blocks(sheet, layer, found, refusals):
        kept[start : start + len(wrong)] = wrong == 0
        data.append(block.data)
        indices.append(block.indices)
        sizes.append(np.diff(block.indptr))
    pointers = np.concatenate([[0], np.cumsum(np.concatenate(sizes), dtype=np.int64)])
    values = np.concatenate(data)
    data.clear()  # a large matrix is not held twice
    counts = csr_matrix((values, np.concatenate(indices), pointers), shape=layer.shape)
    counts.has_canonical_format = True
    return Draft(counts, list(layer.genes), kept, refusals)


def count_blocks(
    sheet: Sheet, layer: Layer, found: Finding, refusals: list[Refusal]
) -> Iterator[tuple[int, csr_matrix, NDArray[np.int8]]]:
    """The counts block by block: the number of its first cell, the counts (int32), and the fault of each cell."""
    check_records(sheet.path, layer.shape[0], sheet.limits)
    for start, block in blocks(layer):
        counts, wrong = (block, faults(block)) if found.kind == "counts" else recover(block, found.transform)
        for cell in np.flatnonzero(wrong).tolist():
            reason = (
                f"{first_fault(block, cell, layer.genes)}. Give its raw counts, or leave it out"
                if found.kind == "counts"
                else "its values are no multiples of one molecule, so its counts cannot be recovered. Leave it out"
            )
            refusals.append(Refusal(str(sheet.path), sheet.barcodes[start + cell], reason))
        yield start, emptied(counts, wrong), wrong


def emptied(block: csr_matrix, wrong: NDArray[np.int8]) -> csr_matrix:
    """Counts as int32, sorted, without zeros; cells with a fault have none."""
    lengths = np.diff(block.indptr)
    with np.errstate(invalid="ignore"):
        values = np.where(np.repeat(wrong != 0, lengths), 0, np.rint(block.data))
    counts = csr_matrix((values.astype(np.int32), block.indices.astype(np.int32), block.indptr), shape=block.shape)
    return without_zeros(counts)


def one_column_a_gene(draft: Draft) -> None:
    """Sum genes of one name (keep one of them where all are equal), and leave out genes without a name."""
    genes = [gene.strip() for gene in draft.genes]
    nameless = [i for i, gene in enumerate(genes) if not gene]
    counts = Counter(gene for gene in genes if gene)
    several = [gene for gene, count in counts.items() if count > 1]
    if nameless:
        draft.notes.append(f"{len(nameless)} genes have no name and were left out, first column {nameless[0] + 1}")
    draft.genes = genes
    if not several and not nameless:
        return
    place = {gene: i for i, gene in enumerate(counts)}
    columns: dict[str, list[int]] = {gene: [] for gene in several}
    for i, gene in enumerate(genes):
        if counts[gene] > 1:
            columns[gene].append(i)
    by_gene = draft.counts[:, sorted(i for group in columns.values() for i in group)].tocsc()
    at = {column: i for i, column in enumerate(sorted(i for group in columns.values() for i in group))}
    dropped, copies = set(nameless), []
    for gene, (first, *others) in columns.items():
        if all((by_gene[:, at[first]] != by_gene[:, at[other]]).nnz == 0 for other in others):
            copies.append(gene)
            dropped.update(others)
    kept = [i for i in range(len(genes)) if i not in dropped]
    merge = csr_matrix(
        (np.ones(len(kept), np.int32), (kept, [place[genes[i]] for i in kept])), shape=(len(genes), len(place))
    )
    draft.counts = (draft.counts @ merge).tocsr().astype(np.int32)
    draft.counts.sort_indices()
    draft.genes = list(place)
    if summed := [gene for gene in several if gene not in set(copies)]:
        mend = "gene_names= takes another column of names"
        draft.notes.append(f"{len(summed)} genes come several times and were summed: {some(summed)}; {mend}")
    if copies:
        draft.notes.append(f"{len(copies)} genes come several times with equal counts; one was kept: {some(copies)}")


def named_cells(sheet: Sheet, draft: Draft, options: ReadOptions) -> list[str]:
    """Unique barcodes. A second cell of one name is refused as a copy where its counts are equal, else numbered."""
    names = [name.strip() for name in (sheet.obs[options.name].tolist() if options.name else sheet.barcodes)]
    if nameless := [i for i, name in enumerate(names) if not name]:
        draft.notes.append(f"{len(nameless)} cells have no barcode and were numbered")
        for i in nameless:
            names[i] = f"cell-{i + 1}"
    first: dict[str, int] = {}
    for i, name in enumerate(names):
        earlier = first.setdefault(name, i)
        if earlier != i and draft.kept[i] and draft.kept[earlier] and equal_cells(draft.counts, earlier, i):
            draft.kept[i] = False
            reason = "has the barcode and the counts of an earlier cell. Leave the copy out"
            draft.refusals.append(Refusal(str(sheet.path), f"{name} (cell {i + 1})", reason))
    barcodes, _ = numbered(names)
    if renamed := [barcodes[i] for i, name in enumerate(names) if barcodes[i] != name and draft.kept[i]]:
        draft.notes.append(f"{len(renamed)} cells had the barcode of another and were numbered: {some(renamed)}")
    return barcodes


def equal_cells(counts: csr_matrix, one: int, other: int) -> bool:
    a, b = (slice(counts.indptr[i], counts.indptr[i + 1]) for i in (one, other))
    return np.array_equal(counts.indices[a], counts.indices[b]) and np.array_equal(counts.data[a], counts.data[b])


def enough(draft: Draft, barcodes: list[str], options: ReadOptions) -> None:
    """Leave out cells of fewer molecules, and genes seen in fewer cells, than the options ask for; notes name some."""
    library = np.asarray(draft.counts.sum(1)).ravel()
    low = np.flatnonzero(draft.kept & (library < options.least_counts))
    droplets = draft.kept & (library < FEW_MOLECULES)
    if len(low):
        what = "no counts" if options.least_counts == 1 else f"fewer than {options.least_counts} molecules"
        draft.notes.append(f"{len(low)} cells have {what} and were left out: {some([barcodes[i] for i in low[:6]], 5)}")
        if len(low) > 6:
            draft.notes[-1] = draft.notes[-1].rsplit(" and ", 1)[0] + f" and {len(low) - 5} more"
        draft.kept[low] = False
    if droplets.sum() > DROPLETS * len(library) and len(library) > 1000 and len(draft.genes) > 5000:
        draft.notes.append(
            f"{droplets.sum()} of {len(library)} barcodes have fewer than {FEW_MOLECULES} molecules, as empty droplets "
            f"have: give the filtered matrix, or set least_counts"
        )
    seen = np.bincount(draft.counts.indices, minlength=len(draft.genes))
    rare = np.flatnonzero(seen < options.least_cells)
    if len(rare):
        what = "in no cell" if options.least_cells == 1 else f"in fewer than {options.least_cells} cells"
        names = some([draft.genes[i] for i in rare.tolist()])
        draft.notes.append(f"{len(rare)} genes were seen {what} and were left out: {names}")
        kept = np.flatnonzero(seen >= options.least_cells)
        draft.counts, draft.genes = draft.counts[:, kept], [draft.genes[i] for i in kept.tolist()]


def nothing_left(draft: Draft) -> str:
    """Why there is no usable cell."""
    first = draft.refusals[0] if draft.refusals else None
    more = f" ({len(draft.refusals)} refused; the first: {first.record}: {first.reason.rstrip('.')})" if first else ""
    return f"no usable cell is left{more}"


def empty_types(sheet: Sheet, labels: dict[str, NDArray[np.str_]]) -> list[str]:
    """Notes on categories that the file lists and no cell that is left has."""
    notes = []
    for column, values in labels.items():
        present = set(values.tolist())
        empty = [word for word in sheet.types.get(column, []) if word not in present]
        if empty:
            notes.append(f"{len(empty)} classes of {column} have no cells: {some(empty)}")
    return notes


def single(records: ExpressionRecords) -> list[str]:
    """A note on classes of one cell."""
    counts = Counter(value for value in records.classes.tolist() if value)
    alone = sorted(value for value, count in counts.items() if count == 1)
    if not alone or len(alone) == len(counts):
        return []
    return [
        f"{len(alone)} classes have one cell, of which nothing can be learned but that cell: {some(alone)}; "
        "merge or leave out"
    ]
