"""What the contract is tried on: every domain with data sets as users have them. A new domain adds its cases here."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from operator import eq
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from scipy.sparse import csr_matrix
from sklearn.datasets import load_digits

from vivogan.domains.base import Domain
from vivogan.domains.expression.domain import DOMAIN as EXPRESSION
from vivogan.domains.expression.records import ExpressionRecords
from vivogan.domains.images.demo import write_patches
from vivogan.domains.images.domain import DOMAIN as IMAGES
from vivogan.domains.molecules.chemistry import molecule
from vivogan.domains.molecules.domain import DOMAIN as MOLECULES
from vivogan.domains.molecules.properties import PROPERTIES
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.domains.sequences.clean import broken_frame
from vivogan.domains.sequences.domain import DOMAIN as SEQUENCES


@dataclass(frozen=True)
class Case:
    """A data set of a domain.

    ``write`` puts it into a folder and returns its path; ``read`` is how it is read; ``overrides`` make networks and
    game small; ``same`` says whether a decoded item is the original within the codec's promise; ``fits`` whether a
    generated item could be one of the user's own (type, size, range); ``place`` is where to write, ``again`` how what
    was written is read. ``classes`` are those of the label column; None: it is measured, and its levels are classes.
    ``few``: there are so few such items, or the sampler mixes so little, that it may make one of training again.
    ``decoded`` is what holds of the decoded form of any tensor, where that is less than ``fits``. ``contents`` turns
    an item into bytes.
    """

    name: str
    domain: Domain
    write: Callable[[Path], Path]
    same: Callable[[Any, Any], bool]
    fits: Callable[[Any], bool]
    place: str
    read: Mapping[str, str] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()
    classes: tuple[str, ...] | None = ("",)
    again: Mapping[str, str] = field(default_factory=dict)
    decoded: Callable[[Any], bool] | None = None
    few: bool = False
    contents: Callable[[Any], bytes] = np.ndarray.tobytes


SMALL_IMAGES = (
    "generator_width=16", "discriminator_width=16", "discriminator_features=16", "latent_dim=8", "extractor_steps=20",
    "game.batch=16", "game.tick=160",
)  # fmt: skip


def digits(count: int, dtype: str = "uint8", scale: float = 15.9) -> tuple[NDArray[Any], NDArray[np.str_]]:
    """Handwritten digits of 16 x 16 pixels, called odd and even."""
    found = load_digits()
    x = (found.images[:count] * scale).astype(dtype).repeat(2, 1).repeat(2, 2)
    return x, np.array(["even", "odd"])[found.target[:count] % 2]


def within(levels: float) -> Callable[[Any, Any], bool]:
    """Same type, same shape, no pixel farther off than this."""

    def same(one: NDArray[Any], other: NDArray[Any]) -> bool:
        gap = np.abs(one.astype(np.float64) - other.astype(np.float64)).max()
        return one.dtype == other.dtype and one.shape == other.shape and bool(gap <= levels)

    return same


def image_like(dtype: str, shape: tuple[int, ...], low: float, high: float) -> Callable[[Any], bool]:
    """An array of this type and shape, with all pixels in the range of the data."""

    def fits(image: NDArray[Any]) -> bool:
        in_range = low <= image.min() and image.max() <= high
        return image.dtype == dtype and image.shape == shape and bool(in_range)

    return fits


def stained(folder: Path) -> Path:
    """Every seventh patch of the stained colon of the demo: colour, three classes, neighbours kept together."""
    with np.load(write_patches(folder)) as arrays:
        chosen = {name: values[::21] for name, values in arrays.items()}
    path = folder / "stained.npz"
    np.savez(path, **chosen)
    return path


def deep_grey(folder: Path) -> Path:
    """12-bit camera counts in 16-bit files: one folder a class."""
    from vivogan.domains.images.records import ImageRecords

    x, y = digits(60, "uint16", 250.0)
    ids = [f"{label}/cell{i:03d}" for i, label in enumerate(y)]
    IMAGES.write(
        ImageRecords([image[..., None] + 100 for image in x], {"kind": y}, ids, [], [], None, None, "camera"),
        folder / "camera",
    )
    return folder / "camera"


def unlabelled(folder: Path) -> Path:
    """A bare stack."""
    np.save(folder / "stack.npy", digits(60)[0])
    return folder / "stack.npy"


def one_class(folder: Path) -> Path:
    """Labelled, but all alike."""
    x, y = digits(60)
    np.savez(folder / "even.npz", x=x[y == "even"], y=y[y == "even"])
    return folder / "even.npz"


def sixteen(folder: Path) -> Path:
    """As few as there may be, of which two are of a rare class; fractions instead of counts."""
    x, _ = digits(16, "float32", 1 / 16)
    np.savez(folder / "few.npz", x=x, y=np.array(["common"] * 14 + ["rare"] * 2))
    return folder / "few.npz"


# ── sequences ────────────────────────────────────────────────────────────────────────────────────────────────────────

SMALL_SEQUENCES = ("width=16", "discriminator_width=8", "likelihood.epochs=1", "game.batch=16", "game.tick=160")
RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
AT_RICH, GC_RICH = (0.35, 0.15, 0.15, 0.35), (0.15, 0.35, 0.35, 0.15)


def drawn(seed: int, shares: Iterable[float], length: int, letters: str = "ACGT") -> str:
    """Letters drawn independently."""
    return "".join(np.random.default_rng(seed).choice(list(letters), length, p=np.array([*shares])))


def fasta(path: Path, records: Iterable[tuple[str, str]]) -> Path:
    """Headers and sequences, as a file."""
    path.write_text("".join(f">{header}\n{sequence}\n" for header, sequence in records))
    return path


def written_in(letters: str, shortest: int, longest: int) -> Callable[[Any], bool]:
    """A string of these letters, of a length that the data have."""
    return lambda item: isinstance(item, str) and set(item) <= set(letters) and shortest <= len(item) <= longest


def promoters(folder: Path) -> Path:
    """100 bases, rich in A and T with a TATA box at one place, or rich in G and C without."""
    records = []
    for i in range(120):
        kind = ("tata", "cpg")[i % 2]
        bases = drawn(i, (AT_RICH, GC_RICH)[i % 2], 100)
        placed = f"{bases[:60]}TATAAA{bases[66:]}" if kind == "tata" else bases
        records.append((f"promoter{i} kind={kind}", placed))
    return fasta(folder / "promoters.fasta", records)


def peptides(folder: Path) -> Path:
    """8 to 14 residues and a measurement that falls with the lysines among them."""
    with (folder / "peptides.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["peptide", "log_mic"])
        for i in range(100):
            rng = np.random.default_rng(i)
            charged = i % 2
            shares = np.where(np.isin(list(RESIDUES), ["K", "R"]), 1 + 40 * charged, 1.0)
            peptide = drawn(i, shares / shares.sum(), int(rng.integers(8, 15)), RESIDUES)
            rows.writerow([peptide, f"{4 - 2 * charged + 0.3 * rng.normal():.3f}"])
    return folder / "peptides.csv"


def reading_frames(folder: Path) -> Path:
    """ATG, 6 to 12 codons that are no stop, and a stop."""
    codons = [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT" if a + b + c not in ("TAA", "TAG", "TGA")]
    records = []
    for i in range(80):
        rng = np.random.default_rng(i)
        inner = rng.choice(codons, rng.integers(6, 13))
        records.append((f"frame{i}", "ATG" + "".join(inner) + str(rng.choice(["TAA", "TGA"]))))
    return fasta(folder / "frames.fasta", records)


def family(folder: Path) -> Path:
    """20 columns of a protein family: two cysteines that all have, two charges that pair, some gaps."""
    records = []
    for i in range(90):
        rng = np.random.default_rng(i)
        row = list(drawn(i, [1 / 20] * 20, 20, RESIDUES))
        row[3] = row[15] = "C"
        row[6], row[11] = [("K", "E"), ("E", "K")][rng.integers(2)]
        if rng.random() < 0.3:
            row[18:] = "--"
        records.append((f"member{i}", "".join(row)))
    return fasta(folder / "family.afa", records)


def sixteen_sequences(folder: Path) -> Path:
    """As few as there may be, of which two are of a rare class; RNA."""
    lines = [f"{drawn(i, (0.25,) * 4, 40, 'ACGU')}\t{'rare' if i > 13 else 'common'}\n" for i in range(16)]
    (folder / "few.tsv").write_text("".join(["sequence\tkind\n", *lines]))
    return folder / "few.tsv"


# ── molecules ────────────────────────────────────────────────────────────────────────────────────────────────────────

SMALL_GAME = ("likelihood.epochs=5", "likelihood.batch=16", "game.batch=16", "game.tick=160")
SMALL_LANGUAGE = (
    "language.width=32", "language.merges=0", "language.discriminator_width=8", "language.variants=1", *SMALL_GAME,
)  # fmt: skip
SMALL_LATENT = (
    "model=latent", "latent.size=8", "latent.width=32", "latent.merges=0", "latent.mixture=2",
    "latent.generator_width=16", "latent.discriminator_width=16", *SMALL_GAME,
)  # fmt: skip
SMALL_GRAPH = ("model=graph", "graph.latent=8", "graph.generator_width=16", "graph.discriminator_width=8", *SMALL_GAME)
RINGS = (
    "c1ccc({})cc1", "c1cncc({})c1", "c1csc({})c1", "C1CCN({})CC1", "C1CCC({})CC1", "C1COCCN1{}", "c1coc({})c1",
    "c1ccn({})c1", "C1CCC({})C1", "C1CC({})C1", "C1CCOC({})C1", "c1cnc({})nc1", "c1cn({})cn1", "c1cnn({})c1",
)  # fmt: skip
ACIDS = ("C(=O)O", "CC(=O)O", "C=CC(=O)O", "CCC(=O)O", "C(F)C(=O)O")
AMINES = ("CCN", "CCCN", "CNC", "CC(C)N", "CCN(C)C")
TAILS = ("", "C", "CC", "OC", "F", "Cl")


AROMATIC, SATURATED = ([ring for ring in RINGS if ring[0] == first] for first in "cC")
KINDS = {"acid": (ACIDS, AROMATIC), "amine": (AMINES, SATURATED)}


def compounds(groups: Iterable[str], rings: Iterable[str] = RINGS) -> list[str]:
    """A ring with one of the groups, and at the group's other end one of the tails: canonical SMILES."""
    made = [ring.format(f"C({tail}){group}" if tail else group) for ring in rings for group in groups for tail in TAILS]
    return list(dict.fromkeys(Chem.CanonSmiles(smiles) for smiles in made))


