"""Tables of electricity demand: shapes by contract class, day type and season, response to temperature."""

from __future__ import annotations

from data.city_tables.rules import Check
from data.schema import Parameter, TableSchema

TABLES: tuple[TableSchema, ...] = ()

PARAMETERS: tuple[Parameter, ...] = ()

CHECKS: tuple[Check, ...] = ()
