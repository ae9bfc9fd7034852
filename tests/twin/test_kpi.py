"""Indicators: sums by label, energy, violations, emissions, cost; against loops written by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.city_tables import table
from data.city_tables.emissions import CHECKS
from data.errors import InvalidInput, ProblemList
from data.schema import read_table
from tests.twin.demand_builders import SEOUL
from twin.kpi_cost import energy_cost_krw
from twin.kpi_emissions import ReplacedBus, avoided_emissions, electricity_co2_kg, emission_factors
from twin.kpi_energy import (
    curtailed_kwh,
    energy_kwh,
    exported_kwh,
    load_factor,
    peak,
    sum_by_label,
    unserved_kwh,
)
from twin.kpi_violations import ViolationKind, overload_violations, voltage_violations

GU = ("A", "B", "C")
LABELS = np.array(["B", "A", "B", "A"])
POWER = np.array([[1.0, 2.0, -3.0, 4.0], [5.0, -6.0, 7.0, 8.0], [0.0, 1.0, 1.0, 1.0]])
TIMES = np.array(["2026-01-01T00:00", "2026-01-01T00:15", "2026-01-01T00:30"], dtype="datetime64[ns]")


def emission_tables() -> dict[str, pd.DataFrame]:
    problems = ProblemList()
    read = read_table(SEOUL / "emission_factors.csv", table("emission_factors"), problems)
    problems.raise_if_any()
    assert read is not None
    return {"emission_factors": read}


# --- energy ---------------------------------------------------------------------------------------------------------


def test_sums_come_in_the_order_asked_for_with_zeros_for_the_absent() -> None:
    assert sum_by_label(POWER, LABELS, GU).tolist() == [[6.0, -2.0, 0.0], [2.0, 12.0, 0.0], [2.0, 1.0, 0.0]]
    assert sum_by_label(POWER[0], LABELS, ("C", "B", "A")).tolist() == [0.0, -2.0, 6.0]
    assert sum_by_label(POWER.reshape(3, 1, 4), LABELS, GU).shape == (3, 1, 3)
    assert sum_by_label(np.zeros((0, 4)), LABELS, GU).shape == (0, 3)


@given(data=st.data(), n=st.integers(1, 30), steps=st.integers(1, 8))
def test_nothing_is_lost_between_labels(data: st.DataObject, n: int, steps: int) -> None:
    labels = np.array(data.draw(st.lists(st.sampled_from(GU), min_size=n, max_size=n)))
    values = np.array(data.draw(st.lists(st.floats(-1e6, 1e6), min_size=n * steps, max_size=n * steps)))
    sums = sum_by_label(values.reshape(steps, n), labels, GU)
    assert sums.sum() == pytest.approx(values.sum(), abs=1e-6 * (1 + np.abs(values).sum()))


def test_energy_is_power_times_step_by_district() -> None:
    assert energy_kwh(POWER, 0.25, LABELS, GU) == pytest.approx([2.5, 2.75, 0.0])
    assert exported_kwh(POWER, 0.25, LABELS, GU) == pytest.approx([1.5, 0.75, 0.0])


def test_peak_and_load_factor_are_of_the_total() -> None:
    found = peak(POWER, TIMES)
    assert (found.power_kw, found.time_utc) == (14.0, TIMES[1])
    assert load_factor(POWER) == pytest.approx((4 + 14 + 3) / 3 / 14)
    assert peak(np.ones((3, 2)), TIMES).time_utc == TIMES[0]


def test_unserved_and_curtailed_do_not_net_over_steps() -> None:
    served = POWER + np.array([[0.0, -1.0, 0.0, 0.0], [0.0, +9.0, 0.0, -2.0], [0.0, 0.0, 0.0, 0.0]])
    assert unserved_kwh(POWER, served, 0.5, LABELS, GU) == pytest.approx([1.5, 0.0, 0.0])
    assert curtailed_kwh(POWER, served, 0.5, LABELS, GU) == pytest.approx([1.5, 0.0, 0.0])


@pytest.mark.parametrize(
    ("values", "labels", "message"),
    [
        (POWER, LABELS[:3], "3 labels"),
        (POWER, np.array(["B", "A", "B", "X"]), "labels X are not asked for"),
        (np.full((3, 4), np.nan), LABELS, "not finite"),
    ],
)
def test_sums_refuse_what_they_would_lose(values: np.ndarray, labels: np.ndarray, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        sum_by_label(values, labels, GU)


def test_shapes_of_wanted_and_served_must_agree() -> None:
    with pytest.raises(InvalidInput, match="differ"):
        unserved_kwh(POWER, POWER[:2], 0.25, LABELS, GU)


# --- violations -----------------------------------------------------------------------------------------------------


def test_minutes_of_elements_and_of_districts() -> None:
    v_pu = np.array([[0.94, 0.90, 1.00, 1.06], [0.94, 0.96, 1.00, 1.00], [0.96, 0.96, 1.00, 1.07]])
    under, over = voltage_violations(v_pu, np.full(4, 0.95), np.full(4, 1.05), 0.25, np.array(["A", "A", "B", "B"]), GU)
    assert under.kind is ViolationKind.UNDERVOLTAGE
    assert under.element_minutes.tolist() == [45.0, 0.0, 0.0]
    assert under.minutes.tolist() == [30.0, 0.0, 0.0]
    assert under.elements.tolist() == [2, 0, 0]
    assert under.worst == pytest.approx(0.05)
    assert over.element_minutes.tolist() == [0.0, 30.0, 0.0]
    assert over.elements.tolist() == [0, 1, 0]
    assert over.worst == pytest.approx(0.02)


def test_a_loading_of_one_is_allowed_and_more_is_not() -> None:
    found = overload_violations(
        ViolationKind.LINE_OVERLOAD, np.array([[1.0, 1.2], [0.5, 1.0]]), 1.0, np.array(["A", "C"]), GU
    )
    assert found.element_minutes.tolist() == [0.0, 0.0, 60.0]
    assert found.worst == pytest.approx(0.2)
    calm = overload_violations(ViolationKind.TRANSFORMER_OVERLOAD, np.full((2, 1), 0.3), 1.0, np.array(["A"]), GU)
    assert calm.worst == 0.0
    assert calm.minutes.sum() == 0.0


def test_a_step_without_solution_is_no_step_without_violation() -> None:
    with pytest.raises(InvalidInput, match="not finite"):
        voltage_violations(np.array([[np.nan]]), np.array([0.9]), np.array([1.1]), 1.0, np.array(["A"]), GU)


# --- emissions ------------------------------------------------------------------------------------------------------


def test_factors_of_the_embedded_city() -> None:
    factors = emission_factors(emission_tables())
    assert factors.electricity_co2_g_per_kwh == 417.3
    assert factors.electricity_year == 2023
    assert set(factors.bus_g_per_km) == set(ReplacedBus)
    assert electricity_co2_kg(np.array([1000.0, -10.0]), factors) == pytest.approx([417.3, -4.173])


def test_a_bus_year_by_hand() -> None:
    """85,000 km at 1.2 kWh/km instead of a CNG bus: 61.3 t less 42.6 t of CO₂, 66 kg of NOx."""
    factors = emission_factors(emission_tables())
    saved = avoided_emissions(np.array([85_000.0]), np.array([102_000.0]), factors, ReplacedBus.CNG)
    assert saved.tailpipe_kg["co2"] == pytest.approx([61_285.0])
    assert saved.charging_co2_kg == pytest.approx([42_564.6])
    assert saved.net_kg["co2"] == pytest.approx([18_720.4])
    assert saved.net_kg["nox"] == pytest.approx([65.96])
    assert saved.net_kg["pm"] == pytest.approx([0.0])
    diesel = avoided_emissions(np.array([85_000.0]), np.array([102_000.0]), factors, ReplacedBus.DIESEL)
    assert diesel.net_kg["pm"] == pytest.approx([3.4])
    assert diesel.net_kg["nox"] > saved.net_kg["nox"]


@pytest.mark.parametrize(
    ("distance", "charged", "message"),
    [
        ([-1.0], [1.0], "negative"),
        ([np.nan], [1.0], "not finite"),
        ([1.0], [np.inf], "not finite"),
        ([1.0, 2.0], [1.0], "differ"),
    ],
)
def test_wrong_bus_days_are_refused(distance: list[float], charged: list[float], message: str) -> None:
    factors = emission_factors(emission_tables())
    with pytest.raises(InvalidInput, match=message):
        avoided_emissions(np.array(distance), np.array(charged), factors, ReplacedBus.CNG)


def test_missing_and_misplaced_factors_are_named() -> None:
    tables = emission_tables()
    frame = tables["emission_factors"]
    assert frame.loc[frame["emitter"] == "electricity", "unit"].tolist() == ["g/kWh"]
    frame.loc[frame.index[0], "unit"] = "g/km"
    tables["emission_factors"] = frame.drop(frame.index[-1])
    problems = ProblemList()
    for check in CHECKS:
        check(tables, problems)
    text = [str(problem) for problem in problems]
    assert len(text) == 2
    assert "the factor of pm of diesel_bus is missing" in text[0]
    assert "electricity stands in g/km" in text[1]


# --- cost -----------------------------------------------------------------------------------------------------------


def test_cost_by_tariff_and_district_against_a_loop() -> None:
    tariff = np.array(["day", "day", "flat", "flat"])
    prices = {"day": np.array([100.0, 200.0, 50.0]), "flat": np.full(3, 120.0)}
    cost = energy_cost_krw(POWER, prices, 0.25, tariff, LABELS, GU)
    by_hand = {name: dict.fromkeys(GU, 0.0) for name in prices}
    for t in range(3):
        for n in range(4):
            by_hand[tariff[n]][LABELS[n]] += max(POWER[t, n], 0.0) * 0.25 * prices[tariff[n]][t]
    for name, expected in by_hand.items():
        assert cost[name] == pytest.approx(list(expected.values()))


def test_cost_refuses_a_tariff_without_price_and_a_price_of_other_steps() -> None:
    tariff = np.array(["day", "day", "flat", "night"])
    with pytest.raises(InvalidInput) as refused:
        energy_cost_krw(POWER, {"day": np.ones(2), "flat": np.ones(3)}, 0.25, tariff, LABELS, GU)
    text = str(refused.value)
    assert "the tariff night has no price" in text
    assert "the price of day has shape (2,) for 3 steps" in text
