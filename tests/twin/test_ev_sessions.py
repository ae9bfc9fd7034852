"""Sessions drawn from the tables: registrations, observed shapes, energy, places, and what they refuse."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.calendar import DayType
from data.errors import InvalidInput
from tests.twin.ev_builders import STEP_H, STEPS, WORKDAY_UTC, folder, points_of, seoul_ev, seoul_points, seoul_tables
from twin.ev_cohorts import HOURS, Charger, Cohort, ev_model_in, with_taxis, with_total, with_v2g
from twin.ev_envelopes import envelopes
from twin.ev_fleet import host_sites, vehicles
from twin.ev_hosts import Transformers
from twin.ev_sessions import Sessions, _cut_at_the_edge, draw_sessions
from twin.ev_starts import cohort_energy_kwh, energy_kernel, fit_starts, start_distributions

ZONE = "Asia/Seoul"
SEED = 7


def drawn(
    points: Transformers, day_type: DayType = DayType.WORKDAY, temp_c: float = 20.0, seed: int = SEED
) -> Sessions:
    return draw_sessions(seoul_ev(), points, WORKDAY_UTC, STEP_H, day_type, temp_c, seed, ZONE)


def hourly_share(sessions: Sessions, charger: Charger) -> np.ndarray:
    """Share of the day's unmanaged energy in each local hour."""
    cohorts = [rules.cohort for rules in seoul_ev().cohorts if rules.charger is charger]
    load = envelopes(sessions.take(np.isin(sessions.cohort, cohorts)), STEPS, STEP_H).unmanaged_kw.sum(axis=0)
    of_hour = np.bincount((np.arange(STEPS) // 4 + 4) % HOURS, load, HOURS)
    return np.asarray(of_hour / of_hour.sum())


def test_every_district_has_the_registered_vehicles():
    fleet, model = vehicles(seoul_ev(), SEED), seoul_ev()
    table = folder("seoul").tables["ev_registrations"]
    assert table["count"].sum() == 111_817
    cars = table[table["vehicle"] != "business_bus"].groupby("district")["count"].sum()
    found = np.bincount(fleet.district, minlength=len(model.districts))
    assert dict(zip(model.districts, found.tolist(), strict=True)) == cars.to_dict()
    assert table.loc[table["vehicle"] == "business_bus", "count"].sum() == 2_451


@pytest.mark.parametrize("day_type", list(DayType))
@pytest.mark.parametrize("charger", list(Charger))
def test_unmanaged_charging_has_the_observed_shape(day_type, charger):
    found = hourly_share(drawn(seoul_points(), day_type), charger)
    observed = seoul_ev().shape[day_type][charger]
    assert np.abs(found - observed / observed.sum()).max() < 0.009


@pytest.mark.real_data
def test_shapes_are_within_1_5_points_of_jeju_in_every_hour(real_seoul):
    names = {"평일": DayType.WORKDAY, "토요일": DayType.SATURDAY, "일·공휴일": DayType.HOLIDAY}
    total = {(day, charger): np.zeros(HOURS) for day in DayType for charger in Charger}
    with (real_seoul / "ev" / "jeju_ev_charging_hourly_2025.csv").open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            for charger in Charger:
                total[names[row["day_type"]], charger][int(row["hour"])] += float(row[charger.name.lower()])
    for day_type in DayType:
        sessions = drawn(seoul_points(), day_type)
        for charger in Charger:
            real = total[day_type, charger] / total[day_type, charger].sum()
            assert np.abs(hourly_share(sessions, charger) - real).max() < 0.015
            table = seoul_ev().shape[day_type][charger]
            assert table / table.sum() == pytest.approx(real, abs=2e-5)


@pytest.mark.real_data
def test_registrations_are_those_of_the_register(real_seoul):
    path = real_seoul / "ev" / "seoul_gu_ev_registrations_2026-04_and_chargers.csv"
    with path.open(encoding="utf-8-sig") as file:
        real = {row["gu"]: (int(row["total"]), int(row["biz_van"])) for row in csv.DictReader(file)}
    table, names = folder("seoul").tables["ev_registrations"], folder("seoul").tables["districts"]
    of_district = table.groupby("district")["count"].sum()
    buses = table[table["vehicle"] == "business_bus"].set_index("district")["count"]
    for code, name in zip(names["code"], names["name_ko"], strict=True):
        assert (of_district[code], buses[code]) == real[name]


def test_energy_is_that_of_the_uses_and_grows_in_the_cold():
    model, wanted = seoul_ev(), cohort_energy_kwh(seoul_ev())
    mild = drawn(seoul_points())
    of_day = np.array([model.shape[DayType.WORKDAY][rules.charger].sum() for rules in model.cohorts])
    found = np.bincount(mild.cohort, mild.energy_kwh, len(Cohort))
    assert found == pytest.approx(wanted * of_day, rel=0.03)
    per_vehicle = wanted.sum() * 365 / 109_366
    assert 2_500 < per_vehicle < 6_000
    cold = drawn(seoul_points(), temp_c=-10.0)
    assert cold.energy_kwh.sum() / mild.energy_kwh.sum() == pytest.approx(1.33, rel=0.02)


def test_energy_is_kept_across_the_edge_of_the_day():
    sessions = drawn(seoul_points())
    halves = np.bincount(sessions.vehicle * len(Cohort) + sessions.cohort)
    assert (halves > 1).any()  # some stays are cut at 04:00
    found = envelopes(sessions, STEPS, STEP_H)
    assert found.unmanaged_kw.sum() * STEP_H == pytest.approx(sessions.energy_kwh.sum())
    assert sessions.depart_h.max() <= HOURS
    assert sessions.arrive_h.min() == 0  # carried in from the evening before


def test_same_seed_same_sessions_and_another_date_others():
    first, again, other = drawn(seoul_points()), drawn(seoul_points()), drawn(seoul_points(), seed=8)
    assert all(np.array_equal(vars(first)[name], vars(again)[name]) for name in vars(first))
    assert not np.array_equal(first.energy_kwh[:100], other.energy_kwh[:100])
    tomorrow = draw_sessions(
        seoul_ev(), seoul_points(), WORKDAY_UTC + np.timedelta64(1, "D"), STEP_H, DayType.WORKDAY, 20.0, SEED, ZONE
    )
    assert not np.array_equal(first.energy_kwh[:100], tomorrow.energy_kwh[:100])


def test_a_district_is_a_cut_of_the_city():
    whole = drawn(seoul_points())
    alone = drawn(points_of(seoul_points(), "11680"))
    part = whole.take(whole.district == "11680")
    order, other = np.lexsort((part.arrive_h, part.bus)), np.lexsort((alone.arrive_h, alone.bus))
    assert np.array_equal(part.bus[order], alone.bus[other])
    assert np.array_equal(part.energy_kwh[order], alone.energy_kwh[other])


def test_cohorts_charge_at_their_class_and_fast_ones_at_few_sites():
    sessions, points = drawn(seoul_points()), seoul_points()
    class_of = dict(zip(points.bus.tolist(), points.contract_class.tolist(), strict=True))
    for rules in seoul_ev().cohorts:
        buses = sessions.bus[sessions.cohort == rules.cohort]
        assert {class_of[bus] for bus in buses.tolist()} == {rules.host_class}
    sites = host_sites(seoul_ev(), points, SEED)
    chargers = seoul_ev().fast_chargers[0]
    assert len(sites[Cohort.PUBLIC_FAST, 0].point) <= np.ceil(chargers / 4)


def test_chargers_come_where_the_transformer_carries_them():
    points = seoul_points()
    sites = host_sites(seoul_ev(), points, SEED)
    for rules in seoul_ev().cohorts:
        for index, district in enumerate(seoul_ev().districts):
            chosen = sites[rules.cohort, index]
            offered = points.rating_kva[(points.district == district) & (points.contract_class == rules.host_class)]
            least = min(rules.site_kw / rules.rating_share, offered.max())
            assert points.rating_kva[chosen.point].min() >= least
            assert chosen.chance.sum() == pytest.approx(1)
            assert len(np.unique(chosen.point)) == len(chosen.point)


def test_more_sites_than_transformers_are_spread_evenly():
    points = seoul_points()
    fast = seoul_ev().fast_chargers
    crowded = replace(seoul_ev(), fast_chargers=fast * 50)
    chance = host_sites(crowded, points, SEED)[Cohort.PUBLIC_FAST, 0].chance
    count = np.ceil(50 * fast[0] / 4)
    assert np.ptp(chance) == pytest.approx(1 / count)


def test_a_district_without_a_class_offers_what_it_has():
    points = points_of(seoul_points(), "11110")
    homes = points.contract_class == "residential"
    only = Transformers(**{name: values[homes] for name, values in vars(points).items()})
    assert (np.bincount(drawn(only).cohort, minlength=len(Cohort)) > 0).all()


def test_scenarios_have_the_vehicles_they_say():
    model = seoul_ev()
    grown = with_total(model, 1_000_000)
    buses = [category == "business_bus" for category in model.categories]
    assert grown.registered[:, ~np.array(buses)].sum() == 1_000_000
    assert np.array_equal(grown.registered[:, buses], model.registered[:, buses])
    assert len(vehicles(grown, SEED).use) == 1_000_000
    scenario = ev_model_in(folder("seoul").tables, "2035", 1_000_000)
    taxi = next(use for use in scenario.uses if use.name == "taxi")
    column = scenario.registered[:, scenario.categories.index("business_car")].sum()
    assert taxi.share * column == pytest.approx(50_000)
    assert sum(use.share for use in scenario.uses if use.vehicle == "business_car") == pytest.approx(1)
    with pytest.raises(InvalidInput, match="electric taxis among"):
        with_taxis(model, 10**7)


def test_sessions_that_can_feed_back_are_those_asked_for():
    model = with_v2g(seoul_ev(), Cohort.PUBLIC_SLOW, 0.5)
    sessions = draw_sessions(model, seoul_points(), WORKDAY_UTC, STEP_H, DayType.WORKDAY, 20.0, SEED, ZONE)
    lends = sessions.discharge_kw > 0
    assert set(sessions.cohort[lends].tolist()) == {int(Cohort.PUBLIC_SLOW)}
    assert lends[sessions.cohort == Cohort.PUBLIC_SLOW].mean() == pytest.approx(0.5, abs=0.03)


def test_kernels_hold_all_energy_and_the_fit_finds_a_known_answer():
    rules = seoul_ev().cohorts[Cohort.HOME_SLOW]
    kernel = energy_kernel(rules)
    assert kernel.sum() == pytest.approx(1)
    true = np.full(HOURS, 0.5 / 22)
    true[[22, 23]] = 0.25
    lag = (np.arange(HOURS)[:, None] - np.arange(HOURS)) % HOURS
    found = fit_starts(kernel[None], np.ones(1), true[None], kernel[lag] @ true)
    assert found[0] == pytest.approx(true, abs=1e-6)


def test_starts_are_distributions_on_every_kind_of_day():
    for day_type in DayType:
        starts = start_distributions(seoul_ev(), day_type)
        assert (starts >= 0).all()
        assert starts.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize(
    ("times", "step_h", "temp_c", "message"),
    [
        (WORKDAY_UTC[:50], 0.25, 20.0, "do not make up a day"),
        (np.concatenate([WORKDAY_UTC[:50], WORKDAY_UTC[51:], WORKDAY_UTC[-1:]]), 0.25, 20.0, "not regular"),
        (WORKDAY_UTC, 0.25, np.nan, "temperature nan"),
    ],
)
def test_days_that_are_none_are_refused(times, step_h, temp_c, message):
    with pytest.raises(InvalidInput, match=message):
        draw_sessions(seoul_ev(), seoul_points(), times, step_h, DayType.WORKDAY, temp_c, SEED, ZONE)


def test_a_day_type_without_shape_and_a_strange_district_are_refused():
    model = replace(seoul_ev(), shape={DayType.WORKDAY: seoul_ev().shape[DayType.WORKDAY]})
    with pytest.raises(InvalidInput, match="no charging shape"):
        draw_sessions(model, seoul_points(), WORKDAY_UTC, STEP_H, DayType.HOLIDAY, 20.0, SEED, ZONE)
    points = seoul_points()
    strange = replace(points, district=np.full(len(points.bus), "99999"))
    with pytest.raises(InvalidInput, match="district 99999"):
        drawn(strange)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bus": np.array([1, 1])}, "a bus stands twice"),
        ({"rating_kva": np.array([1.0])}, "different length"),
        ({"x": np.array([np.nan, 1.0])}, "not finite"),
        ({"energy_share": np.array([-0.1, 1.0])}, "negative shares"),
    ],
)
def test_load_points_are_checked(change, message):
    two = np.array([0.5, 0.5])
    good = {
        "bus": np.array([0, 1]),
        "district": np.array(["11110", "11110"]),
        "contract_class": np.array(["general", "general"]),
        **dict.fromkeys(("energy_share", "rating_kva", "x", "y"), two),
    }
    with pytest.raises(InvalidInput, match=message):
        Transformers(**{**good, **change})


