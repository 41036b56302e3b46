"""Optimising molecules towards several goals at once within a budget of calls; judged by one that took no part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from vivogan.core.files import write_json, write_text
from vivogan.domains.molecules import data
from vivogan.domains.molecules.chemistry import Mol, canonical, molecule
from vivogan.domains.molecules.diverse import apart, spread
from vivogan.domains.molecules.fingerprints import nearest
from vivogan.domains.molecules.front import front, hypervolume, ranks
from vivogan.domains.molecules.hazards import ScreenSettings, screened
from vivogan.domains.molecules.making import drawn
from vivogan.domains.molecules.moves import Rules
from vivogan.domains.molecules.objectives import Constraints, Objective, desirabilities, overall
from vivogan.domains.molecules.oracles import Oracle, independent
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.domains.molecules.search import Search, Settings
from vivogan.domains.molecules.table import described
from vivogan.domains.oracles import Gain, agreement, told
from vivogan.domains.run import Run, Watch, silent
from vivogan.domains.tasks.results import write_rows
from vivogan.errors import UserError

Floats = NDArray[np.float64]
SAMPLED = 2000  # molecules of a run's generator that join the start
LOOKED_THROUGH = 20  # times as many molecules as are wanted are looked at for diversity
FRONT = 100  # molecules of the front that are kept, the most different
MEASURED = 5000  # molecules of the start that tell its sizes
SUFFIXES = ("csv", "smi", "sdf")


@dataclass
class Scorer:
    """``scorer(smiles) -> [n]``: asks every objective and keeps what it said.

    Desirabilities are fitted to the first molecules that it is asked about, which are some of the start.
    """

    objectives: Sequence[Objective]
    said: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def __call__(self, smiles: list[str]) -> Floats:
        values = [objective.values(smiles) for objective in self.objectives]
        if not self.said:
            self.objectives = [
                replace(o, desirability=o.desirability.fitted(v)) for o, v in zip(self.objectives, values, strict=True)
            ]
        self.said.update(zip(smiles, zip(*(v.tolist() for v in values), strict=True), strict=True))
        return overall(desirabilities(values, self.objectives), self.objectives)

    def values(self, smiles: Sequence[str]) -> list[Floats]:
        """What each objective said of molecules that were asked about, k times [n]."""
        return [np.array([self.said[text][i] for text in smiles]) for i in range(len(self.objectives))]

    def desirable(self, smiles: Sequence[str]) -> Floats:
        """[n, k]."""
        return desirabilities(self.values(smiles), self.objectives)


@dataclass(frozen=True)
class Optimized:
    """What came of it.

    ``rows``: the designs, best first: smiles, score, what each objective said and how desirable that is, whether all
    windows are met, on which front among the designs it is (1: no other beats it in everything), what the judge said,
    the similarity with the most similar molecule of the start, and after how many calls it was found. ``front``: the
    same of molecules that none of all that were asked about beats in everything. ``volume``: what share of all
    desirabilities the front commands. ``start``: molecules before. ``gains``: of the score and of the judge.
    """

    rows: list[dict[str, Any]]
    front: list[dict[str, Any]]
    volume: float
    start: list[str]
    gains: list[Gain]
    calls: int
    history: list[dict[str, Any]]
    notes: list[str]
    seed: int = 0

    @property
    def smiles(self) -> list[str]:
        return [row["smiles"] for row in self.rows]

    @property
    def lines(self) -> list[str]:
        """What is to be said of it in plain words."""
        return [*map(told, self.gains), agreement(self.gains), *self.notes]

    def records(self, rows: Sequence[Mapping[str, Any]] | None = None, prefix: str = "design") -> MoleculeRecords:
        """The designs (or other rows), with all that is known of them as labels."""
        rows = self.rows if rows is None else rows
        known = [name for name in dict.fromkeys(key for row in rows for key in row) if name != "smiles"]
        labels = {name: np.array([_short(row[name]) for row in rows], np.str_) for name in known}
        ids = [f"{prefix}-seed{self.seed}-{i:06d}" for i in range(len(rows))]
        return MoleculeRecords([row["smiles"] for row in rows], labels, ids, source="optimised")

    def save(self, folder: Path | str, settings: ScreenSettings | None = None) -> dict[str, Any]:
        """Screen the designs and the front and write the rest, with properties and alerts beside each: ``molecules``
        as CSV, SMILES, SDF and drawn (SVG), ``front.csv``, ``history.csv``, ``optimized.json``.

        Returns what the JSON file holds; ``lines`` are for people. Raises ``UserError`` when screening fails: then
        nothing is written.
        """
        folder = Path(folder)
        kept, screening = screened(self.records(), settings)
        beaten_by_none, again = screened(self.records(self.front, "front"), settings)
        files = []
        if len(kept):
            kept = described(kept)
            files = [str(path) for suffix in SUFFIXES for path in data.write(kept, folder / f"molecules.{suffix}")]
            write_text(folder / "molecules.svg", drawn(kept, "score"))
            files.append(str(folder / "molecules.svg"))
        if len(beaten_by_none):
            files += map(str, data.write(described(beaten_by_none), folder / "front.csv"))
        write_rows(folder / "history.csv", self.history)
        summary = {
            "designs": len(kept),
            "front": len(beaten_by_none),
            "hypervolume": self.volume,
            "screening": screening.line,
            "withheld": {"designs": screening.to_dict()["withheld"], "front": again.to_dict()["withheld"]},
            "gains": [gain.to_dict() for gain in self.gains],
            "lines": [*self.lines, screening.line],
            "calls": self.calls,
            "files": [*files, str(folder / "history.csv")],
            "history": self.history,
        }
        write_json(folder / "optimized.json", summary)
        return summary


def optimize(
    source: Run | MoleculeRecords | Sequence[str],
    objectives: Sequence[Objective],
    judge: Oracle | None = None,
    calls: int = 10_000,
    n: int = 100,
    seed: int = 0,
    must: Sequence[str] = (),
    must_not: Sequence[str] = (),
    scaffold: str | None = None,
    similarity: float = 0.6,
    settings: Settings | None = None,
    watch: Watch = silent,
) -> Optimized:
    """New molecules that do well in all objectives, different from one another.

    Args:
        source: where to begin: molecules (records or SMILES), or a run, whose training molecules and samples these are.
        objectives: what is asked (``objectives.objective``); the score is their weighted geometric mean.
        judge: a predictor that takes no part, of another seed or kind than the objectives; it sees start and designs.
        calls: molecules that the objectives are asked about, at most.
        n: designs.
        must, must_not: SMARTS that every molecule asked about must hold, and must not.
        scaffold: SMILES that every molecule is built on; open points may be written ``[*]``.
        similarity: no two designs are more similar than this (Tanimoto, Morgan bits of radius 2).
        settings: of the search; by default its rules are those of the start's sizes and rings.

    Raises ``UserError``.
    """
    if not objectives:
        raise UserError("nothing to optimise", "Give at least one --objective")
    if judge is not None:
        independent(judge, [objective.oracle for objective in objectives])
    watch({"event": "stage", "text": "reading the start"})
    start = begun(source, scaffold, seed)
    allowed = wanted(Constraints.of(must, must_not), scaffold)
    eligible, others = parted(start, allowed)
    scorer = Scorer(objectives)
    search = Search(
        scorer,
        eligible,
        calls,
        seed,
        settings or Settings(rules=rules(start)),
        allowed,
        others,
        watch,
    )
    search.run()
    return _report(search, scorer, n, similarity, judge)


def begun(source: Run | MoleculeRecords | Sequence[str], scaffold: str | None, seed: int) -> list[str]:
    """Canonical SMILES of the molecules to begin with, each once. Raises ``UserError`` when there are none."""
    if isinstance(source, Run):
        found = [*_learned(source), *source.generate(SAMPLED, seed=seed).smiles]
    elif isinstance(source, MoleculeRecords):
        found = source.smiles
    else:
        mols = (molecule(text) for text in source)
        found = [canonical(mol) for mol in mols if mol is not None and mol.GetNumAtoms()]
    built = [] if scaffold is None else _built_on(source, scaffold, seed)
    start = list(dict.fromkeys(text for text in (*found, *built) if text))
    if not start:
        raise UserError("nothing to begin with: none of the given molecules can be read", "Give SMILES or a run")
    return start


def _learned(run: Run) -> list[str]:
    """The training molecules of a run; none where its data are gone or have changed."""
    path = Path(run.config.source)
    if not path.exists():
        return []
    records = run.domain.read(path, run.config.read)
    if run.domain.digest(records) != run.data["sha256"]:
        return []
    return [records.smiles[i] for i in run.split.train.tolist()]


def _built_on(source: Any, scaffold: str, seed: int) -> list[str]:
    """Molecules on a scaffold: of the run's making, or the scaffold itself with hydrogens at its open points."""
    if isinstance(source, Run) and hasattr(source.generator, "anchor"):
        from vivogan.domains.molecules.constrained import constrained

        return constrained(source, Settings().first, scaffold=scaffold, seed=seed).smiles
    mol = Chem.RWMol(_read_scaffold(scaffold))
    for atom in mol.GetAtoms():
        if not atom.GetAtomicNum():
            mol.ReplaceAtom(atom.GetIdx(), Chem.Atom(1))
    return [canonical(Chem.RemoveHs(mol))]


