"""The parts of the benchmarks that only compute."""
