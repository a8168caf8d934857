"""The benchmarks: each is run as `python -m bench.<name>`; `python -m bench.all` writes RESULTS.md."""
