"""Depot folders from imported trips: chargers, site and prices of a model depot, buses and duties of the timetable."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from data.depot_clock import BadTime, local_time, utc_of
from data.depot_folder import check_depot_folder
from data.depot_settings import DEPOT_SETTINGS_FILE, SHIPPED_SEOUL, DepotSettings
from data.depot_tables import (
    BUS_TYPES,
    BUSES,
    CABINETS,
    CHARGERS,
    COMPATIBILITY,
    DUTIES,
    MONTHLY_PEAKS,
    OUTLETS,
    PRICES,
    SITE,
    STAFF,
)
from data.errors import Problem, ProblemList
from data.new_folder import check_place, new_folder
from data.schema import TableSchema
from twin.buses_model import BusType
from twin.transit_blocks import GarageDay

COPIED = (CHARGERS, CABINETS, COMPATIBILITY, OUTLETS, STAFF, PRICES, SITE, MONTHLY_PEAKS)
"""Tables taken over from the model depot as they are."""

TRIPS_FILE = "trips.csv"
RECORD_FILE = "transit_import.json"


@dataclass(frozen=True)
class DepotModel:
    """The depot folder an import starts from: its place and its settings."""

    path: Path
    settings: DepotSettings


@dataclass(frozen=True)
class ImportDay:
    """The day that is imported: bus type, time zone, and the instant hours count from."""

    bus_type: BusType
    zone: ZoneInfo
    zero_utc: np.datetime64


def write_depot_folders(
    target: Path, days: Sequence[GarageDay], model: DepotModel, day: ImportDay, record: dict[str, object]
) -> None:
    """Write one depot folder a garage below `target`, which appears complete and checked, or not at all.

    Parameters
    ----------
    target
        Must not exist; its parent must.
    days
        What each garage does.
    model
        Depot whose chargers, site, staff and prices every garage gets.
    day
        Bus type and clock.
    record
        How the import was made, for `RECORD_FILE`.

    Raises
    ------
    InvalidInput
        `target` exists or cannot be made, or a folder does not pass the check of depot folders.
    """
    problems = ProblemList()
    check_place(target, problems)
    problems.raise_if_any()
    with new_folder(target) as draft:
        names = folder_names([own.garage for own in days])
        for own, name in zip(days, names, strict=True):
            _fill(draft / name, own, model, day)
            found = check_depot_folder(draft / name)
            problems.extend(Problem(f"{name}/{bad.file}", bad.row, bad.field, bad.what, bad.fix) for bad in found)
        problems.raise_if_any()
        _write_trips(draft / TRIPS_FILE, days, names, day)
        text = json.dumps(record, ensure_ascii=False, indent=1)
        (draft / RECORD_FILE).write_text(text + "\n", encoding="utf-8")


def folder_names(garages: Sequence[str]) -> list[str]:
    """Return a safe and unique folder name for each garage: letters, digits, dots and dashes of any language."""
    names: list[str] = []
    for garage in garages:
        plain = re.sub(r"[^\w.-]+", "_", garage).strip("._")[:60] or "garage"
        name, number = plain, 1
        while name in names:
            number += 1
            name = f"{plain}_{number}"
        names.append(name)
    return names


def local_text(time_utc: np.datetime64, zone: ZoneInfo) -> str:
    """Return the local time as depot folders write it, with its offset where clocks show it twice."""
    stamp = local_time(time_utc, zone)
    plain = stamp.replace(tzinfo=None).isoformat(timespec="seconds" if stamp.second else "minutes")
    try:
        unmistakable = utc_of(plain, zone) == time_utc
    except BadTime:
        unmistakable = False
    return plain if unmistakable else stamp.isoformat(timespec="seconds" if stamp.second else "minutes")


def _instant(zero_utc: np.datetime64, hours: float) -> np.datetime64:
    return zero_utc + np.timedelta64(round(hours * 3600), "s")


def _fill(folder: Path, own: GarageDay, model: DepotModel, day: ImportDay) -> None:
    folder.mkdir()
    for schema in COPIED:
        if (model.path / schema.filename).is_file():
            shutil.copyfile(model.path / schema.filename, folder / schema.filename)
    buses, duty_names = _names(own)
    kind = day.bus_type
    _write(folder, BUS_TYPES, [_type_row(kind)])
    _write(folder, BUSES, [{"bus": bus, "type": kind.id, "soc": f"{kind.max_soc:g}"} for bus in buses])
    _write(folder, DUTIES, _duty_rows(own, day, buses, duty_names))
    text = (model.path / DEPOT_SETTINGS_FILE).read_text(encoding="utf-8")
    settings = _settings(text, own, model, day)
    (folder / DEPOT_SETTINGS_FILE).write_text(settings, encoding="utf-8", newline="\n")


def _names(own: GarageDay) -> tuple[list[str], list[str]]:
    """Return the names of the buses and of the duties of a garage."""
    buses = [f"{number + 1:03d}" for number in range(own.bus_count)]
    return buses, [f"D{number + 1:04d}" for number in range(len(own.duties))]


def _write_trips(path: Path, days: Sequence[GarageDay], names: Sequence[str], day: ImportDay) -> None:
    """Write which duty drives which trip, for all garages."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(["garage", "trip", "route", "duty", "bus", "start", "end", "distance_km"])
        for garage, own in zip(names, days, strict=True):
            buses, duty_names = _names(own)
            for name, duty, bus in zip(duty_names, own.duties, own.bus, strict=True):
                for trip in duty.trips:
                    start, end = (
                        local_text(_instant(day.zero_utc, float(hours[trip])), day.zone)
                        for hours in (own.trips.start_h, own.trips.end_h)
                    )
                    km = f"{own.trips.distance_km[trip]:.3f}"
                    who = [garage, own.trips.id[trip], own.trips.route[trip], name, buses[bus]]
                    rows.writerow([*who, start, end, km])


