"""Pictures for the report: letters, logos, words, composition, motifs and couplings, real beside generated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.base import Figure
from vivogan.domains.sequences.alphabets import GAP, PROTEIN, Alphabet
from vivogan.domains.sequences.couplings import connected_pairs
from vivogan.domains.sequences.identity import aligned_pair
from vivogan.domains.sequences.kmers import alphabet_of, codes, kmer_spectrum
from vivogan.domains.sequences.lettering import COLUMNS, NUCLEIC_COLOURS, PROTEIN_COLOURS, Line, page, pixels
from vivogan.domains.sequences.metrics import LONGEST_WORD, described
from vivogan.domains.sequences.motifs import most_placed, motif_places

Floats = NDArray[np.float64]
REAL, MADE = "#3b4a5a", "#d1603d"
SHOWN = 24  # sequences on a page
LOGO = 60  # places of a logo at most
MOST_POINTS = 6000


def figures(gallery: Mapping[str, Any]) -> list[Figure]:
    """Every picture that the data allow; "real", "generated" and "nearest" always."""
    real, made = list(gallery["real"]), list(gallery["made"])
    alphabet = alphabet_of(real, made)
    colours = PROTEIN_COLOURS if alphabet is PROTEIN else NUCLEIC_COLOURS
    aligned = any(GAP in sequence for sequence in real)
    names, y = gallery["classes"], gallery["y"]
    rows = np.linspace(0, len(real) - 1, min(SHOWN, len(real))).round().astype(int)
    rows = rows[np.argsort(np.asarray(y)[rows], kind="stable")]
    labels = [names[y[i]] if len(names) > 1 else f"{i + 1}" for i in rows]
    cut = "" if max(map(len, real)) <= COLUMNS else f" The first {COLUMNS} letters of each."
    found = [
        Figure(
            "real",
            "Real",
            f"Test sequences the model never saw, evenly spaced.{cut}",
            _listed(real, rows, labels, colours),
        ),
        Figure(
            "generated",
            "Generated",
            f"Not selected: evenly spaced among the samples of the evaluation.{cut}",
            _listed(made, rows, labels, colours),
        ),
        _nearest(gallery["closest_made"], gallery["closest_train"], colours, free=len({*map(len, real)}) > 1),
        _logos(real, made, alphabet, colours),
        _words(real, made, alphabet),
        _composition(real, made, alphabet, aligned),
    ]
    if aligned and len({*map(len, real), *map(len, made)}) == 1:
        found.append(_couplings(real, made, alphabet))
    word = None if aligned or alphabet is PROTEIN else most_placed(gallery["train"])
    if word is not None:
        found.append(_motif(real, made, word))
    if gallery.get("walk"):
        lines: list[Line | None] = []
        for walk in gallery["walk"]:
            lines += [*(Line(str(i + 1), sequence[:COLUMNS]) for i, sequence in enumerate(walk)), None]
        found.append(
            Figure(
                "interpolation",
                "Between samples",
                "Each block walks from one latent to another.",
                page(lines[:-1], colours),
            )
        )
    return found


def _listed(sequences: Sequence[str], rows: Any, labels: Sequence[str], colours: dict[str, str]) -> NDArray[np.uint8]:
    lines = [Line(label[:16], sequences[i][:COLUMNS]) for i, label in zip(rows.tolist(), labels, strict=True)]
    return page(lines, colours)


def _nearest(made: Sequence[str], train: Sequence[str], colours: dict[str, str], free: bool, pairs: int = 5) -> Figure:
    """Pairs of aligned lines; equal letters have a strong ground, all others none."""
    lines: list[Line | None] = []
    for a, b in list(zip(made, train, strict=True))[:pairs]:
        above, below = aligned_pair(a, b) if free or len(a) != len(b) else (a, b)
        same = [float(x == y and x != GAP) for x, y in zip(above, below, strict=True)]
        identity = sum(x == y for x, y in zip(above, below, strict=True)) / max(len(a), len(b), 1)
        for start in range(0, min(len(above), 3 * COLUMNS), COLUMNS):
            piece = slice(start, start + COLUMNS)
            strength = [0.6 * value for value in same[piece]]
            share = f"{identity:.0%} " if start == 0 else ""
            lines += [Line(f"{share}generated", above[piece], strength), Line("training", below[piece], strength)]
        lines.append(None)
    caption = (
        "The generated sequences closest to a training sequence in the features that the scores compare, above it. "
        "Coloured: equal letters."
    )
    return Figure("nearest", "Nearest to training", caption, page(lines[:-1], colours))


def _axes(panels: int, height: float = 3.2, width: float = 9.0, rows: int = 1) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(width, height), dpi=130, facecolor="white", layout="constrained")
    axes = canvas.subplots(rows, -(-panels // rows), squeeze=False).ravel().tolist()
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    return canvas, axes


def information(sequences: Sequence[str], letters: str, length: int) -> Floats:
    """The height in bits of each letter at each place, [L, A]: its share of the information, with the correction for
    small samples (Schneider et al. 1986)."""
    coded = codes(sequences, letters)[:, :length]
    counts = (coded[:, :, None] == np.arange(len(letters))).sum(0).astype(np.float64)  # L x A
    total = counts.sum(1, keepdims=True)
    shares = counts / np.maximum(1, total)
    entropy = -(shares * np.log2(np.maximum(shares, 1e-300))).sum(1, keepdims=True)
    correction = (len(letters) - 1) / (2 * np.log(2) * np.maximum(1, total))
    return shares * np.maximum(0, np.log2(len(letters)) - entropy - correction) * (total / len(sequences))


def _logos(real: Sequence[str], made: Sequence[str], alphabet: Alphabet, colours: dict[str, str]) -> Figure:
    import logomaker  # type: ignore[import-untyped]
    import pandas as pd  # type: ignore[import-untyped]

    length = max(map(len, real))
    heights = [information(sequences, alphabet.letters, length) for sequences in (real, made)]
    heights = [np.pad(h, ((0, length - len(h)), (0, 0))) for h in heights]
    window = min(LOGO, length)
    start = int(np.argmax(np.convolve(heights[0].sum(1), np.ones(window), "valid")))
    canvas, axes = _axes(2, height=4.4, width=11, rows=2)
    top = max(float(h[start : start + window].sum(1).max()) for h in heights)
    for ax, h, name in zip(axes, heights, ("real", "generated"), strict=True):
        table = pd.DataFrame(h[start : start + window], columns=list(alphabet.letters))
        table.index = table.index + start + 1
        logomaker.Logo(table, ax=ax, color_scheme={k: v for k, v in colours.items() if k in alphabet.letters})
        ax.set(ylabel=f"{name}\ninformation (bits)", ylim=(0, 1.05 * max(top, 0.05)))
    axes[1].set_xlabel("position")
    where = f"The {window} places with most information of {length}. " if window < length else ""
    kind = "Letters as high as their share of the information at each place; test sequences above, generated below."
    return Figure("logos", "Sequence logos", where + kind, pixels(canvas))


def _words(real: Sequence[str], made: Sequence[str], alphabet: Alphabet) -> Figure:
    k = LONGEST_WORD[alphabet.name]
    if alphabet is not PROTEIN and sum(map(len, real)) < 100_000:
        k = 3
    a, b = (kmer_spectrum(sequences, k, alphabet.letters) for sequences in (real, made))
    least = 0.5 / max(1, sum(map(len, real)))
    canvas, (ax,) = _axes(1, height=4.6, width=5.0)
    a, b = np.maximum(a, least), np.maximum(b, least)
    ax.loglog(a, b, ".", markersize=3 if len(a) > 500 else 6, color=MADE, alpha=0.45, markeredgewidth=0)
    ends = [min(a.min(), b.min()) * 0.8, max(a.max(), b.max()) * 1.25]
    ax.plot(ends, ends, color=REAL, linewidth=0.8)
    ax.set(xlabel=f"share of a {k}-letter word, real", ylabel="share of that word, generated", xlim=ends, ylim=ends)
    ax.set_aspect("equal")
    caption = (
        f"Each point is one word of {k} letters; on the line, real and generated use it alike. "
        "Words never seen lie on the edge."
    )
    return Figure("words", "Words", caption, pixels(canvas))


_UNITS = {
    "GC content": "GC content (share)",
    "net charge": "net charge at pH 7 (e)",
    "hydrophobicity": "mean hydropathy (Kyte–Doolittle)",
    "length": "length (letters)",
    "gap share": "gaps (share)",
    "complexity": "entropy of words (bits)",
    "longest run": "longest run of one letter",
}


def _composition(real: Sequence[str], made: Sequence[str], alphabet: Alphabet, aligned: bool) -> Figure:
    ends = len({*map(len, real)}) > 1
    a, b = (described(sequences, alphabet, aligned, ends=ends) for sequences in (real, made))
    canvas, axes = _axes(len(a), height=3.0, width=3.0 * len(a))
    for ax, name in zip(axes, a, strict=True):
        values = np.concatenate([a[name], b[name]]).ravel()
        whole = bool((values == values.round()).all())
        low, high = float(values.min()), float(values.max())
        step = max(1, round((high - low) / 30)) if whole else max((high - low) / 30, 1e-6)
        edges = np.arange(low - (0.5 if whole else 0), high + 1.5 * step, step)
        for part, colour, label in ((a, REAL, "real"), (b, MADE, "generated")):
            weights = np.full(len(part[name]), 1 / len(part[name]))
            ax.hist(
                part[name].ravel(), edges, weights=weights, histtype="step", color=colour, label=label, linewidth=1.4
            )
        ax.set_xlabel(_UNITS[name])
    axes[0].set_ylabel("share of sequences")
    axes[0].legend(frameon=False, fontsize=8)
    return Figure("composition", "Composition", "How sequences are spread, real and generated.", pixels(canvas))


def _motif(real: Sequence[str], made: Sequence[str], word: str) -> Figure:
    canvas, (ax,) = _axes(1, width=9)
    for sequences, colour, label in ((real, REAL, "real"), (made, MADE, "generated")):
        ax.plot(1 + np.arange(len(shares := motif_places(sequences, word) / len(sequences))), 100 * shares,
                color=colour, label=label, linewidth=1.1)  # fmt: skip
    ax.set(xlabel="position at which the word begins", ylabel=f"sequences with {word} (%)")
    ax.legend(frameon=False)
    caption = f"{word}, the word most bound to one place in training sequences: how many begin it at each position."
    return Figure("motif", f"Where {word} stands", caption, pixels(canvas))


def _couplings(real: Sequence[str], made: Sequence[str], alphabet: Alphabet) -> Figure:
    symbols = alphabet.letters + GAP
    a, b = (connected_pairs(sequences, symbols).ravel() for sequences in (real, made))
    strong = np.flatnonzero(np.abs(a) > 0.01)
    strong = strong[:: max(1, len(strong) // MOST_POINTS)]
    canvas, (ax,) = _axes(1, height=4.6, width=5.0)
    ax.plot(a[strong], b[strong], ".", markersize=3, color=MADE, alpha=0.4, markeredgewidth=0)
    end = 1.05 * float(np.abs(np.concatenate([a[strong], b[strong], [0.02]])).max())
    ax.plot([-end, end], [-end, end], color=REAL, linewidth=0.8)
    ax.set(xlabel="connected pair frequency, real", ylabel="connected pair frequency, generated")
    ax.set(xlim=(-end, end), ylim=(-end, end))
    ax.set_aspect("equal")
    caption = (
        "Each point is one pair of symbols at two places: how much oftener they stand together than apart would give. "
        "On the line the pair is as strong as in real sequences; on the horizontal, places do not know of each other."
    )
    return Figure("couplings", "Which places change together", caption, pixels(canvas))
