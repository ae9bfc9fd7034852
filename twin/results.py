"""The arrays and tables of a run, as they are stored and exported."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from twin.day import CityDay
from twin.ev_envelopes import asset_index
from twin.summary_parts import Outcome
from twin.summary_types import Summary

PLANS = ("unmanaged", "plan")

ELEMENTS_PER_CHUNK = 2048
"""Buses or branches stored together, whole days of them: a page reads the few of one feeder, which are neighbours."""


def grid_arrays(day: CityDay, unmanaged: Outcome, planned: Outcome) -> xr.Dataset:
    """Return loads, voltages and loadings of every bus and branch, feeders and banks, for both plans.

    Single precision: the certificate is made from the double-precision values before.
    """
    grid, outcomes = day.city.grid, (unmanaged, planned)
    network = grid.network

    def both(values: Sequence[NDArray[np.float64]], unit: str, dim: str) -> xr.Variable:
        stacked = np.stack(values).astype(np.float32)
        chunks = (1, day.steps, min(ELEMENTS_PER_CHUNK, max(1, stacked.shape[2])))
        return xr.Variable(("plan", "time", dim), stacked, {"unit": unit}, {"chunks": chunks})

    return xr.Dataset(
        {
            "load_kw": both([o.plan.load_kw for o in outcomes], "kW", "bus"),
            "load_kvar": both([o.plan.load_kvar for o in outcomes], "kvar", "bus"),
            "v_pu": both([o.state.v_pu for o in outcomes], "pu", "bus"),
            "loading": both([o.state.loading for o in outcomes], "1", "branch"),
            "feeder_kw": both([o.state.feeder_kw for o in outcomes], "kW", "feeder"),
            "feeder_loading": both([o.state.feeder_loading for o in outcomes], "1", "feeder"),
            "bank_kw": both([o.state.bank_kw for o in outcomes], "kW", "bank"),
            "losses_kw": (("plan", "time"), np.stack([o.state.losses_kw for o in outcomes]), {"unit": "kW"}),
            "supplied_kw": (("plan", "time"), np.stack([o.state.supplied_kw for o in outcomes]), {"unit": "kW"}),
        },
        coords={
            "plan": list(PLANS),
            "time": day.planning.times_utc,
            "bus": network.buses.id,
            "branch": np.concatenate([network.lines.id, network.transformers.id]),
            "feeder": grid.feeders.id,
            "bank": grid.banks.id,
        },
        attrs=_attributes(day),
    )


def schedule_arrays(day: CityDay, unmanaged: Outcome, planned: Outcome) -> xr.Dataset:
    """Return what every bus, every place where vehicles charge, and every battery does."""
    depots = planned.plan.depots
    index = asset_index(day.sessions)
    places = np.zeros((len(index), day.steps))
    np.add.at(places, index.asset, planned.plan.session_kw)
    names = [name for name, depot in depots.items() for _ in range(len(depot.charge_kw))]
    ids = [str(bus) for name in depots for bus in day.garages[name].problem.buses.id]
    steps = day.steps

    def per_bus(name: str, width: int) -> NDArray[Any]:
        rows = [getattr(depot, name) for depot in depots.values()]
        return np.concatenate([*rows, np.zeros((0, width))])

    return xr.Dataset(
        {
            "bus_charge_kw": (("vehicle", "time"), per_bus("charge_kw", steps), {"unit": "kW"}),
            "bus_energy_kwh": (("vehicle", "edge"), per_bus("energy_kwh", steps + 1), {"unit": "kWh"}),
            "bus_charger_class": (("vehicle", "time"), per_bus("plugged_class", steps).astype(np.int8)),
            "garage_kw": (
                ("garage", "time"),
                np.array([d.grid_kw for d in depots.values()]).reshape(-1, steps),
                {"unit": "kW"},
            ),
            "garage_unmanaged_kw": (
                ("garage", "time"),
                np.array([d.grid_kw for d in unmanaged.plan.depots.values()]).reshape(-1, steps),
                {"unit": "kW"},
            ),
            "charging_kw": (("place", "time"), places, {"unit": "kW"}),
            "charging_unmanaged_kw": (("place", "time"), day.vehicles.unmanaged_kw, {"unit": "kW"}),
            "battery_kw": (("battery", "time"), planned.plan.battery_kw, {"unit": "kW"}),
        },
        coords={
            "time": day.planning.times_utc,
            "vehicle": ids,
            "garage": list(depots),
            "garage_of_vehicle": ("vehicle", names),
            "bus_of_place": ("place", day.city.grid.network.buses.id[day.vehicles.bus]),
            "cohort_of_place": ("place", day.vehicles.cohort),
            "battery": day.batteries.id,
        },
        attrs=_attributes(day),
    )


def _attributes(day: CityDay) -> dict[str, str]:
    return {
        "city": day.city.folder.settings.name,
        "service_date": day.planning.service_date.isoformat(),
        "scenario": day.city.scenario.name,
        "weather": day.weather.description,
        "sign": "consumption positive, export negative",
        "time": "UTC, start of the step",
    }


def csv_of_rows(rows: Sequence[Any]) -> bytes:
    """Return dataclass instances as CSV with a heading; nested values are left out.

    Text that a spreadsheet would take for a formula gets a leading apostrophe.
    """
    if not rows:
        return b""
    names = [field.name for field in fields(rows[0]) if not isinstance(getattr(rows[0], field.name), dict)]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        values = asdict(row)
        writer.writerow([_safe_cell(values[name]) for name in names])
    return stream.getvalue().encode()


def _safe_cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") else value


def csv_of_curves(summary: Summary) -> bytes:
    """Return the city's curves as CSV, one row a step, MW."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    curves = {name: values for name, values in asdict(summary.curves).items() if isinstance(values, tuple | list)}
    curves |= {f"demand_{name}_mw": values for name, values in summary.curves.demand_mw.items()}
    writer.writerow([f"clock_{summary.run.timezone}", *curves])
    for step, clock in enumerate(summary.run.clock):
        writer.writerow([clock, *(values[step] for values in curves.values())])
    return stream.getvalue().encode()
