"""Rules between the tables of demand: each broken once, each named with its row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data.city_tables.demand import CHECKS, HOUR_COLUMNS
from data.contract_class import CONTRACT_CLASSES
from data.errors import ProblemList
from tests.twin.demand_builders import seoul_tables
from twin.demand_tables import class_response, demand_model


def problems_of(tables: dict[str, pd.DataFrame]) -> list[str]:
    problems = ProblemList()
    for check in CHECKS:
        check(tables, problems)
    return [str(problem) for problem in problems]


def test_the_embedded_tables_pass() -> None:
    assert problems_of(seoul_tables()) == []
    assert problems_of({}) == []


def test_a_missing_shape_is_named() -> None:
    tables = seoul_tables()
    shapes = tables["demand_shapes"]
    tables["demand_shapes"] = shapes[~((shapes["contract_class"] == "night") & (shapes["season"] == "summer"))]
    found = problems_of(tables)
    assert len(found) == 3
    assert "the shape of night base summer holiday is missing" in found[0]


def test_a_season_of_heating_is_refused_with_its_row() -> None:
    tables = seoul_tables()
    shapes = tables["demand_shapes"]
    row = shapes.index[shapes["component"] == "heating"][0]
    shapes.loc[row, "season"] = "winter"
    found = problems_of(tables)
    assert any(f"row {row}, season: heating has no season 'winter'" in text for text in found)
    assert any("is missing" in text for text in found)


def test_a_working_day_whose_mean_is_not_one_is_refused() -> None:
    tables = seoul_tables()
    shapes = tables["demand_shapes"]
    row = shapes.index[shapes["day_type"] == "workday"][2]
    shapes.loc[row, list(HOUR_COLUMNS)] *= 1.01
    (found,) = problems_of(tables)
    assert f"row {row}" in found
    assert "mean 1.01" in found


def test_classes_and_months_must_be_complete() -> None:
    tables = seoul_tables()
    tables["demand_response"] = tables["demand_response"].iloc[1:]
    tables["demand_activity"] = tables["demand_activity"].iloc[:-1]
    found = problems_of(tables)
    assert any("the class residential is missing" in text for text in found)
    assert any("agriculture has no factor for month 12" in text for text in found)


def test_heating_above_cooling_is_refused() -> None:
    tables = seoul_tables()
    tables["demand_response"].loc[tables["demand_response"].index[0], "heating_base_c"] = 25.0
    (found,) = problems_of(tables)
    assert "heating begins above" in found


def test_arrays_hold_what_the_rows_say_whatever_their_order() -> None:
    tables = seoul_tables()
    straight = class_response(tables)
    shuffled = {name: frame.sample(frac=1, random_state=4) for name, frame in tables.items()}
    mixed = class_response(shuffled)
    for name in straight.__dataclass_fields__:
        assert (getattr(straight, name) == getattr(mixed, name)).all()
    shapes = tables["demand_shapes"]
    row = shapes[
        (shapes["contract_class"] == "education")
        & (shapes["component"] == "cooling")
        & (shapes["day_type"] == "saturday")
    ]
    assert straight.cooling_shape[CONTRACT_CLASSES.index("education"), 1].tolist() == pytest.approx(
        row[list(HOUR_COLUMNS)].to_numpy()[0]
    )


def test_a_class_without_customers_has_no_demand_anywhere() -> None:
    tables = seoul_tables()
    model = demand_model(tables, ("11140", "11110"))
    agriculture = CONTRACT_CLASSES.index("agriculture")
    assert model.base_kw[0, agriculture] == 0.0
    assert model.base_kw[1, agriculture] > 0.0
    levels = tables["demand_levels"].set_index(["district", "contract_class"])
    assert model.base_kw[1, 0] == levels.loc[("11110", "residential"), "base_kw"]
    assert np.isfinite(model.cooling_kw_per_k).all()
