"""One small depot for each part of the model, in which just that part has something to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from optimizers.problem import (
    Cabinet,
    Degradation,
    DemandCharge,
    DepotProblem,
    LaneRule,
    SiteBattery,
    UnderWay,
)
from tests.optimizers.depot_builders import buses, charger, depot, duty


def sessions() -> DepotProblem:
    """Two buses, two classes, staff missing in step 1, one bus away in the last step."""
    outlets = (charger(1), charger(1, 50.0, id="slower"))
    problem = depot(2, 3, chargers=outlets, rules={"plug_allowed": np.array([True, False, True])})
    return duty(problem, 0, 2, 3, 30.0)


def minimum_session() -> DepotProblem:
    """Sessions of two steps, one of them under way since one step."""
    under_way = UnderWay(np.array([0]), np.array([1]), np.array([1]))
    return duty(depot(1, 4, rules={"min_plug_steps": 2}, under_way=under_way), 0, 3, 4, 30.0)


def session_count() -> DepotProblem:
    """One session a stay; two stays."""
    return duty(depot(1, 5, rules={"max_sessions_per_stay": 1}), 0, 2, 3, 30.0)


def session_covers() -> DepotProblem:
    """One duty at hour 2 that needs 130 kWh more than there is by outlets of 100 kW; a second, small one."""
    problem = depot(1, 6, buses=buses(1, initial_kwh=60.0, battery_kwh=250.0, max_kwh=250.0))
    return duty(duty(problem, 0, 2, 3, 170.0), 0, 5, 6, 30.0)


def outlets() -> DepotProblem:
    """One outlet for two buses, one step of handover."""
    return depot(2, 3, rules={"handover_steps": 1})


def lanes() -> DepotProblem:
    """One drive-through lane with two places, the first taken before the day starts."""
    under_way = UnderWay(np.array([0, -1]), np.array([2, 0]), np.array([1, 0]))
    return depot(2, 3, chargers=(charger(2, lane=LaneRule.FIRST_IN_FIRST_OUT),), under_way=under_way)


def charging() -> DepotProblem:
    """A minimum power with and without pausing."""
    return depot(1, 2, chargers=(charger(1, min_kw=20.0), charger(1, 50.0, id="steady", min_kw=10.0, can_pause=False)))


def feeding_back() -> DepotProblem:
    """Feeding back is rewarded in the second of two steps; the warranty allows 25 kWh."""
    return depot(
        1,
        2,
        buses=buses(
            1, max_discharge_kw=60.0, discharge_limit_kwh=25.0, charge_efficiency=0.9, discharge_efficiency=0.8
        ),
        chargers=(charger(1, max_discharge_kw=40.0, efficiency=0.95),),
        prices={"v2g_reward_krw_per_kwh": [0.0, 300.0]},
    )


def stored_energy() -> DepotProblem:
    """Efficiencies, a standing loss, a departure need, a duty and a need at the end."""
    bus = buses(1, charge_efficiency=0.9, standing_loss_kw=2.0, terminal_min_kwh=60.0)
    problem = duty(depot(1, 4, 0.5, buses=bus), 0, 2, 3, 50.0)
    need_kwh = problem.need_kwh.copy()
    need_kwh[0, 2] = 120.0
    return replace(problem, need_kwh=need_kwh)


def taper() -> DepotProblem:
    """Two segments: 100 kW, and a fall to 10 kW at 200 kWh."""
    lines = {"taper_kw": np.array([[100.0, 410.0]]), "taper_kw_per_kwh": np.array([[0.0, -2.0]])}
    return depot(1, 2, buses=buses(1, initial_kwh=150.0, **lines))


def cabinets() -> DepotProblem:
    """Two classes share 120 kW."""
    outlets = (charger(1), charger(1, 60.0, id="twin"))
    return depot(2, 2, chargers=outlets, cabinets=(Cabinet("cabinet", (0, 1), 120.0),))


def site_battery() -> DepotProblem:
    """A stationary battery that must end as full as it began; wasting energy pays in the last step."""
    battery = SiteBattery(10.0, 100.0, 50.0, 50.0, 40.0, 30.0, 0.95, 0.9, 5.0)
    problem = depot(1, 2, prices={"buy_krw_per_kwh": [100.0, -10.0], "sell_krw_per_kwh": [0.0, -20.0]})
    return replace(problem, site=replace(problem.site, battery=battery))


def site() -> DepotProblem:
    """Base load, PV, a connection with limits, and a step in which selling pays more than buying."""
    return depot(
        1,
        2,
        chargers=(charger(1, efficiency=0.9),),
        prices={"buy_krw_per_kwh": [100.0, 80.0], "sell_krw_per_kwh": [60.0, 90.0]},
        site={
            "base_kw": np.array([10.0, 20.0]),
            "pv_kw": np.array([0.0, 70.0]),
            "import_limit_kw": np.array([80.0, 90.0]),
            "export_limit_kw": np.array([0.0, 30.0]),
        },
    )


def demand_charge() -> DepotProblem:
    """Two metering intervals of unequal steps and one step that does not count, above 20 kW already paid for."""
    demand = DemandCharge(9000.0, 0.1, 20.0, 15.0, 12.0, np.array([0, 0, -1, 1]))
    problem = depot(1, 4, demand=demand)
    return replace(problem, step_h=np.array([0.25, 0.5, 0.25, 0.25]))


def cycling_wear() -> DepotProblem:
    """Two depth segments, a duty."""
    wear = Degradation(np.array([[60.0, 120.0]]), np.array([[10.0, 40.0]]), np.zeros(1), np.zeros(1))
    return duty(depot(1, 3, degradation=wear), 0, 2, 3, 70.0)


def calendar_wear() -> DepotProblem:
    """Energy above 120 kWh costs 0.5 KRW for each kWh and hour."""
    wear = Degradation(np.array([[180.0]]), np.array([[0.0]]), np.array([0.5]), np.array([120.0]))
    return duty(depot(1, 3, 0.5, degradation=wear), 0, 2, 3, 150.0)


def cost() -> DepotProblem:
    """Every term of the cost at once."""
    problem = duty(feeding_back(), 0, 1, 2, 20.0)
    wear = Degradation(np.array([[60.0, 120.0]]), np.array([[10.0, 40.0]]), np.array([0.5]), np.array([100.0]))
    demand = DemandCharge(9000.0, 1 / 30, 20.0, 0.0, 0.0, np.array([0, 1]))
    battery = SiteBattery(10.0, 100.0, 50.0, 50.0, 40.0, 30.0, 0.95, 0.9, 5.0)
    prices = replace(problem.prices, sell_krw_per_kwh=np.array([30.0, 40.0]))
    site = replace(problem.site, battery=battery, pv_kw=np.array([5.0, 6.0]))
    rules = replace(problem.rules, start_krw=250.0)
    return replace(problem, degradation=wear, demand=demand, prices=prices, site=site, rules=rules)


CASES: dict[str, Callable[[], DepotProblem]] = {
    "add_sessions": sessions,
    "add_minimum_session": minimum_session,
    "add_session_count": session_count,
    "add_session_covers": session_covers,
    "add_outlets": outlets,
    "add_lanes": lanes,
    "add_charging": charging,
    "add_feeding_back": feeding_back,
    "add_stored_energy": stored_energy,
    "add_taper": taper,
    "add_cabinets": cabinets,
    "add_site_battery": site_battery,
    "add_site": site,
    "add_demand_charge": demand_charge,
    "add_cycling_wear": cycling_wear,
    "add_calendar_wear": calendar_wear,
    "add_cost": cost,
}
