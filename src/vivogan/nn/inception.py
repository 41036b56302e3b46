"""Inception-V3 as the Fréchet inception distance knows it (Szegedy et al. 2016; TensorFlow's 2015-12-05 graph).

It differs from the textbook network, and every difference changes the numbers: average pools leave the padding out of
the count, the last block pools by maximum, batch normalisation has ε = 0.001, there are 1,008 logits, and images are
enlarged by TensorFlow 1's bilinear rule, whose pixel centres lie at the corners. Parameter names are those of the
published weight file. Only scores on these weights may be called FID, KID or inception score.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vivogan.errors import UserError

WEIGHTS_URL = (
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth"
)
WEIGHTS_SHA256 = "6726825d"
WEIGHTS_NAME = "pt_inception-2015-12-05-6726825d.pth"
SIDE = 299


def resize_like_tensorflow1(images: Tensor, side: int = SIDE) -> Tensor:
    """Bilinear resize [n, c, h, w] → [n, c, side, side] with output pixel i at input position i · (h / side).

    No half-pixel centres and no antialiasing, as ``tf.image.resize_bilinear(align_corners=False)`` had it.
    """
    height, width = images.shape[-2:]
    upper, lower, down = _taps(height, side, images)
    left, right, across = _taps(width, side, images)
    top, bottom = images[:, :, upper], images[:, :, lower]  # [n, c, side, w]
    top = torch.lerp(top[..., left], top[..., right], across)  # [n, c, side, side]
    bottom = torch.lerp(bottom[..., left], bottom[..., right], across)
    return torch.lerp(top, bottom, down[:, None])


def _taps(length: int, side: int, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The two neighbours of each output position, and the weight of the second."""
    # TensorFlow keeps the scale in float32; a better one differs by up to 0.01 grey levels on large images.
    position = torch.arange(side, dtype=like.dtype) * torch.tensor(length / side, dtype=torch.float32)
    first = position.long()
    second = (first + 1).clamp(max=length - 1)
    weight = (position - first).to(like.dtype)
    return first.to(like.device), second.to(like.device), weight.to(like.device)


class Convolution(nn.Module):
    """Convolution without bias, batch normalisation, ReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.bn(self.conv(x))
        return F.relu(y)


def _row(inputs: int, outputs: int) -> Convolution:
    return Convolution(inputs, outputs, (1, 7), padding=(0, 3))


def _column(inputs: int, outputs: int) -> Convolution:
    return Convolution(inputs, outputs, (7, 1), padding=(3, 0))


def _average(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


class Grid35(nn.Module):
    """Mixed 5b-5d, on 35 x 35: 1x1, 5x5, two 3x3, and a pooled branch; 224 + ``pooled`` channels."""

    def __init__(self, inputs: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = Convolution(inputs, 64, 1)
        self.branch5x5_1 = Convolution(inputs, 48, 1)
        self.branch5x5_2 = Convolution(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = Convolution(inputs, 64, 1)
        self.branch3x3dbl_2 = Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Convolution(96, 96, 3, padding=1)
        self.branch_pool = Convolution(inputs, pooled, 1)

    def forward(self, x: Tensor) -> Tensor:
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, three, self.branch_pool(_average(x))], dim=1)


class Shrink35(nn.Module):
    """Mixed 6a, 35 x 35 → 17 x 17: 480 channels more."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3 = Convolution(inputs, 384, 3, stride=2)
        self.branch3x3dbl_1 = Convolution(inputs, 64, 1)
        self.branch3x3dbl_2 = Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Convolution(96, 96, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        twice = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), twice, F.max_pool2d(x, 3, stride=2)], dim=1)


