"""Every table and parameter of a city folder, one file per topic.

To add a table to the city folder:

1. In the file of its topic, add a `TableSchema` to `TABLES`: name, columns (name with unit, `Kind`, meaning, bounds),
   key, meaning. The columns `source` and `assumed` are added to every table. A column whose values must exist in
   another table says so with ``refers_to="districts.code"``; a table with `longitude` and `latitude` that must lie
   inside the city says ``located=True``.
2. Put Seoul's rows into ``data/seoul/<name>.csv`` and explain each key of the column `source` under a heading of its
   own (``### key``) in ``data/seoul/SOURCES.md``.
3. Put a few rows for the small town of the template into ``data/template_town/<name>.csv``.
4. Rules between columns or tables go into `CHECKS` of the topic: functions that take the tables that could be read and
   a `ProblemList`.

Scalars (a factor, a limit, a price) are rows of the table `parameters`: add a `Parameter` to `PARAMETERS` of the topic
and a row to both ``parameters.csv`` files; read it with ``folder.parameter("name")``.
"""

from __future__ import annotations

from data.city_tables import (
    buses,
    city_assets,
    demand,
    districts,
    emissions,
    ev,
    flexible,
    grid,
    planning,
    solar,
    system,
    tariffs,
    weather,
)
from data.schema import Parameter, TableSchema

_TOPICS = (
    districts,
    tariffs,
    demand,
    weather,
    solar,
    grid,
    ev,
    buses,
    city_assets,
    flexible,
    emissions,
    planning,
    system,
)

ALL_TABLES: tuple[TableSchema, ...] = tuple(table for topic in _TOPICS for table in topic.TABLES)
ALL_PARAMETERS: tuple[Parameter, ...] = tuple(parameter for topic in _TOPICS for parameter in topic.PARAMETERS)
ALL_CHECKS = tuple(check for topic in _TOPICS for check in topic.CHECKS)


def table(name: str) -> TableSchema:
    """Give the schema of a table by its name; `KeyError` when there is none."""
    return {schema.name: schema for schema in ALL_TABLES}[name]