def _type_row(kind: BusType) -> dict[str, str]:
    values = {
        "battery_kwh": kind.battery_kwh,
        "min_soc": kind.min_soc,
        "max_soc": kind.max_soc,
        "max_charge_kw": kind.max_charge_kw,
        "charge_efficiency": kind.charge_efficiency,
        "discharge_efficiency": kind.charge_efficiency,
        "standing_loss_kw": kind.standing_kw,
        "max_discharge_kw": kind.v2g_kw,
    }
    taper = {"taper_from_soc": kind.taper_from_soc, "taper_end_share": kind.taper_end_share}
    if kind.taper_from_soc < kind.max_soc:
        values |= taper
    return {"type": kind.id} | {name: f"{value:g}" for name, value in values.items()}


def _duty_rows(own: GarageDay, day: ImportDay, buses: list[str], names: list[str]) -> list[dict[str, str]]:
    rows = []
    for name, duty, bus in zip(names, own.duties, own.bus, strict=True):
        routes = dict.fromkeys(str(own.trips.route[trip]) for trip in duty.trips)
        rows.append(
            {
                "duty": name,
                "bus": buses[bus],
                "departure": local_text(_instant(day.zero_utc, duty.departure_h), day.zone),
                "return": local_text(_instant(day.zero_utc, duty.return_h), day.zone),
                "energy_kwh": f"{duty.energy_kwh:.3f}",
                "distance_km": f"{duty.distance_km:.3f}",
                "route": "+".join(routes),
            }
        )
    return rows


def _write(folder: Path, schema: TableSchema, rows: list[dict[str, str]]) -> None:
    text = io.StringIO()
    text.write(f"# table {schema.name}, version {schema.version}\n")
    table = csv.DictWriter(text, [column.name for column in schema.columns], restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    (folder / schema.filename).write_text(text.getvalue(), encoding="utf-8", newline="\n")


def horizon(own: GarageDay, settings: DepotSettings, day: ImportDay) -> tuple[np.datetime64, float]:
    """Return start and hours of the horizon of a garage.

    It starts on the service day at the model depot's hour, or at the whole hour before the first departure when that is
    earlier, and lasts as long as the model's, or until the last bus is back.
    """
    departs = min(duty.departure_h for duty in own.duties)
    clock = settings.text("planning.start")[11:16]
    start_h = min(int(clock[:2]) + int(clock[3:]) / 60, math.floor(departs))
    last_h = max(duty.return_h for duty in own.duties)
    return _instant(day.zero_utc, start_h), max(settings.number("planning.hours"), math.ceil(last_h - start_h))


def _settings(text: str, own: GarageDay, model: DepotModel, day: ImportDay) -> str:
    """Return the settings of the model depot with another name, zone and horizon, comments kept."""
    start, hours = horizon(own, model.settings, day)
    changes = {
        ("depot", "name"): json.dumps(own.garage, ensure_ascii=False),
        ("depot", "timezone"): json.dumps(day.zone.key),
        ("planning", "start"): json.dumps(local_text(start, day.zone)),
        ("planning", "hours"): f"{hours:g}",
    }
    city = model.settings.text("tariff.city_folder")
    if city and city != SHIPPED_SEOUL:
        changes["tariff", "city_folder"] = json.dumps(str((model.path / city).resolve()), ensure_ascii=False)
    section, lines = "", []
    for line in text.splitlines():
        if heading := re.match(r"\s*\[(\w+)\]", line):
            section = heading[1]
        key = re.match(r"\s*(\w+)\s*=", line)
        new = changes.pop((section, key[1]), None) if key else None
        lines.append(line if new is None or key is None else f"{key[1]} = {new}")
    if changes:
        problems = ProblemList()
        for section, name in changes:
            what, fix = "the setting has no line of its own", f"write it as '{name} = ...' below [{section}]"
            problems.add(str(model.path / DEPOT_SETTINGS_FILE), what, fix, field=f"{section}.{name}")
        problems.raise_if_any()
    return "\n".join(lines) + "\n"
