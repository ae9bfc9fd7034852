"""Sessions, load points and tables for the tests of vehicles, buses and other city assets."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from data.city_folder import CityFolder, read_city_folder
from twin.ev_cohorts import Cohort, EvModel, ev_model
from twin.ev_hosts import Transformers
from twin.ev_sessions import Sessions

DATA = Path(__file__).resolve().parents[2] / "data"
STEPS, STEP_H = 96, 0.25
QUARTER = np.timedelta64(15, "m")
WORKDAY_UTC = np.datetime64("2026-11-23T19:00", "ns") + np.arange(STEPS) * QUARTER
"""Tuesday 2026-11-24, 04:00 in Seoul, and the day that follows."""


@lru_cache(maxsize=2)
def folder(name: str) -> CityFolder:
    """A shipped city folder, read once."""
    return read_city_folder(DATA / name)


def seoul_tables() -> dict[str, pd.DataFrame]:
    """Tables of the embedded city, to be changed freely."""
    return {name: table.copy() for name, table in folder("seoul").tables.items()}


@lru_cache(maxsize=1)
def seoul_ev() -> EvModel:
    """Vehicles of the embedded city."""
    return ev_model(folder("seoul").tables)


@lru_cache(maxsize=4)
def seoul_points(per_class: int = 60) -> Transformers:
    """Load points in every district: `per_class` of each of three contract classes."""
    rng = np.random.default_rng(11)
    districts = folder("seoul").district_codes
    classes = ("residential", "general", "industrial")
    count = len(districts) * len(classes) * per_class
    share = rng.dirichlet(np.full(per_class, 3.0), size=len(districts) * len(classes)).ravel()
    return Transformers(
        bus=np.arange(count) * 2 + 5,
        district=np.repeat(np.array(districts), len(classes) * per_class),
        contract_class=np.tile(np.repeat(np.array(classes), per_class), len(districts)),
        energy_share=share,
        rating_kva=rng.choice([150.0, 300.0, 500.0, 1000.0], count),
        x=np.full(count, 127.0),
        y=np.full(count, 37.5),
    )


def points_of(points: Transformers, district: str) -> Transformers:
    """The load points of one district."""
    here = points.district == district
    return Transformers(**{name: values[here] for name, values in vars(points).items()})


def sessions_from(rows: list[tuple[int, int, float, float, float, float, float, float]]) -> Sessions:
    """Sessions from (bus, cohort, arrive, wait, energy, power, slack, discharge power) in hours, kWh and kW."""
    bus, cohort, arrive, wait, energy, power, slack, discharge = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    start = arrive + wait
    return Sessions(
        vehicle=np.arange(len(rows)),
        bus=bus.astype(np.int64),
        district=np.full(len(rows), "11110"),
        cohort=cohort.astype(np.int64),
        arrive_h=arrive,
        start_h=start,
        depart_h=start + energy / power + slack,
        energy_kwh=energy,
        max_kw=power,
        discharge_kw=discharge,
        spare_kwh=np.where(discharge > 0, 0.4 * energy, 0.0),
    )


@st.composite
def session_rows(draw: st.DrawFn, *, v2g: bool = False) -> tuple[int, int, float, float, float, float, float, float]:
    """One session inside the day, at one of three buses."""
    power = draw(st.sampled_from([3.3, 7.0, 11.0, 45.0]))
    arrive = draw(st.floats(0, 16))
    energy = draw(st.floats(0.5, 5 * power))
    longest = 24 - arrive - energy / power
    wait = draw(st.floats(0, 1)) * min(longest, 3)
    slack = draw(st.floats(0, 1)) * max(longest - wait - 1e-6, 0)
    discharge = power if v2g and draw(st.booleans()) else 0.0
    cohort = int(draw(st.sampled_from([Cohort.HOME_SLOW, Cohort.PUBLIC_SLOW])))
    return draw(st.integers(0, 2)), cohort, arrive, wait, energy, power, slack, discharge
