"""Experiments and their results."""

from __future__ import annotations

from agentic.layers.L01_data_layer.models.experiment import (
    EXPERIMENT_RESULTS,
    EXPERIMENTS,
    Experiment,
    ExperimentResult,
)
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables.experiment import EXPERIMENT_RESULTS as EXPERIMENT_RESULTS_TABLE
from agentic.layers.L01_data_layer.tables.experiment import EXPERIMENTS as EXPERIMENTS_TABLE


class ExperimentStore(ResourceService[Experiment]):
    """What was tried on datasets."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, EXPERIMENTS, EXPERIMENTS_TABLE)
        self.results = ResourceService[ExperimentResult](store, EXPERIMENT_RESULTS, EXPERIMENT_RESULTS_TABLE)
