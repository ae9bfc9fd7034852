"""Figures: pure functions of data, all drawn in the one style and configuration of `figures.style`."""