class Grid17(nn.Module):
    """Mixed 6b-6e, on 17 x 17: 7x7 filters taken apart into rows and columns; 768 channels."""

    def __init__(self, inputs: int, inner: int) -> None:
        super().__init__()
        self.branch1x1 = Convolution(inputs, 192, 1)
        self.branch7x7_1 = Convolution(inputs, inner, 1)
        self.branch7x7_2 = _row(inner, inner)
        self.branch7x7_3 = _column(inner, 192)
        self.branch7x7dbl_1 = Convolution(inputs, inner, 1)
        self.branch7x7dbl_2 = _column(inner, inner)
        self.branch7x7dbl_3 = _row(inner, inner)
        self.branch7x7dbl_4 = _column(inner, inner)
        self.branch7x7dbl_5 = _row(inner, 192)
        self.branch_pool = Convolution(inputs, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        once = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        twice = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        twice = self.branch7x7dbl_5(self.branch7x7dbl_4(twice))
        return torch.cat([self.branch1x1(x), once, twice, self.branch_pool(_average(x))], dim=1)


class Shrink17(nn.Module):
    """Mixed 7a, 17 x 17 → 8 x 8: 512 channels more."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3_1 = Convolution(inputs, 192, 1)
        self.branch3x3_2 = Convolution(192, 320, 3, stride=2)
        self.branch7x7x3_1 = Convolution(inputs, 192, 1)
        self.branch7x7x3_2 = _row(192, 192)
        self.branch7x7x3_3 = _column(192, 192)
        self.branch7x7x3_4 = Convolution(192, 192, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([three, seven, F.max_pool2d(x, 3, stride=2)], dim=1)


class Grid8(nn.Module):
    """Mixed 7b and 7c, on 8 x 8: 2,048 channels. The last of them pools by maximum (a quirk of the 2015 graph)."""

    def __init__(self, inputs: int, maximum: bool) -> None:
        super().__init__()
        self.maximum = maximum
        self.branch1x1 = Convolution(inputs, 320, 1)
        self.branch3x3_1 = Convolution(inputs, 384, 1)
        self.branch3x3_2a = Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = Convolution(inputs, 448, 1)
        self.branch3x3dbl_2 = Convolution(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch_pool = Convolution(inputs, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        once = self.branch3x3_1(x)
        twice = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pooled = F.max_pool2d(x, 3, stride=1, padding=1) if self.maximum else _average(x)
        parts = [
            self.branch1x1(x),
            self.branch3x3_2a(once),
            self.branch3x3_2b(once),
            self.branch3x3dbl_3a(twice),
            self.branch3x3dbl_3b(twice),
            self.branch_pool(pooled),
        ]
        return torch.cat(parts, dim=1)


class InceptionV3(nn.Module):
    """uint8 images [n, 3, h, w] of any size → (pooled features [n, 2048], logits without bias [n, 1008]).

    The Fréchet and kernel distances use the features, the inception score the softmax of the logits without bias. Made
    in evaluation mode with random weights; ``inception_v3()`` gives the published ones.

    Raises:
        ValueError: images of another dtype or shape.
    """

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = Convolution(32, 32, 3)
        self.Conv2d_2b_3x3 = Convolution(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = Convolution(64, 80, 1)
        self.Conv2d_4a_3x3 = Convolution(80, 192, 3)
        self.Mixed_5b = Grid35(192, pooled=32)
        self.Mixed_5c = Grid35(256, pooled=64)
        self.Mixed_5d = Grid35(288, pooled=64)
        self.Mixed_6a = Shrink35(288)
        self.Mixed_6b = Grid17(768, inner=128)
        self.Mixed_6c = Grid17(768, inner=160)
        self.Mixed_6d = Grid17(768, inner=160)
        self.Mixed_6e = Grid17(768, inner=192)
        self.Mixed_7a = Shrink17(768)
        self.Mixed_7b = Grid8(1280, maximum=False)
        self.Mixed_7c = Grid8(2048, maximum=True)
        self.fc = nn.Linear(2048, 1008)
        self.requires_grad_(False)
        self.eval()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != 3 or 0 in images.shape:
            raise ValueError(f"inception: expected uint8 [n, 3, h, w], got {images.dtype} {list(images.shape)}")
        x = resize_like_tensorflow1(images.to(self.fc.weight.dtype))  # [n, 3, 299, 299], still 0 to 255
        x = (x - 128) / 128
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))  # [n, 64, 147, 147]
        x = F.max_pool2d(x, 3, stride=2)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x))  # [n, 192, 71, 71]
        x = F.max_pool2d(x, 3, stride=2)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))  # [n, 288, 35, 35]
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))  # [n, 768, 17, 17]
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))  # [n, 2048, 8, 8]
        features = x.mean(dim=(2, 3))  # [n, 2048]
        return features, features @ self.fc.weight.T


def inception_v3(device: str | torch.device = "cpu") -> InceptionV3:
    """The network with the published weights, downloaded once (95 MB) and checked.

    Raises:
        UserError: they cannot be downloaded (it says which file to put where by hand), or the file is not those
            weights.
    """
    from vivogan.core.downloads import cached

    return load_weights(cached(WEIGHTS_URL, WEIGHTS_SHA256, WEIGHTS_NAME)).to(device)


def load_weights(path: Path) -> InceptionV3:
    """The network with the weights of a ``.pth`` file, read without running any code that it may hold.

    Raises:
        UserError: the file is no such state, or its tensors do not fit.
    """
    mend = f"Delete it, and it is downloaded again from {WEIGHTS_URL}"
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError) as error:
        raise UserError(f"{path}: cannot be read as a file of weights", mend) from error
    network = InceptionV3()
    try:
        network.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: these are not the weights of the FID Inception-V3", mend) from error
    return network


@torch.no_grad()
def inception_outputs(images: Tensor, network: InceptionV3, batch: int = 32) -> tuple[Tensor, Tensor]:
    """Features [n, 2048] and logits [n, 1008] of ``images`` (uint8 [n, 3, h, w]), on the CPU, ``batch`` images at a
    time.

    Raises:
        ValueError: images of another dtype or shape, none at all, or batch < 1.
    """
    if batch < 1 or images.shape[0] == 0:
        raise ValueError(f"inception: at least 1 image and a batch of at least 1 are needed, got batch {batch}")
    device = network.fc.weight.device
    outputs = [network(part.to(device)) for part in torch.split(images, batch)]
    return torch.cat([f.cpu() for f, _ in outputs]), torch.cat([logits.cpu() for _, logits in outputs])
