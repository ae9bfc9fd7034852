"""The settings of a depot: its `depot.toml`, read strictly; every missing, unknown and wrong entry is listed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from data.calendar import known_countries
from data.depot_tables import LARGEST_SITE_KW
from data.errors import ProblemList
from data.schema_text import read_text

DEPOT_FORMAT_VERSION = 1
"""Version of the depot folder's format that this program reads."""

DEPOT_SETTINGS_FILE = "depot.toml"

SHIPPED_SEOUL = "seoul"
"""Value of `tariff.city_folder` for the tables that come with the program."""

OPTIONAL_SECTIONS = ("demand", "wear", "battery")
"""Sections that may be left out as a whole; an optional section that is there must be complete."""


@dataclass(frozen=True)
class DepotSetting:
    """One key of `depot.toml`, with the bounds of a number or the pattern of a text."""

    section: str
    key: str
    kind: type
    meaning: str
    lower: float | None = None
    upper: float | None = None
    pattern: str = ""
    required: bool = True

    @property
    def name(self) -> str:
        """Dotted name, as TOML and messages write it."""
        return f"{self.section}.{self.key}" if self.section else self.key


_V = DEPOT_FORMAT_VERSION
_KW = LARGEST_SITE_KW
_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d([+-]\d\d:\d\d)?"

DEPOT_SETTINGS = (
    DepotSetting("", "schema_version", int, "Version of the folder's format.", lower=_V, upper=_V),
    DepotSetting("depot", "name", str, "Name of the depot.", pattern=r".*\S.*"),
    DepotSetting("depot", "timezone", str, "Time zone of every clock time, as in Asia/Seoul."),
    DepotSetting("depot", "country", str, "ISO code of the country whose holidays count.", pattern=r"[A-Z]{2}"),
    DepotSetting("planning", "start", str, "First step, local time YYYY-MM-DDThh:mm.", pattern=_STAMP),
    DepotSetting("planning", "hours", float, "Length of the horizon, h.", lower=1, upper=168),
    DepotSetting("planning", "step_min", int, "Length of a step, minutes; must divide an hour.", lower=1, upper=60),
    DepotSetting("planning", "end_soc", float, "Least state of charge at the end, a share.", lower=0, upper=1),
    DepotSetting("planning", "reserve_soc", float, "Above the need at departure, a share.", lower=0, upper=0.5),
    DepotSetting("sessions", "min_plug_min", float, "Shortest time a bus is plugged, min.", lower=0, upper=720),
    DepotSetting("sessions", "max_per_stay", int, "Most times a bus is plugged in a stay.", lower=1, upper=100),
    DepotSetting("sessions", "handover_min", float, "Time an outlet stays empty, min.", lower=0, upper=120),
    DepotSetting("sessions", "start_krw", float, "Labour to plug and unplug once.", lower=0, upper=1e6),
    DepotSetting("site", "contract_kw", float, "Contract power, kW.", lower=1, upper=_KW),
    DepotSetting("site", "import_limit_kw", float, "Most from the grid, kW.", lower=0, upper=_KW),
    DepotSetting("site", "export_limit_kw", float, "Most to the grid, kW.", lower=0, upper=_KW),
    DepotSetting("site", "base_kw", float, "Own load besides the buses, kW.", lower=0, upper=_KW),
    DepotSetting("site", "month_to_date_peak_kw", float, "Highest demand of this month so far.", lower=0, upper=_KW),
    DepotSetting("tariff", "city_folder", str, "City folder of the plan, or seoul.", required=False),
    DepotSetting("tariff", "plan", str, "Tariff plan of that city.", required=False),
    DepotSetting("tariff", "sell_krw_per_kwh", float, "Paid for energy sold.", -10_000, 100_000, required=False),
    DepotSetting("tariff", "v2g_reward_krw_per_kwh", float, "Paid on top for V2G.", lower=0, upper=100_000),
    DepotSetting("demand", "krw_per_kw_month", float, "Demand charge.", lower=0, upper=1e6),
    DepotSetting("demand", "floor_share", float, "Least billing demand over the contract.", lower=0, upper=1),
    DepotSetting("demand", "months", list, "Months (1 to 12) whose peaks count for twelve months."),
    DepotSetting("wear", "cell_krw_per_kwh", float, "Price of new cells.", lower=0, upper=5e6),
    DepotSetting("wear", "calendar_krw_per_kwh_h", float, "Cost of holding a kWh for an hour.", lower=0, upper=1000),
    DepotSetting("wear", "calendar_free_soc", float, "Share that costs no calendar wear.", lower=0, upper=1),
    DepotSetting("battery", "min_kwh", float, "Least stored energy.", lower=0, upper=1e6),
    DepotSetting("battery", "max_kwh", float, "Most stored energy.", lower=0, upper=1e6),
    DepotSetting("battery", "initial_kwh", float, "Stored at the start.", lower=0, upper=1e6),
    DepotSetting("battery", "terminal_min_kwh", float, "Least stored at the end.", lower=0, upper=1e6),
    DepotSetting("battery", "max_charge_kw", float, "Most it takes.", lower=0, upper=_KW),
    DepotSetting("battery", "max_discharge_kw", float, "Most it gives.", lower=0, upper=_KW),
    DepotSetting("battery", "charge_efficiency", float, "From bus bar to cells.", lower=0.5, upper=1),
    DepotSetting("battery", "discharge_efficiency", float, "From cells to bus bar.", lower=0.5, upper=1),
    DepotSetting("battery", "wear_krw_per_kwh", float, "Wear per kWh given.", lower=0, upper=1e5),
    DepotSetting("remedies", "outlet_hour_krw", float, "An outlet more for an hour.", lower=0, upper=1e9),
    DepotSetting("remedies", "connection_krw_per_kw", float, "A kW more for the day.", lower=0, upper=1e9),
    DepotSetting("remedies", "late_krw_per_h", float, "A bus an hour late.", lower=0, upper=1e9),
    DepotSetting("remedies", "swap_krw", float, "A swap of duties.", lower=0, upper=1e9),
)


