"""Map and figures: to scale, north up, with what is missing named and what is abnormal marked."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from shapely.geometry import MultiPolygon, Point, Polygon, box

from tests.twin.report_builders import (
    DISTRICTS,
    NO_VIOLATION,
    district,
    squares,
    summary,
)
from tests.twin.report_page import good_page, page
from twin.report import render_report
from twin.report_figures import demand_bands_mw, moved_mw
from twin.report_map import band_of, label_place


def test_what_is_missing_on_the_map_is_hatched_and_named() -> None:
    whole = summary(districts=(district("11680"), district("11999")))
    text = render_report(whole, squares(), "en")
    assert text.count('class="area missing"') == len(DISTRICTS) - 1
    assert "No result for (hatched): 11110, 11140, 11170, 11200, 11215." in text
    assert "Not on the map (no outline): 11999." in text


def test_a_map_without_gaps_names_none() -> None:
    text = page().text
    assert "No result for" not in text
    assert "Not on the map" not in text


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"worst_loading_plan": 0.999}, False),
        ({"worst_loading_plan": 1.08}, True),
        ({"worst_loading_plan": 0.6, "violation_minutes_plan": {**NO_VIOLATION, "undervoltage": 15.0}}, True),
    ],
)
def test_a_district_outside_limits_is_marked_by_sign_and_class(changes: dict[str, Any], broken: bool) -> None:
    text = render_report(summary(districts=(district(**changes),)), {"11680": squares()["11680"]}, "en")
    loading = f"{changes['worst_loading_plan'] * 100:.0f}</text>"
    assert ('class="area broken"' in text) is broken
    assert (f"▲ {loading}" in text) is broken
    assert loading in text


def test_the_map_lies_north_up_and_to_scale() -> None:
    boundaries = {"11680": box(127.0, 37.5, 127.1, 37.55), "11110": box(127.0, 37.55, 127.05, 37.6)}
    text = render_report(summary(districts=(district("11680"), district("11110"))), boundaries, "en")
    corners = [
        np.array([[float(part) for part in point.split()] for point in outline.split("L")])
        for outline in re.findall(r'<path d="M([^Z"]+)Z" class="area', text)
    ]
    south, north = (np.concatenate([found.min(axis=0), found.max(axis=0)]) for found in corners)
    assert south[0] == north[0] == pytest.approx(8.0)
    assert north[3] == pytest.approx(south[1])
    assert south[2] == pytest.approx(712.0)
    assert north[1] == pytest.approx(8.0)
    assert (south[2] - south[0]) / (north[2] - north[0]) == pytest.approx(2.0, abs=0.01)
    shape = (south[3] - south[1]) / (south[2] - south[0])
    assert shape == pytest.approx(0.5 / np.cos(np.radians(37.55)), abs=0.002)


def test_bands_of_loading_rise() -> None:
    assert [band_of(loading) for loading in (0.0, 0.5, 0.51, 0.7, 0.85, 0.9, 1.0)] == [0, 0, 1, 1, 2, 3, 3]


def test_a_label_lies_inside_its_district() -> None:
    bent = Polygon([(0, 0), (300, 0), (300, 60), (60, 60), (60, 300), (0, 300)])
    for outline in (bent, MultiPolygon([box(500, 0, 510, 10), bent]), box(0, 0, 12, 12)):
        assert outline.contains(Point(label_place(outline)))
    x, y = label_place(bent)
    assert (x, y) == pytest.approx((150, 30), abs=15)


def test_curves_of_the_figures() -> None:
    whole = summary()
    before, plan = moved_mw(whole)
    assert before == pytest.approx(np.array(whole.curves.vehicles_unmanaged_mw) + whole.curves.buses_unmanaged_mw)
    assert (plan - whole.curves.vehicles_plan_mw - whole.curves.buses_plan_mw).min() == pytest.approx(-16.0)
    bands = demand_bands_mw(whole)
    energies = [float(bands[name].sum()) for name in whole.curves.demand_mw if name in bands]
    ordered = [float(band.sum()) for name, band in bands.items() if name in whole.curves.demand_mw]
    assert ordered == sorted(energies, reverse=True)
    assert list(bands)[-4:] == ["assets", "vehicles", "buses", "batteries"]
    assert bands["batteries"].min() == 0.0


def drawn_levels(text: str, colour: str, clip: str) -> list[float]:
    found = re.search(rf'<path d="([^"]+)" clip-path="url\(#{clip}[^>]*stroke: var\(--{colour}\)', text)
    assert found
    return [float(y) for y in re.findall(r"[ML] ?[\d.]+ ([\d.]+)", found.group(1))]


def test_the_plan_is_drawn_to_scale() -> None:
    whole = summary()
    text = render_report(whole, squares(), "en")
    levels = np.array(drawn_levels(text, "plan", "load-wide"))[1:-1]
    values = np.repeat(np.array(whole.curves.supplied_plan_mw), 2)
    slope, _ = np.polyfit(values, levels, 1)
    assert slope < 0
    assert np.corrcoef(values, levels)[0, 1] == pytest.approx(-1.0, abs=1e-6)


def test_the_limit_is_drawn_at_its_level() -> None:
    whole = summary()
    text = render_report(whole, squares(), "en")
    levels = np.array(drawn_levels(text, "plan", "load-wide"))[1:-1]
    slope, offset = np.polyfit(np.repeat(np.array(whole.curves.supplied_plan_mw), 2), levels, 1)
    limit = drawn_levels(text, "ink", "load-wide")
    assert limit == pytest.approx([whole.curves.capacity_mw * slope + offset] * 2, abs=0.5)


def test_hours_stand_where_they_belong() -> None:
    text = good_page("en")
    drawing = text[text.index('class="chart wide"') : text.index('class="chart narrow"')]
    marks = re.findall(r'x="([\d.]+)"[^>]*>(\d\d:\d\d)</text>', drawing)
    assert [clock for _, clock in marks] == ["04:00", "07:00", "10:00", "13:00", "16:00", "19:00", "22:00", "01:00"]
    assert np.diff([float(x) for x, _ in marks]) == pytest.approx((760 - 56) / 8, abs=0.1)


def test_words_in_drawings_are_filled_in_and_colours_follow_the_page() -> None:
    text = good_page("ko")
    assert "[[" not in text
    assert ">일반용</text>" in text
    assert ">MW, 소비 +</text>" in text
    assert not re.search(r"(fill|stroke): #", text)
