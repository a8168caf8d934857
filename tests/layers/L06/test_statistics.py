"""The statistics, against what is known of them."""

from __future__ import annotations

import random
from statistics import fmean, stdev

import pytest

from agentic.layers.base.unusual import COLD, deviation_of
from agentic.layers.L06_evaluation.statistics import (
    correlation,
    interval,
    kappa,
    paired_p_value,
    slope,
    welch_p_value,
)


def test_an_interval_holds_the_truth_as_often_as_it_says() -> None:
    dice = random.Random(5)
    held = 0
    for _ in range(100):
        found = interval([float(dice.random() < 0.7) for _ in range(40)], 0.9)
        held += found["low"] <= 0.7 <= found["high"]
    assert 80 <= held <= 98


@pytest.mark.parametrize("count", [30, 1000])
def test_an_interval_is_about_that_of_the_normal_distribution(count: int) -> None:
    dice = random.Random(6)
    values = [dice.gauss(0.5, 0.1) for _ in range(count)]
    found, reach = interval(values, 0.95), 1.96 * stdev(values) / count**0.5
    assert found["mean"] == pytest.approx(fmean(values), abs=1e-6)
    assert found["high"] - found["mean"] == pytest.approx(reach, rel=0.15)
    assert found == interval(values, 0.95), "the same each time"
    assert interval([0.25], 0.95) == {"mean": 0.25, "low": 0.25, "high": 0.25}


def test_paired_differences() -> None:
    assert paired_p_value([]) == paired_p_value([0.0, 0.0]) == 1.0
    assert paired_p_value([1.0] * 5) == pytest.approx(2 / 32)
    assert paired_p_value([1.0, -1.0, 0.0]) == 1.0
    assert paired_p_value([0.1] * 40) < 0.001
    assert paired_p_value([0.1, -0.1] * 20) == pytest.approx(1.0, abs=0.01)


def test_welch_is_what_scipy_says() -> None:
    # scipy.stats.ttest_ind_from_stats(…, equal_var=False)
    assert welch_p_value(15, 2, 10, 12, 3, 12) == pytest.approx(0.0116, abs=2e-4)
    assert welch_p_value(0.5, 0.1, 30, 0.5, 0.2, 20) == pytest.approx(1.0)
    assert welch_p_value(1, 0, 5, 0.5, 0, 5) == 0.0
    assert welch_p_value(1, 0.1, 1, 0.5, 0.1, 5) is None


def test_what_is_unusual() -> None:
    steady = [0.8, 0.81, 0.79, 0.82, 0.8, 0.78, 0.8, 0.81]
    assert deviation_of(0.1, steady[: COLD - 1]) is None
    assert deviation_of(0.8, steady) == pytest.approx(0.0)
    far = deviation_of(0.1, [*steady, 0.0])  # one that is far off changes little
    assert far is not None and far < -30
    yes_and_no = [1.0] * 9 + [0.0]
    usual, unusual = deviation_of(0.8, yes_and_no, 10), deviation_of(0.3, yes_and_no, 10)
    assert usual is not None and abs(usual) < 3.5
    assert unusual is not None and unusual < -3.5


def test_how_things_go_together() -> None:
    assert slope([(0, 1.0), (1, 2.0)]) is None
    assert slope([(day, 0.1 * day) for day in range(10)] + [(10, -50.0)]) == pytest.approx(0.1)
    assert correlation([1, 2, 3], [2, 4, 6]) == pytest.approx(1.0)
    assert correlation([1, 1], [1, 2]) is None
    assert kappa([True, True, False, False], [True, False, False, False]) == pytest.approx(0.5)
    assert kappa([True, True], [True, True]) is None
