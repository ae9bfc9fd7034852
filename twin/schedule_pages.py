"""What the pages on charging need of a run besides its summary: one small overview, and a record a garage."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from data.errors import InvalidInput, Problem
from optimizers.explain import binding_limits, waits
from optimizers.replay import replay
from twin.day import CityDay
from twin.depot_departures import Departure, DepartureState, count_of, departures
from twin.depot_record import DepotRecord, GridPlace, record_bytes
from twin.ev_cohorts import Cohort
from twin.plan_replay import ENERGY_TOLERANCE_KWH
from twin.summary_parts import Outcome

CHARGING_FILE = "charging.json"
CHARGING_VERSION = 1
WORST = 100
"""Departures kept in the overview; a garage's own record has all of its own."""


@dataclass(frozen=True)
class GarageDepartures:
    """How the departures of a garage stand, and how many of its outlets stay free at the busiest time."""

    garage: str
    departures: int
    short: int
    tight: int
    short_kwh: float
    spare_outlets: int


@dataclass(frozen=True)
class AtRisk:
    """A departure that is short or tight, with the local clock of its times; see `twin.depot_departures.Departure`."""

    garage: str
    bus: str
    state: str
    leave: str
    begin: str
    act_by: str
    slack_h: float
    soc: float
    need_soc: float
    short_kwh: float


@dataclass(frozen=True)
class CohortFacts:
    """Vehicles of one cohort: sessions, energy, and how many leave with how much less than they need."""

    cohort: str
    sessions: int
    energy_kwh: float
    short: int
    short_kwh: float


@dataclass(frozen=True)
class ChargingOverview:
    """What the page of all schedules shows besides the summary; `at_risk` is the most urgent first."""

    garages: tuple[GarageDepartures, ...]
    at_risk: tuple[AtRisk, ...]
    cohorts: tuple[CohortFacts, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values with the schema's version."""
        return {"schema_version": CHARGING_VERSION, **asdict(self)}


def charging_from_json(document: Mapping[str, Any]) -> ChargingOverview:
    """Return an overview from what `ChargingOverview.as_json` wrote.

    Raises
    ------
    InvalidInput
        When another version of the schema wrote it.
    """
    version = document.get("schema_version")
    if version != CHARGING_VERSION:
        what = f"written with schema version {version}, this program reads {CHARGING_VERSION}"
        raise InvalidInput([Problem(CHARGING_FILE, 0, "schema_version", what, "make the run again")])
    return ChargingOverview(
        garages=tuple(GarageDepartures(**row) for row in document["garages"]),
        at_risk=tuple(AtRisk(**row) for row in document["at_risk"]),
        cohorts=tuple(CohortFacts(**row) for row in document["cohorts"]),
    )


def record_file(garage: str) -> str:
    """Return the name of a garage's record in the folder of its run."""
    return f"depots/{garage}.json.gz"


def page_files(day: CityDay, unmanaged: Outcome, planned: Outcome) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file the pages need."""
    garages, at_risk = [], []
    for name in planned.plan.depots:
        record = depot_record(day, unmanaged, planned, name)
        found = departures(record.problem, record.plan)
        garages.append(_garage_departures(record, found))
        at_risk += [(name, record, departure) for departure in found if departure.state is not DepartureState.SAFE]
        yield record_file(name), record_bytes(record)
    at_risk.sort(key=lambda row: (-row[2].short_kwh, row[2].slack_h or 0.0, row[2].leave))
    worst = tuple(_at_risk(name, record, departure) for name, record, departure in at_risk[:WORST])
    overview = ChargingOverview(tuple(garages), worst, _cohorts(day, planned))
    yield CHARGING_FILE, json.dumps(overview.as_json(), ensure_ascii=False).encode()


def depot_record(day: CityDay, unmanaged: Outcome, planned: Outcome, name: str) -> DepotRecord:
    """Return the record of one garage of a planned day."""
    garage, plan = day.garages[name], planned.plan.depots[name]
    problem, before = garage.problem, unmanaged.plan.depots[name]
    report = replay(problem, plan)
    return DepotRecord(
        garage=name,
        name_local=garage.garage.name_ko,
        name_en=garage.garage.name_en,
        district=garage.garage.district,
        service_date=day.planning.service_date.isoformat(),
        first_utc=str(day.planning.times_utc[0].astype("datetime64[s]")),
        timezone=day.city.folder.settings.timezone,
        problem=problem,
        plan=plan,
        fallback=planned.plan.fallbacks.get(name, ""),
        on_arrival_kw=before.grid_kw,
        on_arrival_krw=before.objective_krw,
        replayed_krw=report.cost,
        violations=report.violations,
        bindings=binding_limits(problem, plan),
        waits=waits(problem, plan),
        above=_above(day, planned, name),
    )


def _above(day: CityDay, planned: Outcome, name: str) -> tuple[GridPlace, ...]:
    grid, state = day.city.grid, planned.state
    feeder = int(grid.buses.feeder[day.city.garage_bus[name]])
    bank = int(grid.feeders.bank[feeder])
    return (
        GridPlace(
            str(grid.feeders.id[feeder]), state.feeder_kw[:, feeder].copy(), float(grid.feeders.rating_kw[feeder])
        ),
        GridPlace(str(grid.banks.id[bank]), state.bank_kw[:, bank].copy(), float(grid.banks.rating_kva[bank])),
    )


def _garage_departures(record: DepotRecord, found: tuple[Departure, ...]) -> GarageDepartures:
    plugged = np.array([(record.plan.plugged_class == c).sum(axis=0) for c in range(len(record.problem.chargers))])
    counts = np.array([[charger.count] for charger in record.problem.chargers])
    short = [departure for departure in found if departure.state is DepartureState.SHORT]
    return GarageDepartures(
        garage=record.garage,
        departures=len(found),
        short=len(short),
        tight=count_of(found, DepartureState.TIGHT),
        short_kwh=round(sum(departure.short_kwh for departure in short), 3),
        spare_outlets=int((counts - plugged).min(initial=0)),
    )


def _at_risk(name: str, record: DepotRecord, departure: Departure) -> AtRisk:
    def clock(step: int | None) -> str:
        labels = record.problem.labels
        return "" if step is None else labels[step % len(labels)]

    return AtRisk(
        garage=name,
        bus=departure.bus,
        state=departure.state.value,
        leave=clock(departure.leave),
        begin=clock(departure.begin),
        act_by=clock(departure.act_by),
        slack_h=departure.slack_h or 0.0,
        soc=round(departure.soc, 4),
        need_soc=round(departure.need_soc, 4),
        short_kwh=round(departure.short_kwh if departure.state is DepartureState.SHORT else 0.0, 3),
    )


def _cohorts(day: CityDay, planned: Outcome) -> tuple[CohortFacts, ...]:
    """Return the facts of every cohort that charges on the day."""
    sessions = day.sessions
    missing_kwh = np.maximum(sessions.energy_kwh - planned.plan.session_kw.sum(axis=1) * day.step_h, 0.0)
    missing_kwh[missing_kwh <= ENERGY_TOLERANCE_KWH] = 0.0
    found = []
    for cohort in Cohort:
        here = sessions.cohort == cohort
        if here.any():
            found.append(
                CohortFacts(
                    cohort=cohort.label,
                    sessions=int(here.sum()),
                    energy_kwh=round(float(sessions.energy_kwh[here].sum()), 1),
                    short=int((missing_kwh[here] > 0).sum()),
                    short_kwh=round(float(missing_kwh[here].sum()), 3),
                )
            )
    return tuple(found)
