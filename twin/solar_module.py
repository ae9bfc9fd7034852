"""One kilowatt of modules on a roof: light on its plane, temperature of its cells, power behind its inverter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pvlib
from numpy.typing import NDArray

from data.solar_position import Sun, sun_at
from data.weather import Weather

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]

FINEST_STEP_H = 0.25


@dataclass(frozen=True)
class Roof:
    """A class of roofs.

    Attributes
    ----------
    name
        What it is called in tables and reports.
    tilt_deg, azimuth_deg
        Of the modules: from the horizontal, and clockwise from north (180 is south).
    heat_loss_w_per_m2_k, heat_loss_wind_w_per_m2_k_per_m_per_s
        How well the air cools the modules: the constant part and the part that grows with wind speed.
    """

    name: str
    tilt_deg: float
    azimuth_deg: float
    heat_loss_w_per_m2_k: float
    heat_loss_wind_w_per_m2_k_per_m_per_s: float


@dataclass(frozen=True)
class PvTechnology:
    """Modules and inverters of a fleet.

    Attributes
    ----------
    dc_ac_ratio
        Rating of the modules over that of the inverter.
    power_per_k
        Relative change of module power with cell temperature, 1/K, negative.
    module_efficiency
        At 1000 W/m² and 25 °C.
    inverter_efficiency
        At full load.
    loss_share
        Soiling, shade, mismatch, wiring, ageing and outages together, as a share of DC energy.
    albedo
        Of what lies around the modules.
    """

    dc_ac_ratio: float
    power_per_k: float
    module_efficiency: float
    inverter_efficiency: float
    loss_share: float
    albedo: float


def effective_irradiance_w_per_m2(weather: Weather, sun: Sun, roof: Roof, albedo: float) -> Floats:
    """Return the irradiance that reaches the cells of modules on a roof, W/m², shape (T,).

    Parameters
    ----------
    weather
        Step means, shape (T,).
    sun
        Its position in the middle of each step, shape (T,).
    roof
        Orientation of the modules.
    albedo
        Share of the light that the surroundings throw back.

    Notes
    -----
    Transposition by Hay and Davies (1980), reflection at the glass by Fresnel and Snell for the beam (De Soto et al.,
    Solar Energy 80 (2006), 78-88) and its integral over sky and ground for diffuse light (Marion, Solar Energy 147
    (2017), 344-348), all as implemented by pvlib. Zero while the sun is below the horizon.
    """
    plane = pvlib.irradiance.get_total_irradiance(
        roof.tilt_deg,
        roof.azimuth_deg,
        np.minimum(sun.zenith_deg, 90.0),
        sun.azimuth_deg,
        weather.dni_w_per_m2,
        weather.ghi_w_per_m2,
        weather.dhi_w_per_m2,
        dni_extra=sun.extraterrestrial_w_per_m2,
        albedo=albedo,
        model="haydavies",
    )
    angle = pvlib.irradiance.aoi(roof.tilt_deg, roof.azimuth_deg, sun.zenith_deg, sun.azimuth_deg)
    glass = pvlib.iam.marion_diffuse("physical", roof.tilt_deg)
    light = (
        plane["poa_direct"] * np.nan_to_num(pvlib.iam.physical(angle))
        + plane["poa_sky_diffuse"] * glass["sky"]
        + plane["poa_ground_diffuse"] * np.nan_to_num(glass["ground"])
    )
    return np.where(sun.cos_zenith > 0.0, np.maximum(np.nan_to_num(light), 0.0), 0.0)


def cell_temperature_c(weather: Weather, irradiance_w_per_m2: Floats, roof: Roof, module_efficiency: float) -> Floats:
    """Return the temperature of the cells, °C, shape (T,).

    Notes
    -----
    The balance of heat by Faiman with the electrical share taken out, in the form of PVsyst, as implemented by pvlib.
    """
    temperature = pvlib.temperature.pvsyst_cell(
        irradiance_w_per_m2,
        weather.temp_c,
        weather.wind_m_per_s,
        u_c=roof.heat_loss_w_per_m2_k,
        u_v=roof.heat_loss_wind_w_per_m2_k_per_m_per_s,
        module_efficiency=module_efficiency,
    )
    return np.asarray(temperature, dtype=float)


def ac_power_per_dc(irradiance_w_per_m2: Floats, cell_temp_c: Floats, technology: PvTechnology) -> Floats:
    """Return the power behind the inverter in kW for each kW of modules, shape (T,).

    Notes
    -----
    PVWatts version 5 (Dobos, NREL/TP-6A20-62641, 2014): power linear in irradiance and cell temperature, losses, a
    curve of inverter efficiency, and clipping at the inverter's rating of 1/dc_ac_ratio.
    """
    dc = pvlib.pvsystem.pvwatts_dc(irradiance_w_per_m2, cell_temp_c, 1.0, technology.power_per_k)
    dc = np.maximum(dc, 0.0) * (1.0 - technology.loss_share)
    dc_limit = 1.0 / technology.dc_ac_ratio / technology.inverter_efficiency
    return np.asarray(pvlib.inverter.pvwatts(dc, dc_limit, technology.inverter_efficiency), dtype=float)


def generation_per_dc(
    weather: Weather, roofs: tuple[Roof, ...], technology: PvTechnology, times_utc: Times, step_h: float
) -> Floats:
    """Return the mean generation of each step in kW for each kW of modules, by class of roof, shape (T, R).

    Parameters
    ----------
    weather
        Must cover the steps.
    roofs
        Classes of roofs, length R.
    technology
        Modules and inverters.
    times_utc, step_h
        Starts of the steps in UTC, shape (T,), and their length in h.

    Raises
    ------
    InvalidInput
        When the weather does not cover the steps.
    """
    parts = max(1, int(np.ceil(step_h / FINEST_STEP_H - 1e-9)))
    fine_h = step_h / parts
    fine_ns = np.timedelta64(round(fine_h * 3.6e12), "ns")
    starts = (times_utc[:, None] + np.arange(parts) * fine_ns).ravel()
    fine = weather.at(starts, fine_h)
    sun = sun_at(starts + fine_ns // 2, weather.place)
    columns = []
    for roof in roofs:
        light = effective_irradiance_w_per_m2(fine, sun, roof, technology.albedo)
        cells = cell_temperature_c(fine, light, roof, technology.module_efficiency)
        columns.append(ac_power_per_dc(light, cells, technology).reshape(-1, parts).mean(axis=1))
    return np.stack(columns, axis=1) if columns else np.zeros((len(times_utc), 0))
