"""The one configuration of all charts: no tool bar, no link, nothing sent anywhere."""

from __future__ import annotations

from typing import Any

from twin.report_numbers import Lang


def graph_config(lang: Lang) -> dict[str, Any]:
    """Return the configuration of every chart: no tool bar, no link, nothing that asks another host."""
    return {
        "displayModeBar": False,
        "displaylogo": False,
        "showSendToCloud": False,
        "showEditInChartStudio": False,
        "plotlyServerURL": "",
        "responsive": True,
        "scrollZoom": False,
        "doubleClick": "reset",
        "locale": lang.value,
    }
