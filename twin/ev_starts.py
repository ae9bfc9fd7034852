r"""When sessions start: the start-time distributions that reproduce an observed shape of unmanaged charging.

A session of energy e at power p that starts at u spreads p over [u, u + e/p). With starts uniform inside an hour, the
share of a cohort's energy that falls k hours after the hour of its start is a kernel K_c(k), and the hour-of-day shape
of all cohorts c of one kind of charger, with shares of energy s_c and start distributions a_c, is the circular
convolution

.. math:: L(h) = \sum_c s_c \sum_k K_c(k) \, a_c(h - k).

The fit finds the a_c ≥ 0 with sum 1 that reproduce the observed L and stay closest to the priors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.special import ndtri

from data.calendar import DayType
from twin.ev_cohorts import HOURS, Charger, Cohort, CohortRules, EvModel

Floats = NDArray[np.float64]

PRIOR_WEIGHT = 0.1
"""Weight of the distance to the priors against the misfit of the shape; a larger one follows the priors more."""

SUM_WEIGHT = 1e3
"""Weight of ``sum(a_c) = 1``; what is left of its residual is divided away."""

QUANTILES = 64
START_POINTS = 32


def session_energies_kwh(rules: CohortRules, uniform: Floats) -> Floats:
    """Return session energies at quantiles `uniform` in (0, 1): log-normal with the cohort's mean and variation."""
    sigma = np.sqrt(np.log1p(rules.session_kwh_cv**2))
    return np.asarray(rules.session_kwh_mean * np.exp(sigma * ndtri(uniform) - 0.5 * sigma**2))


def energy_kernel(rules: CohortRules) -> Floats:
    """Return the (24,) share of a cohort's energy that falls k hours after the hour in which a session starts."""
    middle = (np.arange(QUANTILES) + 0.5) / QUANTILES
    energy = session_energies_kwh(rules, middle)[:, None, None]
    power = rules.size_kw[None, :, None]
    start = (np.arange(START_POINTS) + 0.5) / START_POINTS
    end = start + energy / power
    # a session may last beyond a day: hours k and k + 24 are the same hour of the day
    longest = int(np.ceil(end.max())) + 1
    kernel = np.zeros(HOURS)
    for hour in range(longest):
        inside = np.clip(np.minimum(end, hour + 1) - np.maximum(start, hour), 0, None)
        kernel[hour % HOURS] += float((inside * power * rules.size_share[None, :, None]).sum())
    return np.asarray(kernel / kernel.sum())


def fit_starts(kernels: Floats, energy_shares: Floats, priors: Floats, shape: Floats) -> Floats:
    """Return start distributions whose charging has the observed hour-of-day shape.

    Parameters
    ----------
    kernels
        (C, 24) from `energy_kernel`, for the cohorts of one kind of charger.
    energy_shares
        (C,) their shares of the energy, summing to 1.
    priors
        (C, 24) expected start distributions.
    shape
        (24,) observed share of the day's energy in each hour, summing to 1.

    Returns
    -------
    ndarray
        (C, 24) share of each cohort's sessions that start in each hour; every row sums to 1.
    """
    count = len(kernels)
    lag = (np.arange(HOURS)[:, None] - np.arange(HOURS)[None, :]) % HOURS
    to_shape = np.hstack([share * kernel[lag] for share, kernel in zip(energy_shares, kernels, strict=True)])
    closeness = PRIOR_WEIGHT * np.repeat(np.sqrt(energy_shares), HOURS)
    sums = np.kron(np.eye(count), np.ones(HOURS))
    matrix = np.vstack([to_shape, np.diag(closeness), SUM_WEIGHT * sums])
    target = np.concatenate([shape, closeness * priors.ravel(), np.full(count, SUM_WEIGHT)])
    starts = nnls(matrix, target)[0].reshape(count, HOURS)
    return np.asarray(starts / starts.sum(axis=1, keepdims=True))


def start_distributions(model: EvModel, day_type: DayType) -> Floats:
    """Return the (6, 24) share of each cohort's sessions that start in each local hour of a kind of day."""
    energy = cohort_energy_kwh(model)
    kernels = np.array([energy_kernel(rules) for rules in model.cohorts])
    starts = model.start_priors.copy()
    for charger in Charger:
        group = [rules.cohort for rules in model.cohorts if rules.charger is charger and energy[rules.cohort] > 0]
        if not group:
            continue
        shape = model.shape[day_type][charger]
        starts[group] = fit_starts(
            kernels[group], energy[group] / energy[group].sum(), model.start_priors[group], shape / shape.sum()
        )
    return starts


def cohort_energy_kwh(model: EvModel) -> Floats:
    """Return the (6,) energy each cohort charges on the mean day at mild weather, from registrations and uses."""
    energy = np.zeros(len(Cohort))
    for use in model.uses:
        if use.vehicle in model.categories:
            count = model.registered[:, model.categories.index(use.vehicle)].sum() * use.share
            energy += count * use.km_per_day * use.kwh_per_km * use.cohort_share
    return energy