@dataclass(frozen=True)
class DepotSettings:
    """What `depot.toml` says: values by dotted name, as in ``settings.number("site.contract_kw")``.

    The meaning of each entry stands in `DEPOT_SETTINGS`; entries of optional sections may be absent.
    """

    values: Mapping[str, Any]

    def number(self, name: str) -> float:
        """Value of a number."""
        return float(self.values[name])

    def text(self, name: str) -> str:
        """Value of a text, "" when it is absent."""
        return str(self.values.get(name, ""))

    def has(self, section: str) -> bool:
        """Whether an optional section is there."""
        return any(name.startswith(f"{section}.") for name in self.values)

    @property
    def zone(self) -> ZoneInfo:
        """Time zone as an object."""
        return ZoneInfo(self.text("depot.timezone"))

    @property
    def step_min(self) -> int:
        """Length of a step in minutes."""
        return int(self.values["planning.step_min"])

    @property
    def demand_months(self) -> tuple[int, ...]:
        """Months whose peaks count for twelve months, by the section `demand`."""
        return tuple(self.values["demand.months"])


def read_depot_settings(path: Path, problems: ProblemList) -> DepotSettings | None:
    """Read `depot.toml`, or return None after noting every missing, unknown and wrong entry."""
    before = len(problems)
    text = read_text(path, DEPOT_SETTINGS_FILE, problems, max_bytes=1_000_000)
    if text is None:
        return None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        row = int(line[1]) if line else 0
        problems.add(DEPOT_SETTINGS_FILE, f"not valid TOML: {error}", "correct the line", row=row)
        return None
    _refuse_unknown(document, problems)
    values: dict[str, Any] = {}
    for setting in DEPOT_SETTINGS:
        value = _value(setting, document, problems)
        if value is not None:
            values[setting.name] = value
    _check_meaning(values, problems)
    return DepotSettings(values) if len(problems) == before else None


def _refuse_unknown(document: Mapping[str, object], problems: ProblemList) -> None:
    known = {setting.name for setting in DEPOT_SETTINGS}
    sections = {setting.section for setting in DEPOT_SETTINGS if setting.section}
    for key, value in document.items():
        entries = value if key in sections and isinstance(value, dict) else {}
        for name in [f"{key}.{entry}" for entry in entries] or [key]:
            if name not in known and name not in sections:
                fix = "remove it or correct its name; the settings are " + ", ".join(sorted(known))
                problems.add(DEPOT_SETTINGS_FILE, "there is no such setting", fix, field=name)


