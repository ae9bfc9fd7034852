"""What a user may ask of `twin depot plan` besides a low cost, and how a plan that is cut short is told."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.data.depot_folders import FILES, with_row, with_setting, write_depot
from twin.cli import depot as cli
from twin.depot_case import DepotCase
from twin.depot_planning import PlannedDepot


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli.depot, [str(word) for word in words])


def document(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "plan.json").read_text())
    return found


def test_protection_is_priced_part_by_part_in_words_page_and_file(tmp_path: Path) -> None:
    """On a cold day with twice the energy buses 1 and 2 each need 40 kWh more, at 100 KRW."""
    folder = write_depot(tmp_path / "d", chargers=FILES["chargers.csv"].replace("dc,1,", "dc,2,"))
    made = run("plan", folder, "--cold-day", "2", "--late-buses", "1", "--late-minutes", "40", "--spare-charger")
    assert made.exit_code == 0, made.output
    assert "protection    any 1 late by 60 min: 0 KRW more" in made.output
    assert (
        "protection    cold day, duties × 2, standing × 1: 8,000 KRW more (proved: 8,000 to 8,000 KRW)" in made.output
    )
    assert "protection    loss of an outlet of every class: 0 KRW more" in made.output
    assert "cost          12,000 KRW" in made.output
    parts = {part["name"]: part for part in document(folder / "plan")["protection"]}
    assert set(parts) == {"late buses", "cold day", "lost outlets", "all"}
    assert parts["all"]["extra_krw"] == pytest.approx(8000, rel=1e-3)
    assert all(part["survived"] for part in parts.values())
    page = (folder / "plan" / "plan.html").read_text()
    assert "What protection costs" in page
    assert "cold day, duties × 2, standing × 1" in page


def test_protection_that_nothing_survives_says_which_part_and_writes_nothing(tmp_path: Path) -> None:
    folder = write_depot(tmp_path / "d")
    answer = run("plan", folder, "--spare-charger", "--cold-day", "1.1")
    assert answer.exit_code == 1
    assert "none was found that survives all that was asked for" in answer.stderr
    assert "loss of an outlet of every class: no plan" in answer.stderr
    assert "cold day, duties × 1.1, standing × 1: 0 KRW more" in answer.stderr
    assert not (folder / "plan").exists()


def test_goals_come_after_the_cost_in_their_order(tmp_path: Path) -> None:
    """40 kWh at one low price from 22:00 to 04:00: any power will do, and the lowest peak spreads it over six hours."""
    folder = write_depot(tmp_path / "d")
    made = run("plan", folder, "--goals", "cost,peak,starts,smooth", "--gap", "0.0001")
    assert made.exit_code == 0, made.output
    goals = {goal["goal"]: goal for goal in document(folder / "plan")["goals"]}
    assert list(goals) == ["peak", "starts", "smoothness"]
    assert goals["peak"]["value"] == pytest.approx(40 / 6, rel=2e-3)
    assert goals["peak"]["status"] == "optimal"
    assert "goal          highest import: 6.66" in made.output
    assert "the best at this cost" in made.output
    assert "cost          4,000 KRW" in made.output
    assert "Goals besides the cost" in (folder / "plan" / "plan.html").read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--late-buses", "2"], "--late-buses and --late-minutes belong together"),
        (["--late-minutes", "20"], "--late-buses and --late-minutes belong together"),
        (["--makeup-kwh", "20"], "--makeup-kwh needs --late-buses"),
        (["--cold-standing", "2"], "--cold-standing needs --cold-day"),
        (["--cold-day", "0.5"], "0.5 is not in the range"),
        (["--cold-day", "nan"], "not a finite number"),
        (["--time-limit", "nan"], "not a finite number"),
        (["--goals", "peak,cost"], "begin with cost"),
        (["--goals", "cost,peak,peak"], "once"),
        (["--goals", "cost,profit"], "is no list of goals"),
        (["--memory-limit", "0"], "0 is not in the range"),
    ],
)
def test_wishes_that_make_no_sense_are_refused(tmp_path: Path, options: list[str], words: str) -> None:
    folder = write_depot(tmp_path / "d")
    answer = run("plan", folder, *options)
    assert answer.exit_code == 2
    assert words in answer.output
    assert not (folder / "plan").exists()


def test_what_ocpp_cannot_say_is_said_once_for_each_outlet_and_no_power_is_negative(tmp_path: Path) -> None:
    """Selling at 300 what costs 100 later pays for a bus that stands all night."""
    folder = write_depot(
        tmp_path / "d",
        bus_types=with_row("bus_types.csv", "0,0,,,\n", "0,100,,,\n"),
        chargers=with_row("chargers.csv", "true,0,", "true,100,"),
        prices=FILES["prices.csv"].replace("200,0,true", "300,300,true"),
        toml=with_setting("export_limit_kw = 0", "export_limit_kw = 100").replace("hours = 12", "hours = 6"),
        duties="duty,bus,departure,return,energy_kwh\nC,3,2026-11-23T17:00,2026-11-23T18:30,0\n",
    )
    made = run("plan", folder)
    assert made.exit_code == 0, made.output
    said = [line for line in made.output.splitlines() if line.startswith("not in OCPP")]
    assert len(said) == 1
    assert "dc outlet 1 (station dc-1, connector 1)" in said[0]
    assert "cannot be asked for in OCPP 1.6 or 2.0.1" in said[0]
    assert "cannot be asked for in OCPP" in (folder / "plan" / "plan.html").read_text()
    for name in ("ocpp16.json", "ocpp201.json"):
        limits = _limits(json.loads((folder / "plan" / name).read_text()))
        assert limits
        assert min(limits) >= 0
    sent = run("send", folder / "plan", "--port", "0", "--time-limit", "0.2")
    assert "kWh fed back in the plan are not in this profile; OCPP 1.6 cannot ask for them" in sent.output


def _limits(document: Any) -> list[float]:
    if isinstance(document, dict):
        own = [float(document["limit"])] if "limit" in document else []
        return own + [limit for entry in document.values() for limit in _limits(entry)]
    return [limit for entry in document for limit in _limits(entry)] if isinstance(document, list) else []


@pytest.mark.parametrize("after_s", [0.0, 1.5])
def test_an_interrupt_writes_the_best_plan_so_far_with_its_true_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after_s: float
) -> None:
    assert run("new", "Yard", "--folder", tmp_path / "d").exit_code == 0
    plan_case = cli.plan_case

    def interrupted(case: DepotCase, *rest: Any) -> Any:
        press = threading.Timer(after_s, os.kill, (os.getpid(), signal.SIGINT))
        press.start()
        try:
            return plan_case(case, *rest)
        finally:
            press.join()

    monkeypatch.setattr(cli, "plan_case", interrupted)
    before = signal.getsignal(signal.SIGINT)
    made = run("plan", tmp_path / "d", "--time-limit", "300", "--gap", "0")
    assert made.exit_code == 0, made.output
    assert signal.getsignal(signal.SIGINT) is before
    assert "interrupted   this is the best plan so far" in made.output
    certificate = document(tmp_path / "d" / "plan")["certificate"]
    assert certificate["status"] in {"feasible", "fallback"}
    assert certificate["wall_s"] < 300
    assert certificate["gap"] is None or certificate["gap"] > 0
    assert certificate["replay_ok"] is True
    assert "Nothing was tried" in (tmp_path / "d" / "plan" / "why.html").read_text()


def test_a_memory_limit_gives_the_best_plan_so_far_never_worse_than_a_plain_rule(tmp_path: Path) -> None:
    assert run("new", "Yard", "--folder", tmp_path / "d").exit_code == 0
    made = run("plan", tmp_path / "d", "--memory-limit", "0.1")
    assert made.exit_code == 0, made.output
    found = document(tmp_path / "d" / "plan")
    assert found["certificate"]["status"] in {"feasible", "fallback"}
    assert found["certificate"]["gap"] is None or found["certificate"]["gap"] > 0.001
    assert found["cost_krw"]["total_krw"] <= min(found["baselines_krw"].values()) + 1e-6


def test_a_second_interrupt_ends_the_program() -> None:
    from twin.cli.interrupt import Interrupt  # noqa: PLC0415 — only here

    interrupt = Interrupt()
    interrupt.press(signal.SIGINT, None)
    assert interrupt()
    with pytest.raises(KeyboardInterrupt):
        interrupt.press(signal.SIGINT, None)


def test_a_planned_depot_has_no_prices_of_what_was_not_asked_for(tmp_path: Path) -> None:
    assert PlannedDepot.protections == ()
    folder = write_depot(tmp_path / "d")
    assert run("plan", folder).exit_code == 0
    found = document(folder / "plan")
    assert found["protection"] == []
    assert found["goals"] == []
