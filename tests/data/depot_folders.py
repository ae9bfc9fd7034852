"""Depot folders for tests: one small folder to vary, cell by cell."""

from __future__ import annotations

from pathlib import Path

TOML = """schema_version = 1
[depot]
name = "Yard"
timezone = "{zone}"
country = "KR"
[planning]
start = "2026-11-23T18:00"
hours = 12
step_min = 30
end_soc = 0.2
reserve_soc = 0.0
[sessions]
min_plug_min = 30
max_per_stay = 2
handover_min = 0
start_krw = 0
[site]
contract_kw = 200
import_limit_kw = 150
export_limit_kw = 0
base_kw = 0
month_to_date_peak_kw = 10
[tariff]
v2g_reward_krw_per_kwh = 0
[remedies]
outlet_hour_krw = 1000
connection_krw_per_kw = 100
late_krw_per_h = 20000
swap_krw = 1000
"""

FILES = {
    "buses.csv": "bus,type,soc,end_soc\n1,city,0.5,\n2,city,0.5,\n3,city,0.9,0.3\n",
    "bus_types.csv": (
        "type,battery_kwh,min_soc,max_soc,max_charge_kw,charge_efficiency,discharge_efficiency,standing_loss_kw,"
        "max_discharge_kw,warranty_discharge_kwh,taper_from_soc,taper_end_share\n"
        "city,200,0.1,1.0,100,1.0,1.0,0,0,,,\n"
    ),
    "duties.csv": (
        "duty,bus,departure,return,energy_kwh,departure_soc\n"
        "A,1,2026-11-24T04:00,2026-11-24T07:00,120,\n"
        "B,2,2026-11-24T04:30,2026-11-24T05:30,60,\n"
        "C,3,2026-11-23T17:00,2026-11-23T19:00,40,\n"
    ),
    "chargers.csv": (
        "charger,outlets,min_kw,max_kw,can_pause,max_discharge_kw,efficiency,cabinet,lane\ndc,1,0,100,true,0,1.0,,\n"
    ),
    "prices.csv": (
        "from,to,buy_krw_per_kwh,sell_krw_per_kwh,counts_for_demand\n"
        "2026-11-23T18:00,2026-11-23T22:00,200,0,true\n"
        "2026-11-23T22:00,2026-11-24T06:00,100,0,false\n"
    ),
}


def write_depot(folder: Path, *, zone: str = "Asia/Seoul", **changed: str | None) -> Path:
    """Write the small folder; `changed` gives other files by name without ending, None leaves one out.

    "duties" replaces `duties.csv`, "toml" replaces `depot.toml`.
    """
    folder.mkdir()
    files: dict[str, str | None] = {"depot.toml": TOML.replace("{zone}", zone), **FILES}
    for name, text in changed.items():
        files["depot.toml" if name == "toml" else f"{name}.csv"] = text
    for name, text in files.items():
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    return folder


def with_setting(old: str, new: str) -> str:
    """`depot.toml` with one line changed."""
    plain = TOML.replace("{zone}", "Asia/Seoul")
    assert old in plain
    return plain.replace(old, new)


def with_row(file: str, old: str, new: str) -> str:
    """A table with a part of its text changed."""
    assert old in FILES[file]
    return FILES[file].replace(old, new)
