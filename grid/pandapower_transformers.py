"""Two-winding transformers of pandapower tables: taps, short-circuit and no-load values turned into a π."""

from __future__ import annotations

from enum import Enum

import numpy as np

from grid.elements import Complexes, Floats, Transformers
from grid.pandapower_tables import TableReader


class UntypedTaps(Enum):
    """What a tap position means whose tap changer has no type (pandapower 3 ignores it, older versions applied it)."""

    REFUSE = "refuse"
    RATIO = "ratio"
    IGNORE = "ignore"


def read_transformers(reader: TableReader, base_kv: Floats, untyped_taps: UntypedTaps) -> Transformers:
    r"""Read the table `trafo`; whether a transformer is in service does not yet count switches.

    Referred to the low side at its actual tap, :math:`z = v_k U_l^2 / S`, :math:`|y| = i_0 S / U_l^2`, the shunt being
    in the middle of the series impedance (T), which is turned into the equal π. Formulas as in pandapower's
    documentation of the element, so that both tools solve the same circuit.
    """
    hv, lv = reader.positions("hv_bus", "bus"), reader.positions("lv_bus", "bus")
    _refuse_unusual(reader)
    hv_kv, lv_kv, shift = tapped_voltages(reader, untyped_taps)
    sn_mva, parallel = _positive(reader, "sn_mva"), _positive(reader, "parallel", 1.0)
    z, y = t_parameters(reader, lv_kv, sn_mva)
    z, y = pi_from_t(z / parallel, y * parallel)
    return Transformers(
        id=reader.ids("trafo"),
        from_bus=hv,
        to_bus=lv,
        r_ohm=z.real,
        x_ohm=z.imag,
        b_us=1e6 * y.imag,
        g_us=1e6 * y.real,
        ratio=(hv_kv / lv_kv) / (base_kv[hv] / base_kv[lv]),
        shift_deg=shift,
        rating_kva=1e3 * sn_mva * parallel * _positive(reader, "df", 1.0),
        in_service=reader.flags("in_service", default=True),
    )


def _positive(reader: TableReader, column: str, default: float | None = None) -> Floats:
    values = reader.numbers(column, default)
    reader.tell(values <= 0, column, "not positive", "give a positive number")
    return np.where(values > 0, values, 1.0)


def _refuse_unusual(reader: TableReader) -> None:
    tabled = reader.flags("tap_dependency_table", default=False)
    reader.tell(tabled, "tap_dependency_table", "taps by a table are not supported", "enter the values of this tap")
    for column in ("leakage_resistance_ratio_hv", "leakage_reactance_ratio_hv"):
        uneven = reader.numbers(column, 0.5) != 0.5
        reader.tell(uneven, column, "leakage split unevenly between the windings is not supported", "give 0.5")


def t_parameters(reader: TableReader, lv_kv: Floats, sn_mva: Floats) -> tuple[Complexes, Complexes]:
    """Series impedance in ohm and magnetising admittance in siemens of one unit, referred to `lv_kv`."""
    vk, vkr = reader.numbers("vk_percent") / 100.0, reader.numbers("vkr_percent") / 100.0
    reader.tell(vkr < 0, "vkr_percent", "resistance is negative", "check sign and unit")
    reader.tell(np.abs(vkr) > np.abs(vk), "vkr_percent", "larger than vk_percent", "check both")
    reader.tell(vk == 0, "vk_percent", "impedance is zero", "give the short-circuit voltage in percent")
    x = np.sign(vk) * np.sqrt(np.maximum(vk**2 - vkr**2, 0.0))
    z = (vkr + 1j * x) * lv_kv**2 / sn_mva
    iron_mw = reader.numbers("pfe_kw", 0.0) / 1e3
    idle_mva = reader.numbers("i0_percent", 0.0) / 100.0 * sn_mva
    reader.tell(iron_mw < 0, "pfe_kw", "no-load loss is negative", "check sign and unit")
    y = (iron_mw - 1j * np.sqrt(np.maximum(idle_mva**2 - iron_mw**2, 0.0))) / lv_kv**2
    return z, y


