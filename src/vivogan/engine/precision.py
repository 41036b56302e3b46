"""Which arithmetic this machine does fast."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from vivogan.core.machine import bf16_is_fast


def autocast(precision: str, device: str) -> AbstractContextManager[object]:
    """bfloat16 for the networks where the machine has it in hardware (or it is asked for), else nothing."""
    kind = torch.device(device).type
    if precision == "bfloat16" or (precision == "auto" and bf16_is_fast(device)):
        return torch.autocast(kind, dtype=torch.bfloat16)
    return nullcontext()
