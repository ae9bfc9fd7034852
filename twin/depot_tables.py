"""A depot's plan as tables: sessions by charger and by bus, set points, and the power of the site."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from data.depot_clock import local_time
from optimizers.colouring import OutletSession
from optimizers.problem import stays
from twin.depot_case import DepotCase
from twin.depot_planning import PlannedDepot

Row = tuple[object, ...]


@dataclass(frozen=True)
class OutletAddress:
    """Where an outlet is found by OCPP: a station's identity, and its connector (1.6) or EVSE (2.0.1)."""

    station: str
    connector: int


def outlet_address(case: DepotCase, charger_class: int, outlet: int) -> OutletAddress:
    """Return the address of an outlet (from 0), by the table `outlets` or else by class and number."""
    name = case.problem.chargers[charger_class].id
    if "outlets" not in case.folder.tables:
        return OutletAddress(f"{name}-{outlet + 1}", 1)
    table = case.folder.tables["outlets"]
    row = table[(table["charger"] == name) & (table["outlet"] == outlet + 1)].iloc[0]
    return OutletAddress(str(row["station"]), int(row["connector"]))


def clock(case: DepotCase, step: int) -> str:
    """Return the local time of an edge of the case's steps, with its offset."""
    step = min(max(step, 0), len(case.edges_utc) - 1)
    return local_time(case.edges_utc[step], case.folder.settings.zone).isoformat(timespec="minutes")


def schedule_by_charger_csv(planned: PlannedDepot) -> str:
    """Return one row a session, by outlet, then by time."""
    order = sorted(planned.sessions, key=lambda s: (s.charger_class, s.outlet, s.start))
    head = ("charger", "outlet", "station", "connector", *_SESSION)
    rows = ((*_place(planned, session), *_session(planned, session)) for session in order)
    return _csv(head, rows)


def schedule_by_bus_csv(planned: PlannedDepot) -> str:
    """Return one row a duty or session, by bus, then by time."""
    head = ("bus", "kind", "from", "to", "charger", "outlet", "energy_kwh", "soc_before", "soc_after")
    problem, plan = planned.case.problem, planned.plan
    rows: list[tuple[int, int, Row]] = []
    for away in stays(~problem.present):
        drawn = problem.trip_kwh[away.bus, away.start : away.stop].sum()
        rows.append((away.bus, away.start, ("duty", *_span(planned, away.start, away.stop), "", "", f"{-drawn:.2f}")))
    for s in planned.sessions:
        place = (problem.chargers[s.charger_class].id, s.outlet + 1)
        energy = f"{_inlet_kwh(planned, s):.2f}"
        rows.append((s.bus, max(s.start, 0), ("charge", *_span(planned, s.start, s.stop), *place, energy)))
    ends = {(away.bus, away.start): away.stop for away in stays(~problem.present)}
    ends |= {(s.bus, max(s.start, 0)): s.stop for s in planned.sessions}
    soc = plan.energy_kwh / problem.buses.battery_kwh[:, None]
    full = (
        (problem.buses.id[bus], *row, f"{soc[bus, start]:.4f}", f"{soc[bus, ends[bus, start]]:.4f}")
        for bus, start, row in sorted(rows, key=lambda row: (row[0], row[1]))
    )
    return _csv(head, full)


def set_points_csv(planned: PlannedDepot) -> str:
    """Return one row for each step in which a bus is plugged: power at its inlet and state of charge."""
    problem, plan = planned.case.problem, planned.plan
    head = ("bus", "time", "charger", "outlet", "power_kw", "soc")
    rows = (
        (
            problem.buses.id[s.bus],
            clock(planned.case, t),
            problem.chargers[s.charger_class].id,
            s.outlet + 1,
            f"{plan.charge_kw[s.bus, t] - plan.discharge_kw[s.bus, t]:.3f}",
            f"{plan.energy_kwh[s.bus, t] / problem.buses.battery_kwh[s.bus]:.4f}",
        )
        for s in sorted(planned.sessions, key=lambda s: (s.bus, s.start))
        for t in range(max(s.start, 0), s.stop)
    )
    return _csv(head, rows)


def site_power_csv(planned: PlannedDepot) -> str:
    """Return one row a step: what flows through the connection, and of what it is made."""
    problem, plan = planned.case.problem, planned.plan
    head = (
        "time",
        "step_h",
        "grid_kw",
        "buses_kw",
        "base_kw",
        "pv_used_kw",
        "battery_kw",
        "import_limit_kw",
        "buy_krw_per_kwh",
    )
    buses_kw = buses_at_bus_bar_kw(planned)
    rows = (
        (
            clock(planned.case, t),
            f"{problem.step_h[t]:.4f}",
            f"{plan.grid_kw[t]:.3f}",
            f"{buses_kw[t]:.3f}",
            f"{problem.site.base_kw[t]:.3f}",
            f"{plan.pv_kw[t]:.3f}",
            f"{plan.site_battery_kw[t]:.3f}",
            f"{problem.site.import_limit_kw[t]:.3f}",
            f"{problem.prices.buy_krw_per_kwh[t]:.3f}",
        )
        for t in range(problem.step_count)
    )
    return _csv(head, rows)


def buses_at_bus_bar_kw(planned: PlannedDepot) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the (T,) power the chargers draw from the bus bar, feeding back negative."""
    plan, total = planned.plan, np.zeros(planned.case.problem.step_count)
    for c, charger in enumerate(planned.case.problem.chargers):
        here = plan.plugged_class == c
        total += (plan.charge_kw * here).sum(axis=0) / charger.efficiency
        total -= (plan.discharge_kw * here).sum(axis=0) * charger.efficiency
    return total


_SESSION = ("bus", "from", "to", "energy_kwh", "largest_kw", "soc_before", "soc_after", "under_way")


def _session(planned: PlannedDepot, s: OutletSession) -> Row:
    problem, plan = planned.case.problem, planned.plan
    inside = slice(max(s.start, 0), s.stop)
    soc = plan.energy_kwh[s.bus] / problem.buses.battery_kwh[s.bus]
    return (
        problem.buses.id[s.bus],
        *_span(planned, s.start, s.stop),
        f"{_inlet_kwh(planned, s):.2f}",
        f"{plan.charge_kw[s.bus, inside].max(initial=0.0):.2f}",
        f"{soc[max(s.start, 0)]:.4f}",
        f"{soc[s.stop]:.4f}",
        "true" if s.start < 0 else "false",
    )


def _place(planned: PlannedDepot, s: OutletSession) -> Row:
    address = outlet_address(planned.case, s.charger_class, s.outlet)
    name = planned.case.problem.chargers[s.charger_class].id
    return name, s.outlet + 1, address.station, address.connector


def _span(planned: PlannedDepot, start: int, stop: int) -> tuple[str, str]:
    return clock(planned.case, start), clock(planned.case, stop)


def _inlet_kwh(planned: PlannedDepot, s: OutletSession) -> float:
    """Return the energy at the inlet, feeding back negative."""
    plan, inside = planned.plan, slice(max(s.start, 0), s.stop)
    net_kw = plan.charge_kw[s.bus, inside] - plan.discharge_kw[s.bus, inside]
    return float(net_kw @ planned.case.problem.step_h[inside])


def _csv(head: Row, rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()
