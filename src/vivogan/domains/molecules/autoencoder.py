"""Molecules as points: a denoising autoencoder over tokens, whose points say what a noisy channel lets through.

Every number of a point has mean 0 and variance 1 over the molecules, and noise is added before the decoder sees it. A
channel of d such numbers with noise σ carries at most d/2 · ln(1 + 1/σ²) nats (Shannon 1948), so neighbouring molecules
get neighbouring points without the weight of a Kullback–Leibler term to tune, and the decoder knows what to make of
points between molecules. (On a sphere, or free, most of the numbers end up saying nothing.)
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, leaky_relu

from vivogan.domains.molecules.generator import drawn
from vivogan.engine.precision import autocast

EMBEDDING, CHANNELS, KEPT, DENSE = 128, 128, 48, 512  # of the encoder
SLOPE = 0.2
PACE = 0.02  # at which a new batch changes the mean and variance that are remembered
BLOCK = 1024  # molecules that are encoded or decoded together


class Standardised(nn.Module):
    """Batch normalisation without weights (Ioffe and Szegedy 2015; for autoencoders: Zhu et al. 2020).

    What it remembers are parameters without gradients, so that whoever averages the parameters averages them too.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.batches = 0  # seen
        self.mean = nn.Parameter(torch.zeros(size), requires_grad=False)
        self.variance = nn.Parameter(torch.ones(size), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """x [n, d] → the same shape."""
        mean: Tensor = self.mean
        variance: Tensor = self.variance
        if self.training and len(x) > 1:
            mean, variance = x.mean(0), x.var(0, unbiased=False)
            self.batches += 1
            pace = max(PACE, 1 / self.batches)
            self.mean.data.lerp_(mean.detach(), pace)
            self.variance.data.lerp_(variance.detach(), pace)
        return (x - mean) * (variance + 1e-5).rsqrt()


class Autoencoder(nn.Module):
    """Token numbers [n, L] ⇄ latents [n, d].

    Args:
        tokens, length: of the vocabulary (0 is the end), and of the longest molecule with its end.
        size: d.
        noise: σ, in standard deviations of a latent.
        width: of the decoder, a recurrent language model that is told the latent at every token.
        hidden: share of the tokens before that the decoder does not see while it learns, so that it listens to the
            latent (Bowman et al. 2016).
    """

    def __init__(
        self, tokens: int, length: int, size: int = 64, noise: float = 0.5, width: int = 512, hidden: float = 0.0
    ) -> None:
        super().__init__()
        self.tokens, self.length, self.size, self.noise, self.hidden = tokens, length, size, noise, hidden
        self.seen = nn.Embedding(tokens, EMBEDDING)
        self.place = nn.Parameter(torch.randn(CHANNELS, length) * 0.1)
        self.near = nn.Conv1d(EMBEDDING, CHANNELS, 3, padding=1)
        self.far = nn.Conv1d(CHANNELS, CHANNELS, 3, padding=1)
        self.kept = nn.Conv1d(CHANNELS, KEPT, 1)
        self.dense = nn.Linear(KEPT * length + 2 * CHANNELS, DENSE)
        self.point = nn.Linear(DENSE, size)
        self.even = Standardised(size)
        self.before = nn.Embedding(tokens + 1, EMBEDDING)  # token A: not seen, and before the beginning
        self.first = nn.Linear(size, 2 * width)
        self.memory = nn.LSTM(EMBEDDING + size, width, batch_first=True)  # fused by oneDNN, in bfloat16 too
        self.out = nn.Linear(width, tokens)

    def encode(self, numbers: Tensor) -> Tensor:
        """Latents [n, d] without noise, each number of mean 0 and variance 1 over the training part."""
        h = self.seen(numbers).transpose(1, 2)  # n x E x L
        h = leaky_relu(self.near(h) + self.place, SLOPE)
        h = h + leaky_relu(self.far(h), SLOPE)
        seen = torch.cat([self.kept(h).flatten(1), h.mean(2), h.amax(2)], 1)
        found: Tensor = self.even(self.point(leaky_relu(self.dense(seen), SLOPE)).float())
        return found

    def logits(self, z: Tensor, numbers: Tensor) -> Tensor:
        """Logits [n, T, A] of every token of numbers [n, T], each given those before it and latents z [n, d]."""
        before = torch.cat([numbers.new_full((len(numbers), 1), self.tokens), numbers[:, :-1]], 1)
        if self.training and self.hidden:
            before = before.masked_fill(torch.rand(before.shape, device=before.device) < self.hidden, self.tokens)
        told = torch.cat([self.before(before), z[:, None].expand(-1, before.shape[1], -1)], 2)
        h, _ = self.memory(told, self._begin(z))
        found: Tensor = self.out(h)
        return found

    def _begin(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The decoder's first state, each [1, n, W]."""
        hidden, cell = self.first(z).tanh()[None].chunk(2, 2)
        return hidden.contiguous(), cell.contiguous()

    def anchor(self, numbers: Tensor, condition: Tensor) -> Tensor:
        """Mean negative log-likelihood a token (nats) through the channel; the end counts once.

        Named as ``likelihood.learn`` calls it; the classes [n] make no difference.
        """
        numbers = numbers.long()
        inside = _inside(numbers)
        places = int(inside.sum(1).max())
        with autocast("auto", numbers.device.type):
            z = self.encode(numbers)
            z = z + self.noise * torch.randn_like(z)
            logits = self.logits(z, numbers[:, :places])
        inside = inside[:, :places]
        return cross_entropy(logits[inside].float(), numbers[:, :places][inside])

    @torch.no_grad()
    def points(self, numbers: Tensor) -> Tensor:
        """Points [n, d + L] of token numbers [n, L]: latents without noise, and what they leave open.

        That is, at each place, the share of the probability that stands before the middle of the token's own, likeliest
        tokens first; 0 where the token is the likeliest. So ``read`` gives every molecule back, known or not.
        """
        found = [self._points(block.long()) for block in numbers.split(BLOCK)]
        return torch.cat(found) if found else torch.zeros(0, self.size + self.length)

    def _points(self, numbers: Tensor) -> Tensor:
        z = self.encode(numbers)
        shares = self.logits(z, numbers).float().softmax(2)  # n x L x A
        own = shares.gather(2, numbers[..., None])
        before = (shares * (shares > own)).sum(2)
        open_ = torch.where(before > 0, before + own[..., 0] / 2, 0.0)
        return torch.cat([z, open_ * _inside(numbers)], 1)

    @torch.no_grad()
    def read(self, points: Tensor) -> Tensor:
        """Token numbers [n, L] of points [n, d + L]: at each place the token that stands at the share of the
        probability that the point says, given the tokens before."""
        found = [self._read(*block.split([self.size, self.length], 1)) for block in points.float().split(BLOCK)]
        return torch.cat(found) if found else torch.zeros(0, self.length, dtype=torch.long)

    def _read(self, z: Tensor, open_: Tensor) -> Tensor:
        weights = dict(self.memory.named_parameters())
        token, latent = weights["weight_ih_l0"].split([EMBEDDING, self.size], 1)
        told = self.before.weight @ token.T + weights["bias_ih_l0"] + weights["bias_hh_l0"]  # what each token says
        own, inner = z @ latent.T, weights["weight_hh_l0"].T.contiguous()
        hidden, cell = (part[0] for part in self._begin(z))
        numbers = torch.zeros(len(z), self.length, dtype=torch.long)
        rows, code = torch.arange(len(z)), torch.full((len(z),), self.tokens)
        for place in range(self.length):
            enter, forget, fresh, leave = torch.addmm(told[code] + own, hidden, inner).chunk(4, 1)
            cell = torch.addcmul(forget.sigmoid() * cell, enter.sigmoid(), fresh.tanh())
            hidden = leave.sigmoid() * cell.tanh()
            logits = self.out(hidden)
            code, share = logits.argmax(1), open_[rows, place]
            further = share > 0
            if further.any():
                code[further] = drawn(logits[further], share[further])[0]
            numbers[rows, place] = code
            going = code > 0
            if not going.any():
                break
            rows, code, own, hidden, cell = rows[going], code[going], own[going], hidden[going], cell[going]
        return numbers


def _inside(numbers: Tensor) -> Tensor:
    """[n, L] bool: the tokens of a molecule and its first end."""
    return torch.cat([torch.ones_like(numbers[:, :1]), (numbers[:, :-1] > 0).to(numbers)], 1).cumprod(1) > 0