def is_spelt(item: Any) -> bool:
    """A SMILES in RDKit's spelling, or nothing where there is no molecule."""
    return item == "" or (molecule(item) is not None and Chem.CanonSmiles(item) == item)


def smiles_lines(folder: Path) -> Path:
    """Bare SMILES, some twice."""
    rows = compounds(ACIDS)[::4]
    (folder / "acids.smi").write_text("".join(f"{smiles}\n" for smiles in [*rows, *rows[:5]]))
    return folder / "acids.smi"


def acids_and_amines(folder: Path) -> Path:
    """A table with names, structures and a class."""
    rows = [
        (smiles, kind) for kind, groups in (("acid", ACIDS), ("amine", AMINES)) for smiles in compounds(groups)[::3]
    ]
    lines = [f"CPD-{i:03d};{smiles};{kind}" for i, (smiles, kind) in enumerate(rows)]
    (folder / "kinds.csv").write_text("\n".join(["name;structure;kind", *lines]) + "\n")
    return folder / "kinds.csv"


def measured_compounds(folder: Path) -> Path:
    """Concentrations that fall with lipophilicity, in nM."""
    lines = []
    for i, smiles in enumerate(compounds(AMINES)[::6]):
        potency = PROPERTIES["logp"](molecule(smiles)) + 6 + 0.2 * np.random.default_rng(i).normal()
        lines.append(f"{smiles},{10 ** (9 - potency):.4g}")
    (folder / "assay.csv").write_text("\n".join(["smiles,IC50 (nM)", *lines]) + "\n")
    return folder / "assay.csv"


