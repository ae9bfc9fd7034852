"""The job that plans a garage of a published run anew around sessions fixed by hand."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Protocol

from data.errors import InvalidInput, Problem
from data.store import RunStore
from optimizers.plan import NoPlan
from optimizers.solver import SolveLimits
from twin.depot_locks import Lock, planned_around
from twin.depot_record import DepotRecord, record_bytes, record_from_bytes
from twin.schedule_pages import record_file

TIME_LIMIT_S, GAP = 60.0, 1e-3


class DepotWork(Protocol):
    """What the worker gives a job of one garage."""

    @property
    def store(self) -> RunStore:
        """Published runs."""

    def note(self, share: float, phase: str) -> None:
        """Tell how far the job is."""


def run_job(parameters: Mapping[str, Any], work: DepotWork) -> dict[str, Any]:
    """Plan a garage around locks and hand back the record of the new plan.

    Parameters
    ----------
    parameters
        `run`, `garage`, and `locks`: the fields of `twin.depot_locks.Lock`, one mapping each.
    work
        The worker.

    Returns
    -------
    dict
        `status`, `reasons` (of a plan that is not there), and with a plan `record` (base64 of `record_bytes`),
        `cost_krw`, `before_krw`, `bound_krw`, `gap`.

    Raises
    ------
    InvalidInput
        When the run or the garage is not there, or a lock is none.
    """
    record = stored_record(work.store, str(parameters["run"]), str(parameters["garage"]))
    locks = [
        Lock(
            str(row["bus"]),
            int(row["start"]),
            int(row["stop"]),
            None if row["charger"] is None else str(row["charger"]),
        )
        for row in parameters["locks"]
    ]
    work.note(0.1, "plan")
    planned = planned_around(record, locks, SolveLimits(TIME_LIMIT_S, GAP))
    work.note(0.9, "replay")
    before_krw = record.replayed_krw.total_krw
    if isinstance(planned, NoPlan):
        return {"status": planned.status.value, "reasons": list(planned.reasons), "before_krw": before_krw}
    return {
        "status": planned.plan.status.value,
        "reasons": list(planned.plan.relaxed),
        "record": base64.b64encode(record_bytes(planned)).decode(),
        "cost_krw": planned.replayed_krw.total_krw,
        "before_krw": before_krw,
        "bound_krw": planned.plan.lower_bound_krw,
        "gap": planned.plan.gap,
    }


def stored_record(store: RunStore, run_id: str, garage: str) -> DepotRecord:
    """Return the record of a garage of a shown run.

    Raises
    ------
    InvalidInput
        When there is no such run or garage, or the run was made before records were kept.
    """
    found = store.ledger.get(run_id)
    name = record_file(garage)
    if found is None or not found.state.shown or name not in store.manifest(run_id)["files"]:
        what = f"the run {run_id} has no record of a garage {garage}"
        raise InvalidInput([Problem("runs", 0, "garage", what, "choose a garage of a published run")])
    return record_from_bytes((store.folder_of(run_id) / name).read_bytes())
