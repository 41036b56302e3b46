"""Readers, one a format: each turns a file into rows of a structure, a name, and what else is said of it."""
