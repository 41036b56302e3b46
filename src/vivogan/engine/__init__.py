"""The adversarial game: losses, penalties, one step, the loop and what guards it. Knows tensors and two networks, no biology."""
