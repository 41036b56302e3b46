"""The generator: a state of the cell, what its genes are transcribed at in that state, and the molecules caught.

    state f ~ training cells of the class, blurred       (``factors.py``)
    log share of gene j:  profile[class, j] + loadings[j] · f,  normalised over the genes
    count of gene j ~ negative binomial(library · share, shape[class, j])       (``noise.py``)
    counts of the genes of most molecules are moved to their true margins       (``margins.py``)

A factor model of counts with log-normal rates, as GLM-PCA (Townes et al. 2019) and Poisson log-normal models (Chiquet
et al. 2018) have it; scVI (Lopez et al. 2018) puts a network in place of the loadings, scDesign3 (Song et al. 2024) a
copula. ``likelihood.py`` fits it, and the game moves profile, loadings and how wide states are drawn.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from vivogan.domains.expression.factors import Factors, between
from vivogan.domains.expression.margins import Margins
from vivogan.domains.expression.noise import keys, negative_binomial

KEYS = 2  # latents that the noise of all genes is expanded from
REACH = 2.0  # deviations from the mean of a gene's log rate that are told what other genes go with
PIECE = 256  # cells whose noise fits into the processor's cache


class ExpressionGenerator(nn.Module):
    """``generator(z, condition) -> x`` [n, g]: whole-number counts, with the gradient of their means
    (straight-through).

    ``condition`` [n] holds class numbers (int64), or real numbers: between two classes that are levels of a measurement
    profiles are interpolated, so cells change smoothly.

    Args:
        genes: g. classes: how many. factors: k, how many numbers a state has.
        cells: training cells that states are drawn around, at most.
    """

    block = 512  # rows that are sampled together

    def __init__(self, genes: int, classes: int, factors: int, cells: int) -> None:
        super().__init__()
        self.genes, self.classes = genes, classes
        self.factors = Factors(classes, factors, cells)
        self.margins = Margins(classes, genes)
        self.profile = nn.Parameter(torch.zeros(classes, genes))  # log shares of a cell in the middle of its class
        self.loadings = nn.Parameter(torch.zeros(genes, factors))
        self.shape = nn.Parameter(torch.full((classes, genes), 3.0))  # log of the negative binomial's shape

    @property
    def latent_dim(self) -> int:
        return self.factors.latent_dim + KEYS

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        states, sizes = self.factors.draw(z[:, :-KEYS], condition)
        key = keys(z[:, -KEYS:])
        if not torch.is_grad_enabled():
            pieces = zip(*(part.split(PIECE) for part in (states, sizes, condition, key)), strict=True)
            return torch.cat([self._counts(self.log_means(*piece[:3]), *piece[2:]) for piece in pieces])
        log_mean = self.log_means(states, sizes, condition)
        with torch.no_grad():
            x = self._counts(log_mean, condition, key)
        # The secant of log(1 + count) in place of its tangent: what one molecule more would change.
        mean = log_mean.exp() * (x + 1) * torch.log1p(1 / (x + 1))
        return x + mean - mean.detach()

    def _counts(self, log_mean: Tensor, condition: Tensor, key: Tensor) -> Tensor:
        return self.margins(negative_binomial(log_mean, self.of(self.shape, condition).exp(), key), condition, key)

    def log_means(self, states: Tensor, sizes: Tensor, condition: Tensor) -> Tensor:
        """Logarithms [n, g] of the expected counts of cells in ``states`` [n, k] with log library ``sizes`` [n]."""
        found = torch.addmm(self.profiles(condition), states, self.loadings.T)
        return found + (sizes - found.logsumexp(1))[:, None]

    def profiles(self, condition: Tensor) -> Tensor:
        """Log shares [n, g] of cells in the middle of class [n], or in between (real numbers)."""
        return self.of(self.profile, condition)

    def of(self, table: Tensor, condition: Tensor) -> Tensor:
        """Rows [n, …] of what each class has, table [classes, …], for class numbers [n] or real numbers in between."""
        if not condition.is_floating_point():
            return table[condition]
        low, above = between(condition, self.classes)
        share = above.to(table.dtype).view(-1, *[1] * (table.dim() - 1))
        return torch.lerp(table[low], table[(low + 1).clamp(max=self.classes - 1)], share)

    # ── what the model says without drawing ─────────────────────────────────────────────────────────────────────────

    def covariance(self, condition: Tensor) -> Tensor:
        """The covariance [n, k, k] of states in class [n], or in between (real numbers)."""
        return self.of(self.factors.covariance(), condition)

    @torch.no_grad()
    def mean(self, condition: Tensor) -> Tensor:
        """Expected shares [n, g] of molecules in class [n] (long, or real numbers between levels); they sum to 1.

        Log-normal in the states: exp(profile + loadingᵀ covariance loading / 2), normalised.
        """
        covariance = self.covariance(condition)
        spread = torch.einsum("gk,nkl,gl->ng", self.loadings, covariance, self.loadings)
        return (self.profiles(condition) + spread / 2).softmax(1)

    @torch.no_grad()
    def conditioned(self, condition: Tensor, gene: Tensor, shift: Tensor) -> Tensor:
        """Expected changes [n, g] of log rates when the log rate of ``gene`` [n] is moved by ``shift`` [n].

        In-silico knock-down: states are taken for normal in their class, and conditioned on the gene's rate, no further
        from its mean than ``REACH`` deviations: beyond, the model has seen no cell. The gene's own column is ``shift``;
        a gene that shares no factor with it does not move. Columns of natural logarithms, before they are normalised
        over genes. An association read as an effect: a hypothesis.
        """
        loading = self.loadings[gene]  # n x k
        moved = torch.einsum("nkl,nl->nk", self.covariance(condition), loading)
        variance = (moved * loading).sum(1)
        noise = softplus(-self.of(self.shape, condition).gather(1, gene[:, None]))[:, 0]  # its own: log(1 + 1 / shape)
        reach = REACH * (variance + noise).sqrt()
        states = moved * (shift.clamp(-reach, reach) / (variance + noise))[:, None]
        found = states @ self.loadings.T
        return found.scatter(1, gene[:, None], shift[:, None].to(found.dtype))

    @torch.no_grad()
    def states(self, x: Tensor, condition: Tensor, steps: int = 8) -> Tensor:
        """The likeliest states [n, k] of cells x [n, g] of class [n], by Newton's method with the Poisson likelihood.

        The prior of a class is normal with ``covariance``; libraries are those of x.
        """
        prior = torch.linalg.inv(self.covariance(condition))
        sizes = x.sum(1).clamp(min=1).log()
        squares = (self.loadings[:, :, None] * self.loadings[:, None]).flatten(1)  # g x k k
        shape = self.of(self.shape, condition).exp()
        found = x.new_zeros(len(x), self.factors.parts)
        for _ in range(steps):
            mean = self.log_means(found, sizes, condition).exp()
            weight = mean / (1 + mean / shape)
            slope = ((x - mean) * (weight / mean.clamp(min=1e-12))) @ self.loadings
            slope = slope - torch.einsum("nkl,nl->nk", prior, found)
            curve = (weight @ squares).view_as(prior) + prior
            step = torch.linalg.solve(curve, slope)
            found = found + step * (1 / step.norm(dim=1, keepdim=True).clamp(min=1)).clamp(max=1)
        return found
