"""What the map of the grid says in a sentence: how many districts or feeders lie in each band, and the worst."""

from __future__ import annotations

import numpy as np

from dash_app.answers.grid_facts import GridFacts
from dash_app.answers.grid_layers import BROKEN, band_of
from dash_app.figures.grid_map_feeders import MapView, feeder_text
from dash_app.words import Words
from twin.report_numbers import plain


def map_sentence(facts: GridFacts, shown: MapView, words: Words) -> str:
    """Return the sentence of the map, for the whole city or the chosen district."""
    feeders = facts.overview.feeders
    here = feeders.district == shown.district if shown.district else np.ones(len(feeders.id), dtype=bool)
    use = np.where(here, shown.values.feeder, np.nan)
    if not np.isfinite(use).any():
        return words("grid.map_nothing")
    place = facts.district_name(shown.district, words.lang) if shown.district else words("grid.whole_city")
    return words(
        f"grid.map_{shown.layer}",
        place=place,
        feeders=plain(int(here.sum())),
        broken=plain(int((band_of(use) == BROKEN).sum())),
        worst=feeder_text(facts, shown, int(np.nanargmax(use)), words),
    )