def drawn_compounds(folder: Path) -> Path:
    """Mol blocks, packed, with a title each."""
    rows = compounds(AMINES)[::5]
    (path,) = MOLECULES.write(
        MoleculeRecords(rows, {}, [f"m{i:03d}" for i in range(len(rows))]), folder / "drawn.sdf.gz"
    )
    return Path(path)


def nine_atoms(folder: Path) -> Path:
    """As many heavy atoms as the graph model makes, or fewer."""
    rows = [smiles for smiles in compounds([*ACIDS, *AMINES]) if molecule(smiles).GetNumHeavyAtoms() <= 9]
    chains = [
        f"{a}{b}{c}" for a in ("C", "N", "O", "F") for b in ("CC", "C(C)C", "CCC", "C=C") for c in ("C", "O", "N")
    ]
    rows += [smiles for smiles in map(Chem.CanonSmiles, chains) if smiles not in rows]
    (folder / "small.smi").write_text("".join(f"{smiles}\n" for smiles in dict.fromkeys(rows)))
    return folder / "small.smi"


def sixteen_molecules(folder: Path) -> Path:
    """As few as there may be, of which two are of a rare class."""
    lines = [f"{smiles}\t{'rare' if i > 13 else 'common'}\n" for i, smiles in enumerate(compounds(ACIDS)[::25][:16])]
    (folder / "few.tsv").write_text("".join(["smiles\tkind\n", *lines]))
    return folder / "few.tsv"


