"""Readers, one a format: each turns the lines of a file into the items of a draft."""