def pi_from_t(z: Complexes, y: Complexes) -> tuple[Complexes, Complexes]:
    """Return series impedance and total shunt of the π equal to half `z`, shunt `y`, half `z` (wye to delta)."""
    series = z + z**2 * y / 4.0
    return series, 2.0 * y / (2.0 + z * y / 2.0)


def t_from_pi(z: Complexes, y: Complexes) -> tuple[Complexes, Complexes]:
    """Undo `pi_from_t` (delta to wye)."""
    return 2.0 * z / (2.0 + z * y / 2.0), y + z * y**2 / 4.0


def tapped_voltages(reader: TableReader, untyped_taps: UntypedTaps) -> tuple[Floats, Floats, Floats]:
    """Rated voltages of both sides in kV at the actual taps, and the phase shift in degrees."""
    hv_kv, lv_kv = _positive(reader, "vn_hv_kv"), _positive(reader, "vn_lv_kv")
    shift = reader.numbers("shift_degree", 0.0)
    for tap in ("tap", "tap2"):
        if reader.has(f"{tap}_pos"):
            hv_kv, lv_kv, shift = _apply_tap(reader, tap, untyped_taps, (hv_kv, lv_kv, shift))
    return hv_kv, lv_kv, shift


def _apply_tap(
    reader: TableReader, tap: str, untyped_taps: UntypedTaps, state: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    r"""Move one tap changer: voltage and angle of its side by the number of steps off neutral.

    Ratio and symmetrical changers add :math:`n \delta U` at the angle of the step to the voltage of their side; ideal
    phase shifters turn the angle alone.
    """
    hv_kv, lv_kv, shift = state
    neutral = reader.numbers(f"{tap}_neutral", 0.0)
    position = reader.maybe_numbers(f"{tap}_pos")
    steps = np.where(np.isnan(position), 0.0, position - neutral)
    percent, degree = reader.numbers(f"{tap}_step_percent", 0.0), reader.numbers(f"{tap}_step_degree", 0.0)
    side = np.array(reader.texts(f"{tap}_side"), dtype=object)
    ideal, ratio = _kinds(reader, tap, untyped_taps, (steps != 0) & ((percent != 0) | (degree != 0)))
    ideal_deg = np.where(
        degree != 0, steps * degree, 2.0 * np.rad2deg(np.arcsin(np.clip(steps * percent / 200.0, -1.0, 1.0)))
    )
    added = 1.0 + steps * percent / 100.0 * np.exp(1j * np.deg2rad(degree))
    for name, sign in (("hv", 1.0), ("lv", -1.0)):
        here = side == name
        shift = shift + sign * np.where(here & ideal, ideal_deg, 0.0)
        shift = shift + sign * np.where(here & ratio, np.rad2deg(np.arctan(added.imag / added.real)), 0.0)
        scale = np.where(here & ratio, np.abs(added), 1.0)
        hv_kv, lv_kv = (hv_kv * scale, lv_kv) if name == "hv" else (hv_kv, lv_kv * scale)
    return hv_kv, lv_kv, shift


def _kinds(
    reader: TableReader, tap: str, untyped_taps: UntypedTaps, moved: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which tap changers shift the phase alone, and which change the ratio.

    Files from before pandapower 3 have no type but a flag for phase shifters: theirs are applied as they were then.
    """
    column = f"{tap}_changer_type"
    if not reader.has(column):
        ideal = reader.flags(f"{tap}_phase_shifter", default=False)
        return ideal, ~ideal
    kinds = np.array(reader.texts(column), dtype=object)
    known = np.isin(kinds, ["Ratio", "Symmetrical", "Ideal", ""])
    reader.tell(~known & moved, column, "kind of tap changer not supported", "use Ratio, Symmetrical or Ideal")
    untyped = kinds == ""
    if untyped_taps is UntypedTaps.REFUSE:
        what = "a tap off neutral whose tap changer has no type: pandapower 3 ignores it, older versions applied it"
        reader.tell(untyped & moved, column, what, "enter the type (Ratio for most), or say how to take untyped taps")
    ratio = np.isin(kinds, ["Ratio", "Symmetrical"]) | (untyped & (untyped_taps is UntypedTaps.RATIO))
    return kinds == "Ideal", ratio
