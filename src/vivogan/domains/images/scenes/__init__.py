"""Synthetic labelled images: scenes are sampled, rendered, and moved towards the real images by a game."""
