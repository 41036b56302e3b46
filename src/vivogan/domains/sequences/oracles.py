"""Oracles of sequences: a trained predictor, a Python function, or a command."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vivogan.domains import oracles as shared
from vivogan.domains.oracles import Floats, Values, checked, command, function, independent, parsed, total
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.tools.learned import Learned, learned
from vivogan.errors import UserError

__all__ = ["Floats", "Oracle", "Values", "checked", "independent", "oracle", "total"]


@dataclass(frozen=True)
class Oracle(shared.Oracle):
    """``oracle(sequences) -> [n]``, higher is better, NaN for what cannot be judged.

    Toxicity and haemolysis are things that should be low: the sign is up to the user.
    """

    learned: Learned | None = None

    def reading(self, codec: SequenceCodec) -> Oracle:
        """The same for the sequences of a generator: a predictor of proteins is given what reading frames spell."""
        return self if self.learned is None else replace(self, values=self.learned.values(codec))


def oracle(spec: str) -> Oracle:
    """The oracle of a specification ``[-]WHAT[*weight]`` (``-`` and a weight below 0 lower it), where WHAT is one of

    * ``runs/mic`` or ``runs/mic:column``, a trained predictor (for classes the column is the class, and the value its
      probability); with ``@lcb`` at the end one standard deviation is taken off the score, for caution;
    * ``module:function``, a Python function from a list of n sequences to n numbers, also of the current folder;
    * ``command --with options {}``, run without a shell: reads sequences one a line, from the file that stands for
      ``{}`` or else from its input, and prints one number a line.

    Raises ``UserError`` when there is no such thing.
    """
    body, weight = parsed(spec)
    found = learned(body, -1.0 if weight < 0 else 1.0)
    if found is not None:
        return Oracle(body, found.values(), weight, found)
    values = function(body) or command(body)
    if values is None:
        raise UserError(
            f"--oracle {spec}: no run folder, function or command of this name",
            "Give a run folder (runs/mic or runs/mic:column), module:function, or a command that is installed",
        )
    return Oracle(body, values, weight)