def _read_scaffold(scaffold: str) -> Mol:
    mol = molecule(scaffold)
    if mol is None:
        raise UserError(f"--scaffold {scaffold}: is not a SMILES", "Write it as, say, c1ccc([*])cc1")
    return mol


def wanted(constraints: Constraints, scaffold: str | None) -> Constraints:
    """The constraints, with the scaffold (its open points left out) among what a molecule must hold."""
    if scaffold is None:
        return constraints
    bare = Chem.DeleteSubstructs(_read_scaffold(scaffold), Chem.MolFromSmarts("[#0]"))
    return replace(constraints, must=(*constraints.must, bare))


def parted(start: Sequence[str], allowed: Constraints) -> tuple[list[str], list[str]]:
    """The molecules that may be asked about, and the others. Raises ``UserError`` when none may."""
    if not allowed.must and not allowed.must_not:
        return list(start), []
    parts: tuple[list[str], list[str]] = [], []
    for text in start:
        parts[not allowed(molecule(text))].append(text)
    if not parts[0]:
        raise UserError(
            f"none of the {len(start)} molecules to begin with complies with --must, --must-not and --scaffold",
            "Add one that does to the start, or ask for less",
        )
    return parts


def rules(start: Sequence[str]) -> Rules:
    """Sizes up to a little above those of the start, and rings as large as a hundredth of the start has."""
    sizes, rings = [], []
    step = max(1, len(start) // MEASURED)
    for mol in filter(None, map(molecule, start[::step])):
        sizes.append(mol.GetNumAtoms())
        rings.append(max(map(len, mol.GetRingInfo().AtomRings()), default=0))
    usual = Rules()
    size = float(np.quantile(sizes, 0.95)) + 2 * usual.spread
    largest = max(usual.largest_ring, int(np.quantile(rings, 0.99, method="lower")))
    return replace(usual, size=size, smallest=min(usual.smallest, *sizes), largest_ring=largest)


# ── what came of it ─────────────────────────────────────────────────────────────────────────────────────────────────


def _report(search: Search, scorer: Scorer, n: int, similarity: float, judge: Oracle | None) -> Optimized:
    names, scores = list(search.found), search.scores
    known = frozenset(search.start)  # what may not be asked about is no design anyway
    order = np.argsort(-scores, kind="stable")
    fresh = [names[i] for i in order.tolist() if np.isfinite(scores[i]) and names[i] not in known]
    pool = fresh[: LOOKED_THROUGH * n]
    search.watch({"event": "stage", "text": f"choosing {n} of {len(fresh)} molecules"})
    designs = [pool[i] for i in apart(pool, n, similarity)]
    first = [text for text, number in zip(names, search.asked, strict=True) if number == 0]
    gains = [Gain("score", *(np.array([search.found[text] for text in part]) for part in (first, designs)))]
    if judge is not None:
        gains.append(Gain(judge.name, judge(first), judge(designs) if designs else np.zeros(0)))
    desirable = scorer.desirable(names)
    beaten_by_none = [names[i] for i in front(desirable).tolist()] if len(scorer.objectives) > 1 else []
    beaten_by_none = sorted(beaten_by_none, key=lambda text: -search.found[text])
    volume = hypervolume(scorer.desirable(beaten_by_none), np.zeros(len(scorer.objectives))) if beaten_by_none else 0.0
    beaten_by_none = [beaten_by_none[i] for i in sorted(spread(beaten_by_none, FRONT))]
    notes = [] if len(designs) >= n else [f"only {len(designs)} of {n} designs are new and different enough"]
    if (unknown := int(np.isnan(scores).sum())) > len(scores) // 10:
        notes.append(f"{unknown} of {len(scores)} molecules could not be judged")
    return Optimized(
        _rows(designs, search, scorer, judge), _rows(beaten_by_none, search, scorer, None), volume, first, gains,
        len(names), search.history, notes, search.seed,
    )  # fmt: skip


def _rows(smiles: Sequence[str], search: Search, scorer: Scorer, judge: Oracle | None) -> list[dict[str, Any]]:
    if not smiles:
        return []
    values, desirable = scorer.values(smiles), scorer.desirable(smiles)
    met = np.all([o.desirability.met(v) for o, v in zip(scorer.objectives, values, strict=True)], axis=0)
    alike, _ = nearest(smiles, [*search.start, *search.mates])
    rank = ranks(desirable)
    judged = None if judge is None else judge.values(list(smiles))
    places = {text: i + 1 for i, text in enumerate(search.found)}
    rows = []
    for i, text in enumerate(smiles):
        row: dict[str, Any] = {"smiles": text, "score": search.found[text]}
        for k, one in enumerate(scorer.objectives):
            row |= {one.name: float(values[k][i]), f"desirability {one.name}": float(desirable[i, k])}
        row |= {"all met": "yes" if met[i] else "no", "front": int(rank[i]) + 1}
        if judged is not None and judge is not None:
            row[f"judge {judge.name}"] = float(judged[i])
        rows.append(row | {"similarity with the start": float(alike[i]), "call": places[text]})
    return rows


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