def test_the_template_town_has_sessions_too():
    town = folder("template_town")
    model = ev_model_in(town.tables, "today", 20_000)
    assert model.registered.sum() == 20_000 + 20
    assert cohort_energy_kwh(model).sum() > 0


def test_tables_are_not_changed_by_reading_them():
    tables = seoul_tables()
    ev_model_in(tables, "today", None)
    assert all(tables[name].equals(folder("seoul").tables[name]) for name in tables)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 23.9), st.floats(0.5, 60), st.sampled_from([3.3, 7.0, 45.0]), st.floats(0, 8))
def test_a_stay_cut_at_the_edge_keeps_its_energy_and_its_length(start, energy, power, slack):
    depart = min(start + energy / power + slack, start + HOURS)
    whole = {
        "vehicle": np.array([0]),
        "bus": np.array([0]),
        "district": np.array(["11110"]),
        "cohort": np.array([0]),
        "arrive_h": np.array([start]),
        "start_h": np.array([start]),
        "depart_h": np.array([depart]),
        "energy_kwh": np.array([energy]),
        "max_kw": np.array([power]),
        "discharge_kw": np.array([0.0]),
        "spare_kwh": np.array([0.0]),
    }
    halves = _cut_at_the_edge(whole)
    assert halves.energy_kwh.sum() == pytest.approx(energy)
    assert halves.depart_h.max() <= HOURS
    if len(halves) == 2:
        assert (halves.depart_h - halves.arrive_h).sum() == pytest.approx(depart - start)
        assert halves.energy_kwh[0] == pytest.approx(power * (HOURS - start))
