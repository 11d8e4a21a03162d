"""Studies of finished runs: tearsheets and benchmarks."""
