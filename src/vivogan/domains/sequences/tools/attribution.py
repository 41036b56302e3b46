"""What each letter matters: the change of a score with every single substitution (in-silico mutagenesis)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.domains.sequences.generator import SequenceGenerator

Score = Callable[[Tensor], Tensor]  # x [n, A, L] → [n]
BATCH, GRADIENTS = 1024, 64  # sequences scored together, and with gradients
MOST = 10.0  # nats: what the grammar forbids counts as so unlikely
SCORED = 4_000_000  # numbers of the look-ups of a back-off table held at once
NUCLEIC = 4  # letters, of which pairs are kept by shuffling


def mutagenesis(score: Score, x: Tensor, first_order: bool = False) -> Tensor:
    """The score of each single substitution minus that of the sequence, [n, A, L]; 0 where nothing is substituted.

    Args:
        score: of sequences [n, A, L], one number each. Any function; with gradients for ``first_order``.
        x: [n, A, L], one-hot (an ambiguous place is what it is, and each of its symbols a substitution).
        first_order: gradient · (mutant − reference) instead of A · L scores a sequence: exact for scores linear in
            x, else the first term of their Taylor series (Sasse et al. 2024).
    """
    return _gradients(score, x) if first_order else _exact(score, x)


@torch.no_grad()
def _exact(score: Score, x: Tensor) -> Tensor:
    _, symbols, length = x.shape
    every = torch.arange(symbols * length, device=x.device)
    found = torch.zeros_like(x)
    for row, (sequence, before) in enumerate(zip(x, _scores(score, x), strict=True)):
        said = []
        for chosen in every.split(BATCH):
            mutants = sequence.expand(len(chosen), -1, -1).clone()
            each, place = torch.arange(len(chosen)), chosen % length
            mutants[each, :, place] = 0
            mutants[each, chosen // length, place] = 1
            said.append(score(mutants).to(x.dtype))
        found[row] = torch.cat(said).view(symbols, length) - before
    return found.masked_fill(x == 1, 0.0)


def _scores(score: Score, x: Tensor) -> Tensor:
    return torch.cat([score(part).to(x.dtype) for part in x.split(BATCH)])


def _gradients(score: Score, x: Tensor) -> Tensor:
    found = []
    for part in x.split(GRADIENTS):
        leaf = part.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(score(leaf).sum(), leaf)
        found.append(gradient - (gradient * part).sum(1, keepdim=True))
    return torch.cat(found).masked_fill(x == 1, 0.0)


def likelihood(generator: SequenceGenerator, x: Tensor, condition: Tensor) -> Score:
    """The log-likelihood (nats) that a generator gives to sequences with the style of x [1, A, L] and its class [1]."""
    style = None if generator.style is None else generator.style.measure(x)

    def score(sequences: Tensor) -> Tensor:
        n = len(sequences)
        own = None if style is None else style.expand(n, -1)
        said = generator.logits(sequences, own, condition.expand(n)).log_softmax(1)
        return (said * sequences).sum((1, 2))

    return score


def likelihood_changes(generator: SequenceGenerator, x: Tensor, condition: Tensor) -> Tensor:
    """Mutagenesis [n, A, L] of the log-likelihood (nats) that a generator gives to x [n, A, L] of classes [n].

    The style stays that of the sequence. What a letter is worth at its own place, and what it says to the next places
    through the back-off table, is exact; what the network reads in it is taken to first order.
    """
    rows = max(1, SCORED // (x.shape[1] ** 2 * x.shape[2]))
    parts = zip(x.split(min(GRADIENTS, rows)), condition.split(min(GRADIENTS, rows)), strict=True)
    found = torch.cat([_likelihood_changes(generator, part, classes) for part, classes in parts])
    return found.clamp(-MOST, MOST).masked_fill(x == 1, 0.0)


def _likelihood_changes(generator: SequenceGenerator, x: Tensor, condition: Tensor) -> Tensor:
    style = None if generator.style is None else generator.style.measure(x)
    leaf = x.detach().clone().requires_grad_()
    logits = generator.logits(leaf, style, condition)
    said = logits.log_softmax(1)
    total = (said * x).sum()
    found = said.detach() - (said.detach() * x).sum(1, keepdim=True)
    if total.requires_grad:  # a table alone reads no x
        (gradient,) = torch.autograd.grad(total, leaf)
        found = found + gradient - (gradient * x).sum(1, keepdim=True)
    return found + _table_changes(generator, logits.detach(), x)


@torch.no_grad()
def _table_changes(generator: SequenceGenerator, logits: Tensor, x: Tensor) -> Tensor:
    """By how much each substitution changes the log-likelihood of the next ``order`` symbols through the table."""
    table, found = generator.back_off.table, torch.zeros_like(x)
    codes = x.argmax(1)  # n x L
    rows = generator.back_off.rows(codes)
    other = torch.arange(x.shape[1], device=x.device)[:, None]
    for step in range(1, min(generator.back_off.order, x.shape[2] - 1) + 1):
        row, target = rows[:, None, step:], codes[:, None, step:, None]  # n x 1 x L − step
        moved = row + (other - codes[:, None, :-step]) * generator.back_off.base ** (step - 1)  # n x A x L − step
        before = logits[..., step:].transpose(1, 2)[:, None]  # n x 1 x L − step x A
        after = (before + table[moved] - table[row]).log_softmax(-1)
        wanted = target.expand(-1, x.shape[1], -1, 1)
        found[..., :-step] += (after.gather(-1, wanted) - before.log_softmax(-1).gather(-1, target))[..., 0]
    return found


def contributions(changes: Tensor, x: Tensor, letters: int) -> Tensor:
    """What each of the first ``letters`` symbols would add to the score, [n, letters, L], from ``mutagenesis``.

    Each place sums to 0: a part common to all letters is of no letter (Majdandzic et al. 2023). Places that hold no
    letter (gap, end) are 0.
    """
    found = changes[:, :letters] - changes[:, :letters].mean(1, keepdim=True)
    return found * (x[:, :letters].sum(1, keepdim=True) > 0.5)


def importance(contributed: Tensor, x: Tensor) -> Tensor:
    """What the letters that stand there add, [n, L]: their score minus the mean over all letters at their place."""
    return (contributed * x[:, : contributed.shape[1]]).sum(1)


def shuffled(x: Tensor, letters: int, rng: np.random.Generator) -> Tensor:
    """Each sequence x [n, A, L] with its letters in another order; gaps and ends stay, and the first and last letter.

    Of nucleic letters the pairs stay as frequent as they were (Altschul and Erickson 1985).
    """
    found = x.clone()
    for row, codes in enumerate(x.argmax(1).numpy()):
        places = np.flatnonzero(codes < letters)
        if len(places) < 4:
            continue
        inner = rng.permutation(np.arange(1, len(places) - 1))
        order = _same_pairs(codes[places], rng) if letters == NUCLEIC else np.concatenate([[0], inner, [-1]])
        found[row][:, places] = x[row][:, places[order]]
    return found


def _same_pairs(codes: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.intp]:
    """An order of places [L] that keeps how often each letter follows each: a random Eulerian path."""
    following = {int(code): np.flatnonzero(codes[:-1] == code) + 1 for code in np.unique(codes[:-1])}
    end = int(codes[-1])
    while True:  # last ways out of each letter that all lead to the end
        last = {code: int(rng.choice(places)) for code, places in following.items() if code != end}
        if all(_arrives(code, end, last, codes) for code in last):
            break
    ways = {}
    for code, places in following.items():
        rest = rng.permutation(places[places != last.get(code, -1)]).tolist()
        ways[code] = iter(rest + ([last[code]] if code in last else []))
    order = [0]
    for _ in range(len(codes) - 1):
        order.append(next(ways[int(codes[order[-1]])]))
    return np.array(order, np.intp)


def _arrives(code: int, end: int, last: dict[int, int], codes: NDArray[np.int64]) -> bool:
    seen = set[int]()
    while code != end:
        if code in seen:
            return False
        seen.add(code)
        code = int(codes[last[code]])
    return True
