"""Screening by the IBBIS Common Mechanism (Wheeler et al. 2024), where its command ``commec`` is installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vivogan.core.files import read_json, write_text
from vivogan.domains.sequences.alphabets import GAP, PROTEIN, Alphabet
from vivogan.domains.sequences.tools.matching import Verdict
from vivogan.errors import InputError, UserError

COMMAND = "commec"
STEPS = ("biorisk", "protein_taxonomy", "nucleotide_taxonomy")
# Statuses of its output.json (format 0.3, commec 1.0). "Warning" of the whole query alone says that nothing at all was
# found, as is usual for generated sequences; a warning of a step is a possible match.
HITS, FAILED, SHORT = ("Flag", "Warning"), ("Error", "Incomplete", "-"), "Skip"
# One codon for each amino acid: commec reads nucleic acids, and translates them again.
CODONS = {
    "A": "GCG", "C": "TGC", "D": "GAT", "E": "GAA", "F": "TTT", "G": "GGC", "H": "CAT", "I": "ATT", "K": "AAA",
    "L": "CTG", "M": "ATG", "N": "AAC", "P": "CCG", "Q": "CAG", "R": "CGT", "S": "AGC", "T": "ACC", "V": "GTG",
    "W": "TGG", "Y": "TAT",
}  # fmt: skip


class Commec:
    """Runs ``commec screen``; ``databases`` is the folder that ``commec setup`` made."""

    name = "commec"

    def __init__(self, databases: Path) -> None:
        self.databases = databases

    def __call__(self, sequences: Sequence[str], alphabet: Alphabet) -> list[Verdict]:
        """A verdict for each sequence. Raises ``UserError`` when commec fails, or judges fewer than it was given."""
        with tempfile.TemporaryDirectory(prefix="vivogan-screen-") as folder:
            source = Path(folder, "queries.fasta")
            written = [f">q{i}\n{as_nucleic(sequence, alphabet)}\n" for i, sequence in enumerate(sequences)]
            write_text(source, "".join(written))
            options = ["--skip-nt"] if alphabet is PROTEIN else []  # the codons are not those of the protein
            self._run([COMMAND, "screen", "-d", str(self.databases), "-o", folder, *options, str(source)])
            found = sorted(Path(folder).glob("*.json"))
            if not found:
                raise UserError(
                    "commec screen wrote no JSON output", "Check that it runs by itself, with its databases"
                )
            return verdicts(found[0], len(sequences))

    def _run(self, command: list[str]) -> None:
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise UserError(f"{COMMAND} cannot be started ({error.strerror})", "Check the installation") from error
        if done.returncode:
            said = [line for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()]
            last = said[-1].strip() if said else "it said nothing"
            raise UserError(
                f"commec screen failed with exit status {done.returncode}: {last}",
                f"Nothing was written. Check commec and its databases in {self.databases}",
            )


def installed() -> bool:
    return shutil.which(COMMAND) is not None


def as_nucleic(sequence: str, alphabet: Alphabet) -> str:
    """DNA that commec can read: RNA with T, proteins translated back, no gaps."""
    letters = sequence.replace(GAP, "")
    if alphabet is PROTEIN:
        known = {letter: CODONS.get(stands, "NNN") for letter, stands in alphabet.ambiguous.items()} | CODONS
        return "".join(known[letter] for letter in letters)
    return letters.replace("U", "T")


def verdicts(path: Path, count: int) -> list[Verdict]:
    """The verdicts of ``output.json``, in the order of the queries q0, q1, …"""
    try:
        content = read_json(path)
        queries = content["queries"]
        rows = list(queries.values()) if isinstance(queries, dict) else list(queries)
        found = {str(row["query"]): verdict(row["status"]) for row in rows}
    except (InputError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"the output of commec cannot be read ({error})", "commec 1.0 or newer is needed") from error
    missing = [f"q{i}" for i in range(count) if f"q{i}" not in found]
    if missing:
        raise UserError(f"commec judged {count - len(missing)} of {count} sequences", "Nothing was written; try again")
    return [found[f"q{i}"] for i in range(count)]


def verdict(status: dict[str, Any]) -> Verdict:
    """What the statuses of one query mean; a step that failed is an error, as nobody knows what it would have said."""
    whole, steps = status["screen_status"], [status[step] for step in STEPS]
    if any(word in FAILED for word in (whole, *steps)) and whole != SHORT:
        raise UserError(
            f"commec did not finish screening ({status.get('rationale', whole)})", "Nothing was written; check its log"
        )
    if whole == "Flag" or any(step in HITS for step in steps):
        return Verdict(True, str(status.get("rationale") or whole))
    return Verdict(whole != SHORT)
