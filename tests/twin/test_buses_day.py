"""Planning days of garages: depot problems that are right, and that plugging on arrival can serve."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from data.calendar import Calendar
from data.errors import InvalidInput
from data.tariffs import demand_price_krw_per_kw_month, tariffs_of
from optimizers.baselines import plug_on_arrival
from optimizers.problem import NOT_METERED, DepotProblem
from tests.twin.ev_builders import STEP_H, STEPS, folder
from tests.twin.test_buses_service import seoul_buses
from twin.buses_day import GarageDay, garage_day, garage_days
from twin.buses_depot import depot_problem
from twin.buses_model import bus_model
from twin.buses_rules import DepotFeatures, PlanningDay, depot_rules
from twin.buses_service import DayClock, service_day
from twin.buses_swaps import energy_on_arrival_kwh, with_swaps

SEOUL = ZoneInfo("Asia/Seoul")
EVERYTHING = DepotFeatures(taper=True, v2g=True, degradation=True)


def planning_day(day: date, temp_c: float) -> PlanningDay:
    first = np.datetime64(day.isoformat(), "ns") - np.timedelta64(5, "h")
    times = first + np.arange(STEPS) * np.timedelta64(15, "m")
    return PlanningDay(times, STEP_H, SEOUL, Calendar("KR"), day, np.full(STEPS, temp_c))


MILD, COLD = planning_day(date(2026, 11, 24), 8.0), planning_day(date(2027, 1, 12), -12.0)


@lru_cache(maxsize=4)
def city(scenario: str, *, cold: bool) -> dict[str, GarageDay]:
    tables = folder("seoul").tables
    day = COLD if cold else MILD
    return garage_days(seoul_buses(scenario), tariffs_of(tables), day, depot_rules(folder("seoul")), 1)


def one(garage: str, day: PlanningDay = MILD, features: DepotFeatures = DepotFeatures()) -> GarageDay:  # noqa: B008
    model = seoul_buses("today")
    rules = depot_rules(folder("seoul"))
    return garage_day(model, model.garage(garage), tariffs_of(folder("seoul").tables), day, rules, 1, features)


def shortfall_kwh(problem: DepotProblem, energy: np.ndarray) -> float:
    need = np.where(problem.need_kwh > 0, problem.need_kwh - energy[:, :-1], 0)
    return float(max(need.max(), (problem.buses.terminal_min_kwh - energy[:, -1]).max()))


@pytest.mark.parametrize("cold", [False, True])
@pytest.mark.parametrize("scenario", ["today", "full_fleet"])
def test_charging_on_arrival_serves_every_garage_within_95_percent_of_its_connection(scenario, cold):
    for garage in city(scenario, cold=cold).values():
        assert garage.short_kwh == pytest.approx(0, abs=1e-6)
        assert shortfall_kwh(garage.problem, energy_on_arrival_kwh(garage.problem)) <= 1e-6
    handed_on = sum(garage.handed_on for garage in city(scenario, cold=cold).values())
    assert handed_on <= (10 if cold else 0)


@pytest.mark.parametrize("garage", ["nangok", "onsu", "dongjak_1", "geumcheon_1"])
def test_the_optimizers_own_baseline_agrees(garage):
    for cold in (False, True):
        plan = plug_on_arrival(city("today", cold=cold)[garage].problem)
        assert not plan.relaxed


def test_days_are_not_trivial():
    for garage in city("full_fleet", cold=False).values():
        problem = garage.problem
        energy = problem.trip_kwh.sum()
        room = garage.garage.contract_kw * 24
        assert 0.2 < energy / room < 0.8
        usable = (problem.buses.max_kwh - problem.buses.min_kwh).sum()
        assert energy > 0.9 * usable  # a bus must charge more than once or nearly empty itself


def test_energy_per_km_is_plausible_and_higher_in_the_cold():
    per_km = {}
    for cold in (False, True):
        days = city("full_fleet", cold=cold).values()
        per_km[cold] = sum(d.problem.trip_kwh.sum() for d in days) / sum(d.distance_km for d in days)
    assert 1.0 < per_km[False] < 1.3
    assert 1.4 < per_km[True] < 1.8


def test_swaps_keep_the_energy_of_the_service():
    model, rules = seoul_buses("today"), depot_rules(folder("seoul"))
    tariffs = tariffs_of(folder("seoul").tables)
    swapped = 0
    for name in ("seongbuk_3", "seongbuk_7", "jingwan", "gangseo", "nangok", "guro_1", "geumcheon_1"):
        garage = model.garage(name)
        day_type = COLD.calendar.day_type(COLD.service_date)
        service = service_day(model, garage, day_type, COLD.service_date, DayClock(4.0, STEP_H), 1)
        drawn = depot_problem(model, garage, service, tariffs, COLD, rules, 1, DepotFeatures())
        done = with_swaps(drawn)
        swapped += done.swapped
        assert done.problem.trip_kwh.sum() + done.handed_on_kwh == pytest.approx(drawn.trip_kwh.sum())
        away = (~drawn.present).sum() - (~done.problem.present).sum()
        assert away == 0 or done.handed_on > 0
        assert (done.problem.trip_kwh[done.problem.present] == 0).all()
    assert swapped > 0


def test_a_trip_nobody_can_take_is_handed_on():
    problem = one("geumcheon_1").problem
    no_power = replace(problem, site=replace(problem.site, import_limit_kw=np.full(STEPS, 60.0)))
    done = with_swaps(no_power)
    assert done.handed_on > 0
    assert done.handed_on_kwh > 0


def test_problem_of_a_garage_is_consistent():
    day = one("jungnang")
    problem, garage = day.problem, day.garage
    assert problem.bus_count == garage.bus_count == 126
    assert problem.step_count == STEPS
    assert problem.labels[0] == "04:00"
    assert (problem.trip_kwh >= 0).all()
    assert (problem.trip_kwh[problem.present] == 0).all()
    buses = problem.buses
    assert (buses.min_kwh < buses.initial_kwh).all()
    assert (buses.initial_kwh <= buses.max_kwh).all()
    assert np.array_equal(buses.terminal_min_kwh, buses.initial_kwh)
    leaves = problem.present[:, :-1] & ~problem.present[:, 1:]
    assert ((problem.need_kwh[:, 1:] > 0) == leaves).all()
    assert (problem.need_kwh <= buses.max_kwh[:, None]).all()
    assert problem.chargers[0].count == garage.charger_count
    assert (problem.site.import_limit_kw == garage.contract_kw).all()


def test_prices_and_demand_charge_are_the_tariffs():
    problem = one("jungnang").problem
    tariff = tariffs_of(folder("seoul").tables)["ev_self_hv"]
    # winter, Tuesday: 09:00 is peak, 04:00 off-peak
    at = {label: step for step, label in enumerate(problem.labels)}
    price = problem.prices.buy_krw_per_kwh
    added = tariff.surcharges
    assert price[at["04:00"]] == pytest.approx((96.6 + added.krw_per_kwh) * added.factor)
    assert price[at["09:00"]] == pytest.approx((165.5 + added.krw_per_kwh) * added.factor)
    demand = problem.demand
    assert demand is not None
    assert demand.price_krw_per_kw == pytest.approx(demand_price_krw_per_kw_month(tariff))
    assert demand.share == pytest.approx(1 / 7)  # 24 to 30 November
    assert demand.interval[at["04:00"]] == NOT_METERED
    assert demand.interval[at["09:00"]] == at["09:00"]
    assert demand.floor_kw == pytest.approx(0.3 * problem.site.import_limit_kw[0])


def test_a_contract_that_is_paid_anyway_has_no_demand_charge():
    model = seoul_buses("today")
    garage = replace(model.garage("nangok"), tariff="ev_self_lv")
    tariffs = tariffs_of(folder("seoul").tables)
    assert garage_day(model, garage, tariffs, MILD, depot_rules(folder("seoul")), 1).problem.demand is None


def test_features_add_taper_feeding_back_and_wear():
    plain, full = one("nangok").problem, one("nangok", features=EVERYTHING).problem
    assert plain.degradation is None
    assert plain.buses.taper_kw.shape[1] == 0
    assert not plain.buses.max_discharge_kw.any()
    buses = full.buses
    at_full = buses.taper_kw[:, 0] + buses.taper_kw_per_kwh[:, 0] * buses.battery_kwh
    at_start = buses.taper_kw[:, 0] + buses.taper_kw_per_kwh[:, 0] * 0.8 * buses.battery_kwh
    assert at_full == pytest.approx(0.35 * buses.max_charge_kw)
    assert at_start == pytest.approx(buses.max_charge_kw)
    assert (buses.max_discharge_kw == 60).all()
    assert full.degradation is not None
    assert (np.diff(full.degradation.krw_per_kwh, axis=1) > 0).all()
    assert full.degradation.depth_kwh.sum(axis=1) == pytest.approx(buses.battery_kwh)
    # a full cycle wears 5.24e-4 of the battery: the segments must add up to that
    worn = (full.degradation.depth_kwh * full.degradation.krw_per_kwh).sum(axis=1)
    assert worn == pytest.approx(5.24e-4 * 200_000 * buses.battery_kwh)


def test_night_buses_start_with_what_the_end_of_the_day_can_give_them():
    days = city("full_fleet", cold=False).values()
    filling = np.concatenate(
        [
            (d.problem.buses.initial_kwh - d.problem.buses.min_kwh)
            / (d.problem.buses.max_kwh - d.problem.buses.min_kwh)
            for d in days
        ]
    )
    last_away = np.concatenate(
        [d.problem.present.shape[1] - np.argmax(~d.problem.present[:, ::-1], axis=1) for d in days]
    )
    assert (filling > 0.85).mean() > 0.9
    assert filling[(last_away >= 92) & (last_away < 96)].max() < 0.6
    assert 0.005 < (filling < 0.6).mean() < 0.1


def test_districts_cut_the_list_of_garages():
    model, tariffs = seoul_buses("today"), tariffs_of(folder("seoul").tables)
    found = garage_days(model, tariffs, MILD, depot_rules(folder("seoul")), 1, districts=frozenset({"11620"}))
    assert set(found) == {"nangok", "gwanak_1", "gwanak_2"}


def test_what_cannot_be_is_refused():
    model, rules = seoul_buses("today"), depot_rules(folder("seoul"))
    tariffs = tariffs_of(folder("seoul").tables)
    with pytest.raises(InvalidInput, match="no tariff plan 'free'"):
        garage_day(model, replace(model.garage("nangok"), tariff="free"), tariffs, MILD, rules, 1)
    small = replace(model, types={name: replace(kind, battery_kwh=60.0) for name, kind in model.types.items()})
    with pytest.raises(InvalidInput, match="its window ends at 57"):
        garage_day(small, small.garage("nangok"), tariffs, MILD, rules, 1)
    with pytest.raises(InvalidInput, match="do not make up a day"):
        replace(MILD, times_utc=MILD.times_utc[:90], temp_c=MILD.temp_c[:90])
    with pytest.raises(InvalidInput, match="one finite temperature a step"):
        replace(MILD, temp_c=np.full(STEPS, np.nan))


def test_the_template_town_has_garages_too():
    town = folder("template_town")
    model = bus_model(town.tables, "full_fleet")
    days = garage_days(model, tariffs_of(town.tables), MILD, depot_rules(town), 1)
    assert set(days) == {"west", "east"}
    assert all(day.short_kwh == 0 for day in days.values())


def test_charging_on_arrival_leaves_the_margin_of_the_connection():
    problem = one("jungnang", COLD).problem
    energy = energy_on_arrival_kwh(problem)
    gained = np.diff(energy, axis=1) + problem.trip_kwh
    assert (gained >= -1e-9).all()
    site_kw = (gained / (problem.buses.charge_efficiency[:, None] * 0.95 * STEP_H)).sum(axis=0) + problem.site.base_kw
    assert site_kw.max() == pytest.approx(0.95 * problem.site.import_limit_kw[0])
