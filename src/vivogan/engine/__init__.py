"""The adversarial game: losses, penalties, one step, the loop, its guard. Knows no biology."""
