"""Micrographs and other images: any bit depth, any number of channels."""
