"""The adversarial game: losses, penalties, one step, the loop, its guard. Knows tensors and two networks, no biology."""
