"""One script per claim: ``make bench NAME=…`` prints a table and writes ``benchmarks/results/NAME.json``."""