def _value(setting: DepotSetting, document: Mapping[str, Any], problems: ProblemList) -> object:
    if setting.section in OPTIONAL_SECTIONS and setting.section not in document:
        return None
    section = document.get(setting.section, {}) if setting.section else document
    if not isinstance(section, dict) or setting.key not in section:
        if setting.required:
            fix = f"add it: {setting.meaning}"
            problems.add(DEPOT_SETTINGS_FILE, "the setting is missing", fix, field=setting.name)
        return None
    value = section[setting.key]
    wrong = _wrong(setting, value)
    if wrong is not None:
        what, fix = wrong
        problems.add(DEPOT_SETTINGS_FILE, what, fix, field=setting.name)
        return None
    return value


def _wrong(setting: DepotSetting, value: object) -> tuple[str, str] | None:
    wanted = {int: "a whole number", float: "a number", str: "a text in quotation marks", list: "a list"}[setting.kind]
    fits = isinstance(value, (int, float) if setting.kind is float else setting.kind) and not isinstance(value, bool)
    if not fits:
        return f"{value!r} is not {wanted}", f"write {wanted}"
    if setting.pattern and not re.fullmatch(setting.pattern, str(value)):
        return f"{value!r} has the wrong form", setting.meaning
    low, high = setting.lower, setting.upper
    if isinstance(value, int | float) and low is not None and high is not None and not low <= value <= high:
        return f"{value:g} is out of bounds", f"write a value from {low:g} to {high:g}: {setting.meaning}"
    return None


def _check_meaning(values: Mapping[str, Any], problems: ProblemList) -> None:
    def wrong(name: str, what: str, fix: str) -> None:
        problems.add(DEPOT_SETTINGS_FILE, f"{values[name]!r} {what}", fix, field=name)

    if "depot.timezone" in values and values["depot.timezone"] not in available_timezones():
        wrong("depot.timezone", "is not a time zone", "write a name of the IANA list, such as Asia/Seoul")
    if "depot.country" in values and values["depot.country"] not in known_countries():
        wrong("depot.country", "has no calendar of public holidays", "write a two-letter country code, such as KR")
    step_min, hours = values.get("planning.step_min"), values.get("planning.hours")
    if step_min and 60 % step_min:
        wrong("planning.step_min", "does not divide an hour", "write 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60")
    elif step_min and "planning.start" in values and int(values["planning.start"][14:16]) % step_min:
        wrong("planning.start", "is not at the start of a step", "write a time whose minutes the step divides")
    elif step_min and hours and hours * 60 % step_min:
        wrong("planning.hours", f"is no whole number of steps of {step_min} min", "round it")
    if not all(isinstance(month, int) and 1 <= month <= 12 for month in values.get("demand.months", [])):
        wrong("demand.months", "is not a list of months", "write numbers from 1 to 12, as in [7, 8, 9, 12, 1, 2]")
    contract_kw, peak_kw = values.get("site.contract_kw"), values.get("site.month_to_date_peak_kw")
    if contract_kw is not None and peak_kw is not None and peak_kw > contract_kw:
        fix = "give the peak of this month in kW, or the contract it was drawn under"
        wrong("site.month_to_date_peak_kw", f"kW is above the contract of {contract_kw:g} kW", fix)
    _check_battery(values, wrong)


def _check_battery(values: Mapping[str, Any], wrong: Any) -> None:
    if not all(f"battery.{name}" in values for name in ("min_kwh", "max_kwh", "initial_kwh", "terminal_min_kwh")):
        return
    low, high = values["battery.min_kwh"], values["battery.max_kwh"]
    if not low < high:
        wrong("battery.max_kwh", f"is not above min_kwh, {low:g}", "give the window in kWh, the lower end first")
        return
    if not low <= values["battery.initial_kwh"] <= high:
        wrong("battery.initial_kwh", f"is outside {low:g} to {high:g} kWh", "give the energy stored at the start")
    if values["battery.terminal_min_kwh"] > high:
        wrong("battery.terminal_min_kwh", f"is above max_kwh, {high:g}", "give at most max_kwh")
