"""Readers, one a format: each opens a file as a ``Sheet``, whose matrices are read cell by cell."""
