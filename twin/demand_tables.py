"""The demand model from the tables of a city folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.city_tables.demand import DEMAND_DAY_TYPES, DEMAND_SEASONS, HOUR_COLUMNS
from data.contract_class import CONTRACT_CLASSES
from twin.demand import ClassResponse, DemandModel

Floats = NDArray[np.float64]


def demand_model(tables: Mapping[str, pd.DataFrame], districts: Sequence[str]) -> DemandModel:
    """Build the calibrated model of a city.

    Parameters
    ----------
    tables
        The checked tables `demand_shapes`, `demand_response`, `demand_activity` and `demand_levels` by name.
    districts
        Codes of the districts wanted, in the order of the result; levels of others are left out.
    """
    levels = tables["demand_levels"]
    return DemandModel(
        districts=tuple(districts),
        base_kw=_by_district_and_class(levels, "base_kw", districts),
        heating_kw_per_k=_by_district_and_class(levels, "heating_kw_per_k", districts),
        cooling_kw_per_k=_by_district_and_class(levels, "cooling_kw_per_k", districts),
        response=class_response(tables),
    )


def class_response(tables: Mapping[str, pd.DataFrame]) -> ClassResponse:
    """Build what the classes have in common from `demand_shapes`, `demand_response` and `demand_activity`."""
    shapes = tables["demand_shapes"].set_index(["component", "contract_class", "season", "day_type"])[
        list(HOUR_COLUMNS)
    ]
    response = tables["demand_response"].set_index("contract_class").loc[list(CONTRACT_CLASSES)]
    activity = tables["demand_activity"].pivot_table(index="contract_class", columns="month", values="factor")
    columns = {name: response[name].to_numpy(float) for name in response.columns if name not in {"source", "assumed"}}
    return ClassResponse(
        base_shape=_shapes(shapes, "base", DEMAND_SEASONS),
        heating_shape=_shapes(shapes, "heating", ("all",))[:, 0],
        cooling_shape=_shapes(shapes, "cooling", ("all",))[:, 0],
        activity=activity.loc[list(CONTRACT_CLASSES), list(range(1, 13))].to_numpy(float),
        **columns,
    )


def _shapes(shapes: pd.DataFrame, component: str, seasons: tuple[str, ...]) -> Floats:
    """Shapes of one part, (class, season, day type, hour)."""
    wanted = pd.MultiIndex.from_product([[component], CONTRACT_CLASSES, seasons, DEMAND_DAY_TYPES])
    return shapes.loc[wanted].to_numpy(float).reshape(len(CONTRACT_CLASSES), len(seasons), len(DEMAND_DAY_TYPES), 24)


def _by_district_and_class(levels: pd.DataFrame, column: str, districts: Sequence[str]) -> Floats:
    table = levels.pivot_table(index="district", columns="contract_class", values=column)
    return (
        table.reindex(index=list(districts), columns=list(CONTRACT_CLASSES), fill_value=0.0).fillna(0.0).to_numpy(float)
    )
