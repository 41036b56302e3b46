"""What all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# Tests play with small tensors: more threads only wait for each other. Set before anything imports torch, and inherited
# by the commands that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine is slow, not wrong: no example fails by the clock.
settings.register_profile("vivogan", deadline=None)
settings.load_profile("vivogan")
