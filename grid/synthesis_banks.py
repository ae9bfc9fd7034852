"""Substation banks: how many, which feeder hangs on which, and where their taps stand."""

from __future__ import annotations

import numpy as np

from grid.elements import Floats, Ints
from grid.synthesis_spec import BankType, PlanningRules

UNEVEN_AREAS = 0.95
"""Mean load of a district's substations over the load one may have, since their areas are not equal."""
LIGHT_LOAD_MARGIN_KV = 0.1
"""Room left below the band's upper end at light load, for the rise along cables."""


def substation_count(peak_kw: float, bank: BankType, rules: PlanningRules) -> int:
    """Substations of a district: its peak over the usual load of one, and enough for the banks they can hold."""
    full_kw = UNEVEN_AREAS * rules.banks_max * bank.rated_kva * rules.bank_target_loading * rules.power_factor
    return max(1, round(peak_kw / rules.substation_target_kw), int(np.ceil(peak_kw / full_kw)))


def assign_banks(load_kw: Floats, substation: Ints, bank: BankType, rules: PlanningRules) -> tuple[Ints, Ints]:
    """Bank of every feeder and substation of every bank.

    Parameters
    ----------
    load_kw
        Planning load of each feeder, shape (feeders, hours).
    substation
        Substation of each feeder.

    Notes
    -----
    Feeders go to banks from the largest to the smallest, each to the least loaded bank of its substation.
    """
    bank_of_feeder = np.empty(len(load_kw), dtype=np.int64)
    substation_of_bank: list[int] = []
    for station in range(int(substation.max()) + 1):
        mine = np.flatnonzero(substation == station)
        peak_kw = load_kw[mine].sum(axis=0).max()
        wanted = int(np.ceil(peak_kw / (rules.power_factor * bank.rated_kva * rules.bank_target_loading)))
        banks = max(rules.banks_min, wanted)
        size = load_kw[mine].max(axis=1)
        held = np.zeros(banks)
        for at in np.argsort(-size, kind="stable"):
            lightest = int(np.argmin(held))
            bank_of_feeder[mine[at]] = len(substation_of_bank) + lightest
            held[lightest] += size[at]
        substation_of_bank += [station] * banks
    return bank_of_feeder, np.array(substation_of_bank, dtype=np.int64)


def bank_impedance_ohm(bank: BankType, nominal_kv: float) -> complex:
    """Series impedance of a bank on its medium-voltage side."""
    base_ohm = nominal_kv**2 / (bank.base_kva / 1000.0)
    return complex(bank.r_percent, bank.x_percent) / 100.0 * base_ohm


def busbar_kv(source_kv: Floats, load_kw: Floats, load_kvar: Floats, bank: BankType, nominal_kv: float) -> Floats:
    r"""Busbar voltage behind a bank from the stiff voltage `source_kv` referred to its medium-voltage side.

    The larger root of :math:`V^4 + (2(PR + QX) - V_0^2) V^2 + (P^2 + Q^2)(R^2 + X^2) = 0`; NaN where there is none.
    """
    z = bank_impedance_ohm(bank, nominal_kv)
    p, q = load_kw / 1000.0, load_kvar / 1000.0
    half = source_kv**2 / 2.0 - (p * z.real + q * z.imag)
    root = half**2 - (p**2 + q**2) * abs(z) ** 2
    with np.errstate(invalid="ignore"):
        voltage: Floats = np.sqrt(half + np.sqrt(root))
    return voltage


def tap_ratios(peak_kw: Floats, charging_kvar: Floats, bank: BankType, rules: PlanningRules) -> Floats:
    """Choose the tap of each bank, as its turns ratio: busbar nearest to the sending voltage at the planning peak.

    Taps that would lift the busbar above the band at light load are left out as long as there are others. Lines give
    `charging_kvar` in both cases.
    """
    step = np.arange(-rules.tap_positions, rules.tap_positions + 1)
    ratio = 1.0 + step * rules.tap_step
    source_kv = np.asarray(rules.transmission_v_pu * rules.nominal_kv / ratio, dtype=np.float64)
    kvar_per_kw = np.tan(np.arccos(rules.power_factor))

    def busbar_at(share: float) -> Floats:
        load_kw = peak_kw[:, None] * share
        load_kvar = load_kw * kvar_per_kw - charging_kvar[:, None]
        return busbar_kv(source_kv, load_kw, load_kvar, bank, rules.nominal_kv)

    too_high = busbar_at(rules.light_load_share) > rules.v_max_kv - LIGHT_LOAD_MARGIN_KV
    miss = np.nan_to_num(np.abs(busbar_at(1.0) - rules.sending_kv), nan=1e3) + 1e2 * too_high
    best: Floats = ratio[np.argmin(miss, axis=1)]
    return best
