"""L06, evaluation: what agents and tasks produced, judged; datasets, experiments, statistics, regressions."""
