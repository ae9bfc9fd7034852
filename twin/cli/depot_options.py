"""Options that the commands of `twin depot` share."""

from __future__ import annotations

from pathlib import Path

import click

from twin.cli.number import Number
from twin.ocpp_profiles import MAX_PERIODS, RateUnit
from twin.ocpp_rules import OcppVersion

FOLDER = click.argument("folder", type=click.Path(path_type=Path))
TIME_LIMIT = click.option(
    "--time-limit",
    "time_limit_s",
    type=Number(0.1, 86_400),
    default=60,
    show_default=True,
    help="Seconds of wall time; the best plan by then is given with its true gap.",
)
GAP = click.option(
    "--gap",
    type=Number(0, 1),
    default=1e-3,
    show_default=True,
    help="Relative gap at which a plan counts as optimal.",
)
OUT = click.option(
    "--out", type=click.Path(path_type=Path), help="Folder to be written; FOLDER/plan by default. Never overwritten."
)
OUT_REPLAN = click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder to be written; FOLDER/plan-TIME by default. Never overwritten.",
)
OCPP_UNIT = click.option(
    "--ocpp-unit",
    "unit",
    type=click.Choice([unit.value for unit in RateUnit]),
    default="W",
    show_default=True,
    help="Unit of the limits in OCPP profiles.",
)
OCPP_VOLTAGE = click.option(
    "--ocpp-voltage",
    "voltage_v",
    type=Number(50, 1500),
    default=230,
    show_default=True,
    help="Volts per phase, for amperes.",
)
OCPP_PHASES = click.option(
    "--ocpp-phases", "phases", type=click.IntRange(1, 3), default=3, show_default=True, help="Phases, for amperes."
)
OCPP_PERIODS = click.option(
    "--ocpp-max-periods",
    "max_periods",
    type=click.IntRange(1, MAX_PERIODS),
    default=MAX_PERIODS,
    show_default=True,
    help="Most periods a station takes in one schedule.",
)
MEMORY_LIMIT = click.option(
    "--memory-limit",
    "memory_limit_gb",
    type=Number(min=0.1),
    help="Gigabytes of memory; the best plan by then is given with its true gap.",
)
OCPP_FILES = {OcppVersion.V16: "ocpp16.json", OcppVersion.V201: "ocpp201.json"}