# ── expression ───────────────────────────────────────────────────────────────────────────────────────────────────────

SMALL_EXPRESSION = (
    "factors=4", "discriminator_width=16", "likelihood.epochs=3", "game.batch=16", "game.tick=160",
)  # fmt: skip
GENES = [f"GENE{i}" for i in range(40)]
STATES = ("rest", "stim")


def counted_cells(count: int, kinds: Iterable[str], seed: int = 0) -> ExpressionRecords:
    """Cells of these types in two states: each type has genes of its own, and so has the stimulated state."""
    rng = np.random.default_rng(seed)
    names = list(kinds)
    rates = rng.gamma(1.0, 1.5, len(GENES)) + 0.3
    types = np.array([names[i % len(names)] for i in range(count)])
    states = np.array([STATES[i // len(names) % 2] for i in range(count)])
    profiles = np.tile(rates, (count, 1))
    for k, name in enumerate(names):
        profiles[np.ix_(types == name, range(5 * k, 5 * k + 5))] *= 6
    profiles[np.ix_(states == "stim", range(30, 35))] *= 5
    counts = rng.poisson(profiles * rng.lognormal(0, 0.3, (count, 1)))
    labels = {"type | state": np.array([f"{t} | {s}" for t, s in zip(types, states, strict=True)])}
    ids = [f"cell{i:03d}" for i in range(count)]
    return ExpressionRecords(csr_matrix(counts.astype(np.int32)), GENES, labels, ids)


def stimulated(folder: Path) -> Path:
    """An .h5ad of two types in two states, of 12 donors."""
    records = counted_cells(160, ("B", "T"))
    donors = np.array([f"d{i // 4 % 12}" for i in range(160)])
    (path,) = EXPRESSION.write(replace(records, group=donors), folder / "stimulated.h5ad")
    return Path(path)


def differentiating(folder: Path) -> Path:
    """A table with a pseudotime, along which genes come and go."""
    rng = np.random.default_rng(1)
    time = np.linspace(0, 1, 90)
    peaks = np.linspace(-0.2, 1.2, 30)
    counts = rng.poisson(1 + 12 * np.exp(-np.square((time[:, None] - peaks) / 0.25)))
    records = ExpressionRecords(
        csr_matrix(counts.astype(np.int32)),
        GENES[:30],
        {"pseudotime": np.array([f"{value:.5f}" for value in time])},
        [f"cell{i}" for i in range(90)],
    )
    (path,) = EXPRESSION.write(records, folder / "path.csv")
    return Path(path)


def cell_ranger(folder: Path) -> Path:
    """What Cell Ranger writes, packed, without labels."""
    records = replace(counted_cells(80, ("B", "T", "NK")), labels={})
    EXPRESSION.write(records, folder / "filtered" / "matrix.mtx.gz")
    return folder / "filtered"


def sixteen_cells(folder: Path) -> Path:
    """As few as there may be, of which two are of a rare type."""
    types = np.array(["common"] * 14 + ["rare"] * 2)
    (path,) = EXPRESSION.write(replace(counted_cells(16, ("B",)), labels={"type": types}), folder / "few.tsv")
    return Path(path)


def same_counts(one: csr_matrix, other: csr_matrix) -> bool:
    """Whether two cells have the same counts."""
    return one.dtype == other.dtype and one.shape == other.shape and (one != other).nnz == 0


def is_cell(width: int) -> Callable[[csr_matrix], bool]:
    """A row of so many genes with counts of whole molecules."""
    return lambda item: item.dtype == np.int32 and item.shape == (1, width) and bool((item.data > 0).all())


def molecules_of(item: csr_matrix) -> bytes:
    """The counts of the genes that a cell has, in their order: what was never seen is not written."""
    return item.sorted_indices().data.astype(np.int32).tobytes()


# ── what must be refused ─────────────────────────────────────────────────────────────────────────────────────────────


def a_dozen_images(folder: Path) -> Path:
    np.save(folder / "dozen.npy", digits(12)[0])
    return folder / "dozen.npy"


def a_dozen_sequences(folder: Path) -> Path:
    return fasta(folder / "dozen.fasta", ((f"{i}", drawn(i, (0.25,) * 4, 30)) for i in range(12)))


def a_dozen_molecules(folder: Path) -> Path:
    (folder / "dozen.smi").write_text("".join(f"{smiles}\n" for smiles in compounds(ACIDS)[::25][:12]))
    return folder / "dozen.smi"


def a_dozen_cells(folder: Path) -> Path:
    (path,) = EXPRESSION.write(counted_cells(12, ("B", "T")), folder / "dozen.h5ad")
    return Path(path)


DOZENS = [
    (IMAGES, a_dozen_images),
    (SEQUENCES, a_dozen_sequences),
    (MOLECULES, a_dozen_molecules),
    (EXPRESSION, a_dozen_cells),
]


CASES = [
    Case("images: colour, classes, blocks", IMAGES, stained, within(1), image_like("uint8", (32, 32, 3), 0, 255),
         "made", {"labels": "y", "group": "block"}, SMALL_IMAGES, ("1-negative", "2-weak", "3-positive")),
    Case("images: 16-bit grey in folders", IMAGES, deep_grey, within(1), image_like("uint16", (16, 16, 1), 100, 4100),
         "made", {}, SMALL_IMAGES, ("even", "odd")),
    Case("images: unlabelled", IMAGES, unlabelled, within(1), image_like("uint8", (16, 16, 1), 0, 255), "made.npz",
         {}, SMALL_IMAGES),
    Case("images: one class", IMAGES, one_class, within(1), image_like("uint8", (16, 16, 1), 0, 255), "made.npz",
         {"labels": "y"}, SMALL_IMAGES, ("even",), {"labels": "y"}),
    Case("images: sixteen of them", IMAGES, sixteen, within(1e-6), image_like("float32", (16, 16, 1), 0, 1.0), "made",
         {"labels": "y"}, SMALL_IMAGES, ("common", "rare")),
    Case("sequences: promoters of two classes", SEQUENCES, promoters, eq, written_in("ACGT", 100, 100), "made.fasta",
         {"labels": "kind"}, SMALL_SEQUENCES, ("cpg", "tata"), {"labels": "kind"}, contents=str.encode),
    Case("sequences: peptides with a measurement", SEQUENCES, peptides, eq, written_in(RESIDUES, 1, 14), "made.csv",
         {"labels": "log_mic"}, SMALL_SEQUENCES, None, {"labels": "log_mic", "alphabet": "protein"},
         contents=str.encode),
    Case("sequences: reading frames", SEQUENCES, reading_frames, eq, lambda item: broken_frame(item) is None,
         "made.fa.gz", {}, SMALL_SEQUENCES, decoded=written_in("ACGT", 3, 42), contents=str.encode),
    Case("sequences: a family with gaps", SEQUENCES, family, eq, written_in(RESIDUES + "-", 20, 20), "made.sto",
         {}, SMALL_SEQUENCES[1:], again={"layout": "aligned", "alphabet": "protein"}, contents=str.encode),
    Case("sequences: sixteen of them", SEQUENCES, sixteen_sequences, eq, written_in("ACGU", 40, 40), "made",
         {"labels": "kind"}, SMALL_SEQUENCES, ("common", "rare"), {"labels": "kind"}, contents=str.encode),
    Case("molecules: SMILES lines", MOLECULES, smiles_lines, eq, is_spelt, "made.smi", {},
         ("language.notation=selfies", *SMALL_LANGUAGE),
         few=True, contents=str.encode),
    Case("molecules: two classes, tokens of SMILES", MOLECULES, acids_and_amines, eq, is_spelt, "made.csv",
         {"labels": "kind"}, ("language.notation=smiles", *SMALL_LANGUAGE), ("acid", "amine"), {"labels": "kind"},
         few=True, contents=str.encode),
    Case("molecules: a measured potency", MOLECULES, measured_compounds, eq, is_spelt, "made.tsv",
         {"labels": "IC50 (nM)"}, SMALL_LANGUAGE, None, {"labels": "IC50 (nM)"}, few=True, contents=str.encode),
    Case("molecules: an SDF, a latent space", MOLECULES, drawn_compounds, eq, is_spelt, "made.sdf.gz", {}, SMALL_LATENT,
         few=True, contents=str.encode),
    Case("molecules: graphs of nine atoms", MOLECULES, nine_atoms, eq, is_spelt, "made.csv.gz", {}, SMALL_GRAPH,
         few=True, contents=str.encode),
    Case("molecules: sixteen of them", MOLECULES, sixteen_molecules, eq, is_spelt, "made", {"labels": "kind"},
         SMALL_LANGUAGE, ("common", "rare"), {"labels": "kind"}, few=True, contents=str.encode),
    Case("expression: two types in two states, donors", EXPRESSION, stimulated, same_counts, is_cell(40), "made.h5ad",
         {"labels": "type,state", "group": "group"}, SMALL_EXPRESSION,
         ("B | rest", "B | stim", "T | rest", "T | stim"), {"labels": "type,state"}, few=True,
         contents=molecules_of),
    Case("expression: a pseudotime", EXPRESSION, differentiating, same_counts, is_cell(30), "made.h5ad",
         {"labels": "pseudotime"}, SMALL_EXPRESSION, None, {"labels": "pseudotime"}, few=True,
         contents=molecules_of),
    Case("expression: a folder of Cell Ranger, unlabelled", EXPRESSION, cell_ranger, same_counts, is_cell(40),
         "made/matrix.mtx", {}, SMALL_EXPRESSION, few=True,
         contents=molecules_of),
    Case("expression: sixteen of them", EXPRESSION, sixteen_cells, same_counts, is_cell(40), "made.csv.gz",
         {"labels": "type"}, SMALL_EXPRESSION, ("common", "rare"), {"labels": "type"}, few=True,
         contents=molecules_of),
]  # fmt: skip
