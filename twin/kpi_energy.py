"""Energy, peak, losses and energy that was not delivered, by district: sums over arrays of power.

Every function takes power as step means in kW, time on the first axis, and labels of what stands on the second. Sums by
label come in the order of the labels asked for, and a label that is not among them is an error, not a loss.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import ProblemList

Floats = NDArray[np.float64]
Ids = NDArray[np.str_]
Times = NDArray[np.datetime64]


@dataclass(frozen=True)
class Peak:
    """Highest mean power of a step, kW, and the start of that step in UTC."""

    power_kw: float
    time_utc: np.datetime64


def sum_by_label(values: Floats, labels: Ids, wanted: tuple[str, ...]) -> Floats:
    """Sum the last axis over equal labels.

    Parameters
    ----------
    values
        Shape (..., n).
    labels
        Label of each entry of the last axis, shape (n,).
    wanted
        Labels of the result, each once.

    Returns
    -------
    numpy.ndarray
        Shape (..., len(wanted)); zeros where nothing bears the label.

    Raises
    ------
    InvalidInput
        When shapes differ, a value is not finite, or a label is not wanted.
    """
    problems = ProblemList()
    if values.shape[-1:] != labels.shape:
        what = f"{labels.shape[0]} labels for a last axis of {values.shape[-1:]}"
        problems.add("indicators", what, "Give each entry its label", field="labels")
    elif not np.isfinite(values).all():
        problems.add("indicators", "a value is not finite", "Leave out steps that were not solved", field="values")
    unknown = sorted(set(labels.tolist()) - set(wanted))
    if unknown:
        what = f"labels {', '.join(unknown[:5])} are not asked for"
        problems.add("indicators", what, "Ask for every label that occurs", field="labels")
    problems.raise_if_any()
    place = {label: at for at, label in enumerate(wanted)}
    columns = np.array([place[label] for label in labels.tolist()], dtype=np.int64)
    flat = values.reshape(-1, len(labels))
    sums = np.zeros((len(flat), len(wanted)))
    for row, total in zip(flat, sums, strict=True):
        total[:] = np.bincount(columns, row, len(wanted))
    return sums.reshape(*values.shape[:-1], len(wanted))


def energy_kwh(power_kw: Floats, step_h: float, labels: Ids, wanted: tuple[str, ...]) -> Floats:
    """Energy of the whole period by label, kWh; export (negative power) counts negative.

    Parameters
    ----------
    power_kw
        Step means, shape (T, n).
    step_h
        Length of a step, h.
    labels, wanted
        As in `sum_by_label`.
    """
    return sum_by_label(power_kw.sum(axis=0) * step_h, labels, wanted)


def exported_kwh(power_kw: Floats, step_h: float, labels: Ids, wanted: tuple[str, ...]) -> Floats:
    """Energy fed back by label, kWh, not negative: only steps of negative power at a single entry count."""
    return sum_by_label(np.maximum(-power_kw, 0.0).sum(axis=0) * step_h, labels, wanted)


def peak(power_kw: Floats, times_utc: Times) -> Peak:
    """Highest total of all entries, and when; the first step of several equal ones."""
    total_kw = power_kw.reshape(len(power_kw), -1).sum(axis=1)
    at = int(np.argmax(total_kw))
    return Peak(float(total_kw[at]), times_utc[at])


def load_factor(power_kw: Floats) -> float:
    """Mean over peak of the total, 1."""
    total_kw = power_kw.reshape(len(power_kw), -1).sum(axis=1)
    return float(total_kw.mean() / total_kw.max())


def unserved_kwh(wanted_kw: Floats, served_kw: Floats, step_h: float, labels: Ids, wanted: tuple[str, ...]) -> Floats:
    """Energy that consumers wanted and did not get, by label, kWh; getting more in one step does not pay for another.

    Parameters
    ----------
    wanted_kw, served_kw
        Step means, shape (T, n).
    step_h, labels, wanted
        As in `energy_kwh`.

    Raises
    ------
    InvalidInput
        When the shapes differ, besides what `sum_by_label` refuses.
    """
    return sum_by_label(_shortfall_kw(wanted_kw, served_kw).sum(axis=0) * step_h, labels, wanted)


def curtailed_kwh(available_kw: Floats, used_kw: Floats, step_h: float, labels: Ids, wanted: tuple[str, ...]) -> Floats:
    """Energy that generators could have given and did not, by label, kWh; as `unserved_kwh` otherwise."""
    return sum_by_label(_shortfall_kw(available_kw, used_kw).sum(axis=0) * step_h, labels, wanted)


def _shortfall_kw(whole_kw: Floats, part_kw: Floats) -> Floats:
    if whole_kw.shape != part_kw.shape:
        problems = ProblemList()
        what = f"shapes {whole_kw.shape} and {part_kw.shape} differ"
        problems.add("indicators", what, "Give both for the same steps and entries", field="power_kw")
        problems.raise_if_any()
    return np.maximum(whole_kw - part_kw, 0.0)
