"""What the task of molecules is made of: kernels over counts, trees, how they are stacked, and how sure they are."""
