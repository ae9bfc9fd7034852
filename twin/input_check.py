"""The job that checks a file a user sent: every problem with its place and its fix; stored only when there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol

from data.city_folder import read_city_folder
from data.city_settings import SETTINGS_FILE
from data.depot_folder import read_depot_folder
from data.depot_settings import DEPOT_SETTINGS_FILE
from data.errors import InvalidInput, Problem
from data.safe_unzip import UnzipLimits, unzip
from data.weather_files import read_weather
from grid.network import Network
from grid.network_facts import network_facts
from twin.city import place_of
from twin.depot_case import depot_case
from twin.depot_planning import require_plannable
from twin.inputs import InputKind, store_input

MOST_LISTED = 1000
"""Problems that are handed back one by one; the rest is counted."""
LIMITS = UnzipLimits(suffixes=(".csv", ".toml", ".geojson", ".json", ".epw", ".md", ".txt"))
Facts = dict[str, str | float]


class CheckWork(Protocol):
    """What the worker gives the check."""

    @property
    def folder(self) -> Path:
        """A folder of the job's own."""

    @property
    def city(self) -> Path:
        """City folder that plans are made for; its place is that of weather files that name none."""

    def note(self, share: float, phase: str) -> None:
        """Tell how far the job is."""


def run_job(parameters: Mapping[str, Any], work: CheckWork) -> dict[str, Any]:
    """Check a file and store it when nothing is wrong with it.

    Parameters
    ----------
    parameters
        `kind` (of `InputKind`), `path` of the file as it was received, `name` its user gave it, `user`, `state_folder`.
    work
        The worker.

    Returns
    -------
    dict
        `problems` (fields of `data.errors.Problem`, at most `MOST_LISTED`), `count` of all, `stored` (the checksum, ""
        when there are problems) and `facts`.
    """
    kind, sent = InputKind(parameters["kind"]), Path(str(parameters["path"]))
    state_folder, name = Path(str(parameters["state_folder"])), str(parameters["name"])
    work.note(0.1, "check")
    try:
        content, facts = checked(kind, sent, name, work.folder, work.city)
    except InvalidInput as refused:
        problems = [asdict(_named(problem, work.folder, sent, name)) for problem in refused.problems]
        return {"problems": problems[:MOST_LISTED], "count": len(problems), "stored": "", "facts": {}}
    work.note(0.8, "store")
    stored = store_input(
        state_folder, kind, sent, content, name=name, user=str(parameters["user"]), facts=facts
    )  # fmt: skip
    return {"problems": [], "count": 0, "stored": stored.sha256, "facts": facts}


def checked(kind: InputKind, sent: Path, name: str, folder: Path, city: Path) -> tuple[Path, Facts]:
    """Return what of a file is kept, and what was found in it.

    Parameters
    ----------
    kind, sent, name
        What the file should hold, where it is, and what its user calls it.
    folder
        An empty folder to unpack into.
    city
        City whose place stands for weather files that name none.

    Raises
    ------
    InvalidInput
        With every problem.
    """
    readers: dict[InputKind, Callable[[Path], Facts]] = {
        InputKind.CITY: _city,
        InputKind.DEPOT: _depot,
        InputKind.NETWORK: _network,
        InputKind.WEATHER: lambda path: _weather(path, city),
    }
    suffix = sent.suffix.lower()
    if suffix not in SUFFIXES[kind]:
        fix = f"send one of: {', '.join(SUFFIXES[kind])}"
        raise InvalidInput([Problem(name, 0, "", f"'{suffix}' is no ending of a {kind.value} file", fix)])
    content = _unpacked(sent, folder / "unpacked", kind) if suffix == ".zip" else sent
    return content, readers[kind](content)


SUFFIXES: Mapping[InputKind, tuple[str, ...]] = {
    InputKind.CITY: (".zip",),
    InputKind.DEPOT: (".zip",),
    InputKind.NETWORK: (".zip", ".m"),
    InputKind.WEATHER: (".epw", ".csv"),
}
_ANCHORS = {
    InputKind.CITY: SETTINGS_FILE,
    InputKind.DEPOT: DEPOT_SETTINGS_FILE,
    InputKind.NETWORK: "network.csv",
}


def _unpacked(sent: Path, target: Path, kind: InputKind) -> Path:
    """Unpack an archive; its files may lie in one folder inside it."""
    target.mkdir(parents=True)
    unzip(sent, target, LIMITS)
    inside = [path for path in target.iterdir() if path.is_dir()]
    nested = not (target / _ANCHORS[kind]).exists() and len(inside) == 1 and (inside[0] / _ANCHORS[kind]).exists()
    return inside[0] if nested else target


def _city(path: Path) -> Facts:
    city = read_city_folder(path)
    assumed = sum(int(table["assumed"].sum()) for table in city.tables.values() if "assumed" in table)
    return {
        "name": city.settings.name,
        "districts": float(len(city.district_codes)),
        "tables": float(len(city.tables)),
        "rows": float(sum(len(table) for table in city.tables.values())),
        "assumed_rows": float(assumed),
    }


def _depot(path: Path) -> Facts:
    case = depot_case(read_depot_folder(path))
    require_plannable(case)
    return {
        "name": case.folder.name,
        "buses": float(case.problem.bus_count),
        "outlets": float(sum(charger.count for charger in case.problem.chargers)),
        "duties": float(len(case.folder.tables["duties"])),
        "hours": float(case.problem.step_h.sum()),
    }


def _network(path: Path) -> Facts:
    network = Network.from_tables(path) if path.is_dir() else Network.from_matpower(path)
    network_facts(network)
    return {
        "buses": float(len(network.buses.id)),
        "lines": float(len(network.lines.id)),
        "transformers": float(len(network.transformers.id)),
    }


def _weather(path: Path, city: Path) -> Facts:
    weather = read_weather(path, place_of(read_city_folder(city)))
    return {
        "kind": weather.kind.value,
        "hours": float(len(weather.times_utc) * weather.step_h),
        "from_utc": str(weather.times_utc[0].astype("datetime64[m]")),
        "lowest_c": round(float(weather.temp_c.min()), 1),
        "highest_c": round(float(weather.temp_c.max()), 1),
    }


def _named(problem: Problem, folder: Path, sent: Path, name: str) -> Problem:
    """Return a problem that names the user's file, never a path of this machine."""
    told = problem.file
    for root in (folder / "unpacked", sent.parent):
        told = told.replace(f"{root}/", "").replace(str(root), name)
    told = name if told in {sent.name, ""} else told.replace(sent.name, name)
    what, fix = (text.replace(str(folder), "").replace(sent.name, name) for text in (problem.what, problem.fix))
    return replace(problem, file=told, what=what, fix=fix)
