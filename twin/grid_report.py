"""What a power flow found, as tables and as a summary for an engineer."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.durable import write_atomically
from grid import PowerFlow, Status

WORST = 10
"""Buses and branches named in the summary."""

SCHEMA_VERSION = 1


def summary_of(flow: PowerFlow) -> dict[str, Any]:
    """Worst voltages and loadings, losses and failures, as plain data.

    Losses are means over the solved steps; a bus violates its limits in a step when its voltage leaves them.
    """
    v, loading = flow.v_pu.to_numpy(), flow.loading.to_numpy()
    status = flow.status.to_numpy()
    solved = status == Status.CONVERGED
    lit = flow.energised
    buses = flow.network.buses
    outside = ((v < buses.v_min_pu) | (v > buses.v_max_pu)) & lit & solved[:, None]
    low, high = _worst_buses(flow, solved, largest=False), _worst_buses(flow, solved, largest=True)
    losses_kw, slack_kw = flow.losses_kw.to_numpy()[solved], flow.slack_kw.to_numpy()[solved]
    return {
        "schema_version": SCHEMA_VERSION,
        "method": flow.method.name.lower(),
        "steps": len(status),
        "solved_steps": int(solved.sum()),
        "worst_residual_kva": _most(flow.residual_kva.to_numpy()[solved]),
        "lowest_voltages": low,
        "highest_voltages": high,
        "voltage_violations": {"buses": int(outside.any(axis=0).sum()), "bus_steps": int(outside.sum())},
        "highest_loadings": _worst_branches(flow, solved),
        "overloaded_branches": int((loading[solved] > 1.0).any(axis=0).sum()),
        "mean_losses_kw": float(losses_kw.mean()) if len(losses_kw) else None,
        "largest_losses_kw": _most(losses_kw),
        "mean_supply_kw": float(slack_kw.sum(axis=1).mean()) if len(slack_kw) else None,
        "largest_supply_kw": _most(slack_kw.sum(axis=1)),
        "buses_without_supply": int((~lit).sum()),
        "failures": [_failure(flow, int(step)) for step in np.flatnonzero(~solved)],
    }


def _failure(flow: PowerFlow, step: int) -> dict[str, Any]:
    status = Status(int(flow.status.to_numpy()[step]))
    reason = str(flow.reason.to_numpy()[step])
    return {"time": _stamp(flow, step), "status": status.name.lower(), "reason": reason}


def _most(values: NDArray[np.float64]) -> float | None:
    return float(values.max()) if len(values) else None


def _stamp(flow: PowerFlow, step: int) -> str:
    label = flow.status["time"].to_numpy()[step]
    return f"{np.datetime_as_string(label, unit='s')}Z" if label.dtype.kind == "M" else str(label)


def _worst_buses(flow: PowerFlow, solved: NDArray[np.bool_], *, largest: bool) -> list[dict[str, Any]]:
    if not solved.any() or not flow.energised.any():
        return []
    steps = np.flatnonzero(solved)
    v = flow.v_pu.to_numpy()[steps]
    at = v.argmax(axis=0) if largest else v.argmin(axis=0)
    value = v[at, np.arange(v.shape[1])]
    order = np.argsort(-value if largest else value, kind="stable")
    return [
        {"bus": str(flow.network.buses.id[bus]), "v_pu": float(value[bus]), "time": _stamp(flow, int(steps[at[bus]]))}
        for bus in order[flow.energised[order]][:WORST]
    ]


def _worst_branches(flow: PowerFlow, solved: NDArray[np.bool_]) -> list[dict[str, Any]]:
    steps = np.flatnonzero(solved)
    loading = flow.loading.to_numpy()[steps]
    if not loading.size:
        return []
    at = loading.argmax(axis=0)
    value = loading[at, np.arange(loading.shape[1])]
    order = np.argsort(-value, kind="stable")[:WORST]
    return [
        {
            "branch": str(flow.network.branch_ids[branch]),
            "loading": float(value[branch]),
            "current_a": float(flow.branch_a.to_numpy()[steps[at[branch]], branch]),
            "time": _stamp(flow, int(steps[at[branch]])),
        }
        for branch in order
        if value[branch] > 0
    ]


def summary_lines(summary: dict[str, Any]) -> Iterable[str]:
    """Tell the summary in words."""
    method, residual = summary["method"].replace("_", " "), summary["worst_residual_kva"]
    yield f"{summary['solved_steps']:,} of {summary['steps']:,} steps solved ({method})"
    if residual is not None:
        yield f"worst nodal residual {residual:.2g} kVA, evaluated from the network's tables"
    for name, key in (("lowest", "lowest_voltages"), ("highest", "highest_voltages")):
        for row in summary[key][:3]:
            yield f"{name} voltage {row['v_pu']:.5f} pu at bus {row['bus']}, {row['time']}"
    broken = summary["voltage_violations"]
    yield f"{broken['buses']:,} buses leave their voltage limits, in {broken['bus_steps']:,} bus-steps"
    for row in summary["highest_loadings"][:3]:
        yield f"loading {100 * row['loading']:.1f} % of {row['branch']} ({row['current_a']:.1f} A), {row['time']}"
    yield f"{summary['overloaded_branches']:,} branches are overloaded in some step"
    if summary["mean_losses_kw"] is not None:
        yield f"losses {summary['mean_losses_kw']:,.2f} kW on average, {summary['largest_losses_kw']:,.2f} kW at most"
        yield f"supply {summary['mean_supply_kw']:,.1f} kW on average, {summary['largest_supply_kw']:,.1f} kW at most"
    if summary["buses_without_supply"]:
        yield f"{summary['buses_without_supply']:,} buses have no supply"
    for failure in summary["failures"][:WORST]:
        yield f"FAILED {failure['time']}: {failure['status']}: {failure['reason']}"
    if len(summary["failures"]) > WORST:
        yield f"FAILED in {len(summary['failures']) - WORST:,} more steps, see steps.csv"


def write_flow(flow: PowerFlow, folder: Path, *, full: bool) -> dict[str, Any]:
    """Write summary.json, steps.csv, buses.csv, branches.csv and, if asked, flow.nc; return the summary."""
    folder.mkdir(parents=True, exist_ok=True)
    summary = summary_of(flow)
    write_atomically(folder / "summary.json", json.dumps(summary, ensure_ascii=False, indent=1).encode())
    for name, header, rows in _tables(flow):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        write_atomically(folder / name, text.getvalue().encode())
    if full:
        _write_arrays(flow, folder / "flow.nc")
    return summary


def _tables(flow: PowerFlow) -> Iterable[tuple[str, list[str], Iterable[Iterable[Any]]]]:
    status = flow.status.to_numpy()
    solved = status == Status.CONVERGED
    steps = [_stamp(flow, k) for k in range(len(status))]
    slack_kw, slack_kvar = flow.slack_kw.to_numpy().sum(axis=1), flow.slack_kvar.to_numpy().sum(axis=1)
    words = [Status(int(code)).name.lower() for code in status]
    columns = [flow.losses_kw.to_numpy(), slack_kw, slack_kvar, flow.residual_kva.to_numpy()]
    header = ["time", "status", "losses_kw", "slack_kw", "slack_kvar", "residual_kva", "reason"]
    yield "steps.csv", header, zip(steps, words, *columns, flow.reason.to_numpy(), strict=True)
    ends = {
        name: array.to_numpy()[solved] for name, array in (("v", flow.v_pu), ("l", flow.loading), ("a", flow.branch_a))
    }
    none = np.nan
    buses = [
        ends["v"].min(axis=0, initial=np.inf),
        ends["v"].mean(axis=0) if solved.any() else none,
        ends["v"].max(axis=0, initial=0.0),
    ]
    live = flow.energised
    rows = [np.where(live & solved.any(), column, none) for column in buses]
    yield "buses.csv", ["bus", "v_min_pu", "v_mean_pu", "v_max_pu"], zip(flow.network.buses.id, *rows, strict=True)
    most = [ends["l"].max(axis=0, initial=0.0), ends["a"].max(axis=0, initial=0.0)]
    header = ["branch", "max_loading", "max_current_a"]
    yield "branches.csv", header, zip(flow.network.branch_ids, *most, strict=True)


def _write_arrays(flow: PowerFlow, path: Path) -> None:
    """Write every array to NetCDF; the file appears only when it is complete."""
    names = ("v_pu", "angle_deg", "branch_a", "branch_kw", "branch_kvar", "branch_to_kw", "branch_to_kvar", "loading")
    sums = ("losses_kw", "slack_kw", "slack_kvar", "status", "residual_kva")
    first = flow.v_pu.to_dataset(name="v_pu")
    dataset = first.assign({name: getattr(flow, name) for name in (*names[1:], *sums)})
    draft = path.with_name(path.name + ".part")
    dataset.to_netcdf(draft, engine="h5netcdf")
    draft.replace(path)
