"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is slow, not wrong: no example fails by the clock.
settings.register_profile("vivogan", deadline=None)
settings.load_profile("vivogan")
