"""What the benchmarks share: load generators, CPU accounting, servers, databases and reports."""
