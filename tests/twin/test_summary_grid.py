"""The brief of a run's grid: limits against a plain search, extremes, files, outlines."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from data.city_folder import read_city_folder
from data.errors import InvalidInput
from grid.synthesis_store import named_arrays
from tests.dash_app.grid_builders import Town
from tests.dash_app.grid_builders import town as small_town
from tests.twin.town import write_town
from twin.summary_grid import largest_by_group
from twin.summary_grid_file import overview_bytes, read_overview
from twin.summary_grid_types import LimitKind
from twin.summary_limits import limit_table
from twin.summary_outlines import outlines_bytes


@pytest.fixture(scope="module")
def town() -> Town:
    return small_town(1, 3.4)


def test_an_overloaded_feeder_is_listed_with_its_hours(town: Town) -> None:
    table, state = town.facts.overview.limits, town.states[1]
    use = np.abs(state.feeder_kw) / state.grid.feeders.rating_kw
    outside = use > 1.001
    rows = {
        str(table.element[n]): n for n in range(len(table)) if table.plan[n] == 1 and table.kind[n] == LimitKind.FEEDER
    }
    assert outside.any()
    for feeder in range(use.shape[1]):
        name = str(state.grid.feeders.id[feeder])
        if outside[:, feeder].any():
            row, steps = rows[name], np.flatnonzero(outside[:, feeder])
            assert table.minutes[row] == 60.0 * len(steps)
            assert (table.first_step[row], table.last_step[row]) == (steps[0], steps[-1])
            assert table.severity_h[row] == pytest.approx((use[steps, feeder] - 1.0).sum())
            assert table.step[row] == int(use[:, feeder].argmax())
            assert table.value[row] == pytest.approx(np.abs(state.feeder_kw[:, feeder]).max())
        elif name in rows:
            assert table.minutes[rows[name]] == table.severity_h[rows[name]] == 0.0
            assert table.first_step[rows[name]] == -1


def test_the_closest_of_every_district_are_listed(town: Town) -> None:
    state = town.states[0]
    table = limit_table([state], [town.loads_kva[0] * 0.0], 1.0, closest=2)
    use = (np.abs(state.feeder_kw) / state.grid.feeders.rating_kw).max(axis=0)
    for code in ("west", "east"):
        here = np.flatnonzero(state.grid.feeders.district == code)
        closest = set(state.grid.feeders.id[here[np.argsort(-use[here])[:2]]].tolist())
        listed = set(table.element[table.kind == LimitKind.FEEDER].tolist())
        assert closest <= listed
    none = limit_table([state], [town.loads_kva[0] * 0.0], 1.0, closest=0)
    assert (none.minutes > 0).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.integers(0, 10_000))
def test_largest_by_group_is_the_largest_of_each(sizes: list[int], seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(3, sum(sizes)))
    group = np.repeat(np.arange(0, 2 * len(sizes), 2), sizes)
    found = largest_by_group(group, 2 * len(sizes), values)
    for number in range(2 * len(sizes)):
        mine = values[:, group == number]
        expected = mine.max(axis=1) if mine.shape[1] else np.full(3, -np.inf)
        np.testing.assert_array_equal(found[:, number], expected)


def test_an_overview_survives_its_file(town: Town) -> None:
    overview = town.facts.overview
    again = read_overview(overview_bytes(overview))
    for (name, before), (other, after) in zip(named_arrays(overview), named_arrays(again), strict=True):
        assert name == other
        np.testing.assert_array_equal(before, after)
    assert isinstance(again.v_min_pu, float)


def broken_files(content: bytes) -> dict[str, bytes]:
    with np.load(io.BytesIO(content)) as stored:
        arrays = {name: stored[name] for name in stored.files}
    files = {"not a file": b"nothing of the kind", "cut": content[: len(content) // 2]}
    for name, changes in (("another version", {"schema_version": np.array(99)}), ("without a version", {})):
        kept = {key: array for key, array in arrays.items() if key != "schema_version"} | changes
        stream = io.BytesIO()
        np.savez(stream, **kept)  # type: ignore[arg-type]
        files[name] = stream.getvalue()
    stream = io.BytesIO()
    np.savez(stream, **{key: array for key, array in arrays.items() if key != "feeders.rating_kw"})  # type: ignore[arg-type]
    files["an array less"] = stream.getvalue()
    return files


@pytest.mark.parametrize("damage", ["not a file", "cut", "another version", "without a version", "an array less"])
def test_a_damaged_overview_is_refused(town: Town, damage: str) -> None:
    with pytest.raises(InvalidInput, match="make the run again"):
        read_overview(broken_files(overview_bytes(town.facts.overview))[damage])


def test_outlines_keep_common_borders_and_all_districts(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = read_city_folder(write_town(tmp_path_factory.mktemp("outlines")))
    document = json.loads(outlines_bytes(folder))
    shapes = {feature["id"]: shape(feature["geometry"]) for feature in document["features"]}
    assert tuple(shapes) == folder.district_codes
    for code, outline in shapes.items():
        assert outline.is_valid
        assert outline.area == pytest.approx(folder.boundaries[code].area, rel=0.05)
    pairs = [(a, b) for a in shapes for b in shapes if a < b]
    assert all(shapely.intersection(shapes[a], shapes[b]).area < 1e-9 for a, b in pairs)
    assert all(feature["properties"]["name_ko"] for feature in document["features"])
