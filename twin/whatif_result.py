"""What a what-if found, small enough for a row of the job ledger: figures, the feeders that changed, two curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from data.errors import InvalidInput, Problem
from twin.whatif_change import Change, change_from_json

RESULT_VERSION = 1


@dataclass(frozen=True)
class Extremes:
    """Highest loading and voltages of a feeder over the day, and how long it is outside limits.

    `loading` is that of `GridState.feeder_loading`; `transformer` the highest of its MV/LV transformers; voltages leave
    out buses without supply.
    """

    loading: float
    loading_step: int
    lowest_v_pu: float
    highest_v_pu: float
    transformer: float
    minutes_over: float


@dataclass(frozen=True)
class FeederChange:
    """A feeder before and after; a feeder that the change does not touch is not listed."""

    feeder: str
    district: str
    before: Extremes
    after: Extremes


@dataclass(frozen=True)
class LimitFinding:
    """An element outside its limit (see `LimitTable`); `minutes` of the day, worst at `step`."""

    kind: int
    element: str
    feeder: str
    step: int
    value: float
    limit: float
    use: float
    minutes: float
    severity_h: float


@dataclass(frozen=True)
class Totals:
    """The area that was solved, before or after.

    `outside` counts elements outside limits by the name of their `LimitKind`; `unserved_kw` is the highest load of
    buses without supply, `unserved_buses` their number; `energy_mwh` and `losses_mwh` of the day.
    """

    outside: Mapping[str, int]
    peak_kw: float
    energy_mwh: float
    losses_mwh: float
    unserved_buses: int
    unserved_kw: float
    rings: int
    converged_steps: int
    residual_kva: float


@dataclass(frozen=True)
class Curves:
    """(T,) of the feeder the change is made at: head power in kW, loading, lowest voltage, before and after."""

    feeder: str
    before_kw: tuple[float, ...]
    after_kw: tuple[float, ...]
    before_loading: tuple[float, ...]
    after_loading: tuple[float, ...]
    before_v_pu: tuple[float, ...]
    after_v_pu: tuple[float, ...]


@dataclass(frozen=True)
class WhatIfResult:
    """Before and after.

    `districts` and `substations` say what was solved; `appeared` and `disappeared` are the elements outside limits
    after and before only, `remaining` those in both (as they are after). The worst come first, `MOST_FINDINGS` each.
    """

    run_id: str
    change: Change
    districts: tuple[str, ...]
    substations: tuple[str, ...]
    buses: int
    steps: int
    before: Totals
    after: Totals
    feeders: tuple[FeederChange, ...]
    appeared: tuple[LimitFinding, ...]
    disappeared: tuple[LimitFinding, ...]
    remaining: tuple[LimitFinding, ...]
    curves: tuple[Curves, ...]
    wall_s: float

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values with the schema's version."""
        return {"schema_version": RESULT_VERSION, **asdict(self)}


def result_from_json(document: Mapping[str, Any]) -> WhatIfResult:
    """Return a result from what `WhatIfResult.as_json` wrote.

    Raises
    ------
    InvalidInput
        When it was written by another version of the schema.
    """
    if document.get("schema_version") != RESULT_VERSION:
        what = f"written with schema version {document.get('schema_version')}, this program reads {RESULT_VERSION}"
        raise InvalidInput([Problem("result", 0, "schema_version", what, "ask the what-if again")])
    plain: dict[str, Any] = {name: value for name, value in document.items() if name != "schema_version"}
    for name in ("appeared", "disappeared", "remaining"):
        plain[name] = tuple(LimitFinding(**row) for row in plain[name])
    for name in ("districts", "substations"):
        plain[name] = tuple(plain[name])
    for name in ("before", "after"):
        plain[name] = Totals(**plain[name])
    plain["change"] = change_from_json(plain["change"])
    plain["feeders"] = tuple(_feeder(row) for row in plain["feeders"])
    plain["curves"] = tuple(_curves(row) for row in plain["curves"])
    return WhatIfResult(**plain)


def _feeder(row: Mapping[str, Any]) -> FeederChange:
    return FeederChange(row["feeder"], row["district"], Extremes(**row["before"]), Extremes(**row["after"]))


def _curves(row: Mapping[str, Any]) -> Curves:
    return Curves(row["feeder"], *(tuple(row[name]) for name in Curves.__dataclass_fields__ if name != "feeder"))
