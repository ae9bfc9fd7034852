"""The settings of a city: its `city.toml`, read strictly."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from data.calendar import known_countries
from data.errors import ProblemList
from data.schema_text import read_text

FORMAT_VERSION = 1
"""Version of the city folder's format that this program reads."""

SETTINGS_FILE = "city.toml"

SYNTHETIC = "synthetic"
"""Value of `weather.source` for the seeded typical year."""


@dataclass(frozen=True)
class Setting:
    """One key of `city.toml`, with the bounds of a number or the pattern of a text."""

    section: str
    key: str
    kind: type
    meaning: str
    lower: float | None = None
    upper: float | None = None
    pattern: str = ""

    @property
    def name(self) -> str:
        """Dotted name, as TOML and messages write it."""
        return f"{self.section}.{self.key}" if self.section else self.key


SETTINGS = (
    Setting("", "schema_version", int, "Version of the folder's format.", lower=FORMAT_VERSION, upper=FORMAT_VERSION),
    Setting("city", "name", str, "Name of the city in Latin letters.", pattern=r".*\S.*"),
    Setting("city", "name_local", str, "Name of the city in its own language.", pattern=r".*\S.*"),
    Setting("city", "country", str, "ISO code of the country whose public holidays apply.", pattern=r"[A-Z]{2}"),
    Setting("city", "timezone", str, "Time zone of tariffs, timetables and pages, as in Asia/Seoul."),
    Setting("city", "currency", str, "ISO code of the money that names with `krw` count.", pattern=r"[A-Z]{3}"),
    Setting("city", "latitude", float, "Latitude of the city's centre, degrees.", lower=-90, upper=90),
    Setting("city", "longitude", float, "Longitude of the city's centre, degrees.", lower=-180, upper=180),
    Setting("city", "credits", str, "Whom maps and figures of this city must name; empty for nobody."),
    Setting("planning", "day_start", str, "Local time at which a planning day begins.", pattern=r"\d\d:\d\d"),
    Setting("planning", "step_min", int, "Length of a planning step, minutes; must divide an hour.", lower=1, upper=60),
    Setting("planning", "seed", int, "Seed of everything drawn at random.", lower=0, upper=2**32 - 1),
    Setting("weather", "source", str, "`synthetic`, or the path of a weather file relative to this folder."),
)


@dataclass(frozen=True)
class CitySettings:
    """What `city.toml` says; the meaning of each entry stands in `SETTINGS`."""

    schema_version: int
    name: str
    name_local: str
    country: str
    timezone: str
    currency: str
    latitude: float
    longitude: float
    credits: str
    day_start: time
    step_min: int
    seed: int
    weather_source: str

    @property
    def zone(self) -> ZoneInfo:
        """Time zone as an object."""
        return ZoneInfo(self.timezone)

    @property
    def step_h(self) -> float:
        """Length of a planning step in hours."""
        return self.step_min / 60


def read_settings(path: Path, problems: ProblemList) -> CitySettings | None:
    """Read `city.toml`, or return None after noting every missing, unknown and wrong entry."""
    before = len(problems)
    text = read_text(path, SETTINGS_FILE, problems, max_bytes=1_000_000)
    if text is None:
        return None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        problems.add(SETTINGS_FILE, f"not valid TOML: {error}", "correct the line", row=int(line[1]) if line else 0)
        return None
    _refuse_unknown(document, problems)
    values = {setting.name: _value(setting, document, problems) for setting in SETTINGS}
    if len(problems) > before:
        return None
    _check_meaning(values, problems)
    return _settings(values) if len(problems) == before else None


def _refuse_unknown(document: Mapping[str, object], problems: ProblemList) -> None:
    known = {setting.name for setting in SETTINGS}
    sections = {setting.section for setting in SETTINGS if setting.section}
    for key, value in document.items():
        entries = value if key in sections and isinstance(value, dict) else {}
        for name in [f"{key}.{entry}" for entry in entries] or [key]:
            if name not in known and name not in sections:
                fix = "remove it or correct its name; the settings are " + ", ".join(sorted(known))
                problems.add(SETTINGS_FILE, "there is no such setting", fix, field=name)


def _value(setting: Setting, document: Mapping[str, object], problems: ProblemList) -> object:
    section = document.get(setting.section, {}) if setting.section else document
    if not isinstance(section, dict) or setting.key not in section:
        problems.add(SETTINGS_FILE, "the setting is missing", f"add it: {setting.meaning}", field=setting.name)
        return None
    value = section[setting.key]
    wanted = {int: "a whole number", float: "a number", str: "a text in quotation marks"}[setting.kind]
    fits = isinstance(value, (int, float) if setting.kind is float else setting.kind) and not isinstance(value, bool)
    if not fits:
        problems.add(SETTINGS_FILE, f"{value!r} is not {wanted}", f"write {wanted}", field=setting.name)
    elif setting.pattern and not re.fullmatch(setting.pattern, str(value)):
        problems.add(SETTINGS_FILE, f"{value!r} has the wrong form", setting.meaning, field=setting.name)
    elif setting.lower is not None and setting.upper is not None and not setting.lower <= value <= setting.upper:
        fix = f"write a value from {setting.lower:g} to {setting.upper:g}"
        problems.add(SETTINGS_FILE, f"{value} is out of bounds", fix, field=setting.name)
    return value


def _check_meaning(values: Mapping[str, object], problems: ProblemList) -> None:
    def wrong(name: str, what: str, fix: str) -> None:
        problems.add(SETTINGS_FILE, f"{values[name]!r} {what}", fix, field=name)

    if values["city.timezone"] not in available_timezones():
        wrong("city.timezone", "is not a time zone", "write a name of the IANA list, such as Asia/Seoul")
    if values["city.country"] not in known_countries():
        wrong("city.country", "has no calendar of public holidays", "write a two-letter country code, such as KR")
    if 60 % int(str(values["planning.step_min"])):
        wrong("planning.step_min", "does not divide an hour", "write 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60")
        return
    try:
        start = time.fromisoformat(str(values["planning.day_start"]))
    except ValueError:
        wrong("planning.day_start", "is not a time of day", "write it as HH:MM")
        return
    if start.minute % int(str(values["planning.step_min"])):
        wrong("planning.day_start", "is not at the start of a step", "write a time whose minutes the step divides")


def _settings(values: Mapping[str, object]) -> CitySettings:
    text = {name: str(value) for name, value in values.items()}
    return CitySettings(
        schema_version=int(text["schema_version"]),
        name=text["city.name"],
        name_local=text["city.name_local"],
        country=text["city.country"],
        timezone=text["city.timezone"],
        currency=text["city.currency"],
        latitude=float(text["city.latitude"]),
        longitude=float(text["city.longitude"]),
        credits=text["city.credits"],
        day_start=time.fromisoformat(text["planning.day_start"]),
        step_min=int(text["planning.step_min"]),
        seed=int(text["planning.seed"]),
        weather_source=text["weather.source"],
    )
