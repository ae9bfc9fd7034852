"""Tables of emissions: factors of electricity and of the vehicles that electric ones replace."""

from __future__ import annotations

from data.city_tables.rules import Check
from data.schema import Parameter, TableSchema

TABLES: tuple[TableSchema, ...] = ()

PARAMETERS: tuple[Parameter, ...] = ()

CHECKS: tuple[Check, ...] = ()
