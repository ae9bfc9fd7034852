"""From a depot folder to the problem the optimizers plan: energies, needs, prices and states kept exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data.depot_folder import DepotFolder, read_depot_folder
from data.depot_folder_template import EXAMPLE
from data.depot_state import NOT_PLUGGED, read_depot_state
from data.errors import InvalidInput
from data.tariffs import Period, energy_price_krw_per_kwh, period
from optimizers.problem import NOT_METERED, LaneRule
from optimizers.problem_checks import check_problem
from tests.data.depot_folders import FILES, with_row, with_setting, write_depot
from twin.depot_case import DepotCase, depot_case, replan_case
from twin.depot_tables import OutletAddress, outlet_address

PLAN = '[tariff]\ncity_folder = "seoul"\nplan = "ev_self_hv"\nsell_krw_per_kwh = 7'


def case_of(folder: Path) -> DepotCase:
    return depot_case(read_depot_folder(folder))


def test_the_small_folder_becomes_a_sound_problem(tmp_path: Path) -> None:
    problem = case_of(write_depot(tmp_path / "depot")).problem
    assert check_problem(problem) == ()
    assert (problem.bus_count, problem.step_count) == (3, 24)
    np.testing.assert_allclose(problem.step_h, 0.5)
    np.testing.assert_allclose(problem.buses.initial_kwh, [100, 100, 180])
    np.testing.assert_allclose(problem.buses.terminal_min_kwh, [40, 40, 60])
    assert problem.labels[0] == "18:00"
    assert problem.labels[12] == "24 Nov 00:00"


def test_duties_keep_their_energy_within_the_horizon(tmp_path: Path) -> None:
    """B lies inside; A ends an hour (of three) after it; C began an hour (of two) before it."""
    problem = case_of(write_depot(tmp_path / "depot")).problem
    np.testing.assert_allclose(problem.trip_kwh.sum(axis=1), [120 * 2 / 3, 60, 40 / 2])
    assert (problem.trip_kwh[problem.present] == 0).all()
    assert np.flatnonzero(~problem.present[0]).tolist() == [20, 21, 22, 23]
    assert np.flatnonzero(~problem.present[1]).tolist() == [21, 22]
    assert np.flatnonzero(~problem.present[2]).tolist() == [0, 1]


def test_a_bus_leaves_with_what_its_whole_duty_takes(tmp_path: Path) -> None:
    """Also with what it takes after the end of the horizon, and with the reserve."""
    plain = case_of(write_depot(tmp_path / "a")).problem
    assert plain.need_kwh[0, 20] == pytest.approx(20 + 120)
    assert plain.need_kwh[1, 21] == pytest.approx(20 + 60)
    assert plain.need_kwh[2].max() == 0  # it is on the road already
    toml = with_setting("reserve_soc = 0.0", "reserve_soc = 0.1")
    reserved = case_of(write_depot(tmp_path / "b", toml=toml)).problem
    assert reserved.need_kwh[0, 20] == pytest.approx(20 + 120 + 20)
    asked = case_of(write_depot(tmp_path / "c", duties=with_row("duties.csv", "120,\n", "120,0.9\n"))).problem
    assert asked.need_kwh[0, 20] == pytest.approx(180)


def test_a_step_touched_by_a_duty_is_spent_away(tmp_path: Path) -> None:
    duties = with_row("duties.csv", "2026-11-24T04:30,2026-11-24T05:30", "2026-11-24T04:29,2026-11-24T05:01")
    problem = case_of(write_depot(tmp_path / "depot", duties=duties)).problem
    assert np.flatnonzero(~problem.present[1]).tolist() == [20, 21, 22]
    assert problem.trip_kwh[1].sum() == pytest.approx(60)
    assert problem.trip_kwh[1, 20] == pytest.approx(60 / 32)


def test_own_prices_hold_in_their_hours_and_count_where_they_say(tmp_path: Path) -> None:
    toml = with_setting("[remedies]", "[demand]\nkrw_per_kw_month = 9000\nfloor_share = 0.3\nmonths = [12]\n[remedies]")
    peaks = "month,peak_kw\n2025-12-01,77\n2026-08-01,99\n2025-11-01,500\n"
    problem = case_of(write_depot(tmp_path / "depot", toml=toml, monthly_peaks=peaks)).problem
    np.testing.assert_allclose(problem.prices.buy_krw_per_kwh, [200] * 8 + [100] * 16)
    assert problem.demand is not None
    assert problem.demand.interval.tolist() == [0, 2, 4, 6, 8, 10, 12, 14] + [NOT_METERED] * 16
    assert problem.demand.ratchet_kw == 77
    assert problem.demand.floor_kw == pytest.approx(60)
    assert problem.demand.peak_so_far_kw == 10
    assert problem.demand.share == pytest.approx(0.5 / 7.25)  # half a day of the days left from 18:00 on the 23rd


def test_a_price_that_changes_inside_a_step_is_its_mean(tmp_path: Path) -> None:
    prices = FILES["prices.csv"].replace("T22:00", "T21:40")
    problem = case_of(write_depot(tmp_path / "depot", prices=prices)).problem
    assert problem.prices.buy_krw_per_kwh[7] == pytest.approx((10 * 200 + 20 * 100) / 30)


def test_a_tariff_plan_gives_its_prices_and_its_demand_charge(tmp_path: Path) -> None:
    folder = read_depot_folder(write_depot(tmp_path / "depot", prices=None, toml=with_setting("[tariff]", PLAN)))
    problem = depot_case(folder).problem
    assert folder.tariff is not None
    starts, zone = folder.edges_utc[:-1], folder.settings.zone
    expected = energy_price_krw_per_kwh(folder.tariff.plan, starts, zone, folder.calendar)
    np.testing.assert_allclose(problem.prices.buy_krw_per_kwh, expected)
    np.testing.assert_allclose(problem.prices.sell_krw_per_kwh, 7)
    off_peak = period(folder.tariff.plan, starts, zone, folder.calendar) == Period.OFF_PEAK
    assert problem.demand is not None
    assert ((problem.demand.interval == NOT_METERED) == off_peak).all()
    assert problem.demand.floor_kw == pytest.approx(0.3 * 200)


def test_the_site_keeps_its_constants_where_no_row_says_otherwise(tmp_path: Path) -> None:
    site = (
        "from,to,base_kw,pv_kw,import_limit_kw\n"
        "2026-11-23T18:00,2026-11-23T18:45,40,10,\n2026-11-23T20:15,2026-11-23T20:45,,,60\n"
        "2026-11-23T20:45,2026-11-23T21:00,,,90\n"
    )
    toml = with_setting("base_kw = 0", "base_kw = 12")
    problem = case_of(write_depot(tmp_path / "depot", site=site, toml=toml)).problem
    np.testing.assert_allclose(problem.site.base_kw[:3], [40, 26, 12])
    np.testing.assert_allclose(problem.site.pv_kw[:3], [10, 5, 0])
    np.testing.assert_allclose(problem.site.import_limit_kw[3:7], [150, 60, 60, 150])  # the lowest inside a step holds


def test_taper_reaches_full_power_and_its_end_share(tmp_path: Path) -> None:
    types = with_row("bus_types.csv", ",0,,,\n", ",0,,0.8,0.3\n")
    buses = case_of(write_depot(tmp_path / "depot", bus_types=types)).problem.buses
    limit = buses.taper_kw[:, 0] + buses.taper_kw_per_kwh[:, 0] * 0.8 * buses.battery_kwh
    np.testing.assert_allclose(limit, 100)
    limit = buses.taper_kw[:, 0] + buses.taper_kw_per_kwh[:, 0] * buses.max_kwh
    np.testing.assert_allclose(limit, 30)


def test_optional_parts_reach_the_problem(tmp_path: Path) -> None:
    toml = with_setting(
        "[remedies]",
        "[wear]\ncell_krw_per_kwh = 100000\ncalendar_krw_per_kwh_h = 0.1\ncalendar_free_soc = 0.5\n"
        "[battery]\nmin_kwh = 0\nmax_kwh = 50\ninitial_kwh = 10\nterminal_min_kwh = 5\nmax_charge_kw = 20\n"
        "max_discharge_kw = 20\ncharge_efficiency = 0.9\ndischarge_efficiency = 0.9\nwear_krw_per_kwh = 1\n[remedies]",
    ).replace("handover_min = 0", "handover_min = 10")
    folder = write_depot(
        tmp_path / "depot",
        toml=toml,
        chargers=FILES["chargers.csv"].replace("1.0,,\n", "1.0,box,last_in_first_out\n") + "ac,1,0,20,true,0,0.9,,\n",
        cabinets="cabinet,max_kw\nbox,80\nspare,10\n",
        compatibility="charger,type\ndc,city\n",
        staff="from,to\n22:00,02:00\n",
        outlets="charger,outlet,station,connector\ndc,1,CP-7,2\nac,1,CP-7,1\n",
    )
    case = case_of(folder)
    problem = case.problem
    assert check_problem(problem) == ()
    assert problem.cabinets[0].classes == (0,)
    assert len(problem.cabinets) == 1
    assert problem.chargers[0].lane is LaneRule.LAST_IN_FIRST_OUT
    assert problem.compatible.tolist() == [[True, False]] * 3
    assert np.flatnonzero(problem.rules.plug_allowed).tolist() == list(range(8, 16))
    assert problem.rules.handover_steps == 1
    assert problem.degradation is not None
    np.testing.assert_allclose(problem.degradation.calendar_free_kwh, 100)
    assert problem.site.battery is not None
    assert outlet_address(case, 0, 0) == OutletAddress("CP-7", 2)


def test_the_peak_so_far_is_cut_at_what_the_connection_carries(tmp_path: Path) -> None:
    toml = with_setting("month_to_date_peak_kw = 10", "month_to_date_peak_kw = 180").replace(
        "[remedies]", "[demand]\nkrw_per_kw_month = 9000\nfloor_share = 0\nmonths = []\n[remedies]"
    )
    problem = case_of(write_depot(tmp_path / "depot", toml=toml)).problem
    assert problem.demand is not None
    assert problem.demand.peak_so_far_kw == 150
    assert check_problem(problem) == ()


def _state(tmp_path: Path, folder: DepotFolder, rows: str) -> object:
    path = tmp_path / "state.csv"
    path.write_text("time,bus,soc,charger,outlet,plugged_since,sessions_used,late_min\n" + rows)
    return read_depot_state(path, folder)


def test_a_replan_begins_now_and_keeps_what_is_under_way(tmp_path: Path) -> None:
    folder = read_depot_folder(write_depot(tmp_path / "depot"))
    rows = (
        "2026-11-23T18:20,1,0.5,dc,1,2026-11-23T17:40,,\n2026-11-23T18:20,2,0.5,,,,,\n2026-11-23T18:20,3,0.8,,,,,60\n"
    )
    state = _state(tmp_path, folder, rows)
    case = replan_case(folder, state, peak_kw=42)
    problem = case.problem
    assert check_problem(problem) == ()
    np.testing.assert_allclose(problem.step_h, [1 / 6, *[0.5] * 23])
    assert problem.labels[0] == "18:20"
    assert problem.under_way is not None
    assert problem.under_way.plugged_class.tolist() == [0, NOT_PLUGGED, NOT_PLUGGED]
    assert problem.under_way.steps_plugged.tolist() == [2, 0, 0]
    assert problem.under_way.sessions_used.tolist() == [1, 0, 0]
    assert case.outlet_before.tolist() == [0, NOT_PLUGGED, NOT_PLUGGED]
    assert np.flatnonzero(~problem.present[2]).tolist() == [0, 1, 2, 3]  # C is back at 20:00 instead of 19:00
    assert problem.trip_kwh[2].sum() == pytest.approx(40 * (100 / 60) / 3)
    assert case.input_sha256 != folder.content_sha256


def test_a_delay_is_passed_on_to_the_next_duty(tmp_path: Path) -> None:
    duties = FILES["duties.csv"] + "D,3,2026-11-23T19:30,2026-11-23T21:00,30,\n"
    folder = read_depot_folder(write_depot(tmp_path / "depot", duties=duties))
    now = "2026-11-23T18:30"
    state = _state(tmp_path, folder, f"{now},1,0.5,,,,,\n{now},2,0.5,,,,,\n{now},3,0.8,,,,,90\n")
    problem = replan_case(folder, state).problem
    # C is back at 20:30, D runs from then for its hour and a half
    assert np.flatnonzero(~problem.present[2]).tolist() == list(range(7))
    assert problem.trip_kwh[2].sum() == pytest.approx(40 * 2 / 3.5 + 30)


def test_a_plugged_bus_cannot_be_on_duty(tmp_path: Path) -> None:
    folder = read_depot_folder(write_depot(tmp_path / "depot"))
    now = "2026-11-23T18:30"
    state = _state(tmp_path, folder, f"{now},1,0.5,,,,,\n{now},2,0.5,,,,,\n{now},3,0.8,dc,1,{now},,\n")
    with pytest.raises(InvalidInput, match="bus 3 is plugged, but its duty C"):
        replan_case(folder, state)


def test_a_bus_below_its_window_can_still_be_planned(tmp_path: Path) -> None:
    folder = read_depot_folder(write_depot(tmp_path / "depot"))
    now = "2026-11-23T19:30"
    state = _state(tmp_path, folder, f"{now},1,0.5,,,,,\n{now},2,0.5,,,,,\n{now},3,0.05,,,,,\n")
    problem = replan_case(folder, state).problem
    assert check_problem(problem) == ()
    assert problem.buses.min_kwh[2] == pytest.approx(10)


def test_the_shipped_example_is_sound() -> None:
    problem = case_of(EXAMPLE).problem
    assert check_problem(problem) == ()
    assert problem.demand is not None
