"""How long to train: a time, or a number of samples shown to the discriminator."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vivogan.errors import SettingsError

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]*)", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MEND = "Give a time (90s, 10m, 8h) or a number of samples (4000, 200k, 25M)"
_SAMPLES = {"": 1, "k": 1_000, "M": 1_000_000}


@dataclass(frozen=True)
class Budget:
    """A training budget: either ``seconds`` or ``samples`` is a number, the other ``None``.

    >>> Budget.parse("10m").seconds
    600.0
    >>> Budget.parse("200k").samples
    200000
    """

    text: str = field(compare=False)
    seconds: float | None = None
    samples: int | None = None

    @classmethod
    def parse(cls, text: str | int | Budget) -> Budget:
        """Read ``90s``, ``10m``, ``8h``, ``1d`` (time) or ``4000``, ``200k``, ``25M`` (samples).

        Case tells minutes (``m``) from millions (``M``). Raises ``SettingsError`` for anything else.
        """
        if isinstance(text, Budget):
            return text
        words = str(text).strip()
        match = None if isinstance(text, bool) else _FORM.fullmatch(words)
        if match is None or match[2] not in _SECONDS | _SAMPLES:
            raise SettingsError(f'budget: cannot read "{words}"', _MEND)
        unit = match[2]
        amount = float(match[1]) * (_SECONDS | _SAMPLES)[unit]
        if not math.isfinite(amount) or amount < (0.001 if unit in _SECONDS else 1):
            raise SettingsError(f'budget: "{words}" is nothing to train for', _MEND)
        return cls(words, seconds=amount) if unit in _SECONDS else cls(words, samples=round(amount))

    def __str__(self) -> str:
        return self.text

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            _for_pydantic,
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.to_string_ser_schema(),
        )


def _for_pydantic(value: object) -> Budget:
    if isinstance(value, (str, int, Budget)):
        with suppress(SettingsError):
            return Budget.parse(value)
    raise ValueError("expected a time (90s, 10m, 8h) or a number of samples (4000, 200k, 25M)")
