"""Planning, tables, charts, reasons and sizes of a small depot, checked against arithmetic done by hand."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.depot_folder import read_depot_folder
from data.depot_state import read_depot_state
from data.errors import InvalidInput
from optimizers.baselines import cheapest_baseline
from optimizers.depot_sizing import Works
from optimizers.plan import DepotPlan, NoPlan, PlanStatus
from optimizers.problem import DepotProblem
from optimizers.solver import SolveLimits
from tests.data.depot_folders import FILES, with_row, with_setting, write_depot
from twin import depot_size
from twin.depot_case import DepotCase, depot_case, replan_case
from twin.depot_day import judge_day, verdict_lines
from twin.depot_outputs import json_text, plan_document, plan_files, write_folder
from twin.depot_page import plan_page, why_page
from twin.depot_planning import PlannedDepot, certificate_lines, certified, plan_case
from twin.depot_size import size_depot, size_lines
from twin.depot_tables import buses_at_bus_bar_kw
from twin.depot_why import binding_sentences, extension_sentence, reasons_of, wait_sentences, waiting_h

LIMITS = SolveLimits(20.0, 1e-3)


def case_of(folder: Path) -> DepotCase:
    return depot_case(read_depot_folder(folder))


def planned_depot(folder: Path) -> PlannedDepot:
    planned = plan_case(case_of(folder), LIMITS)
    assert isinstance(planned, PlannedDepot)
    return planned


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> PlannedDepot:
    return planned_depot(write_depot(tmp_path_factory.mktemp("depots") / "depot"))


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_plan_costs_what_arithmetic_says(small: PlannedDepot) -> None:
    """Bus 1 has 100 and needs 140 at 04:00; bus 2 has 100, needs 60 and 40 at the end; bus 3 is full enough.

    Off-peak energy costs 100: 40 kWh for 4,000 won.
    """
    assert small.plan.status is PlanStatus.OPTIMAL
    assert small.certificate.replay_ok
    assert small.certificate.objective_krw == pytest.approx(4000, rel=1e-6)
    assert small.certificate.gap <= 1e-3
    assert small.certificate.lower_bound_krw <= 4000 + 1e-6
    assert small.certificate.max_voltage_violation_pu is None


def test_the_certificate_is_said_in_words(small: PlannedDepot) -> None:
    text = "\n".join(certificate_lines(small))
    for word in ("optimal", "4,000 KRW", "lower bound", "gap", "every rule kept", "input", "code", "saving"):
        assert word in text


def test_a_plan_that_breaks_a_rule_is_not_certified(small: PlannedDepot) -> None:
    stolen = replace(small.plan, charge_kw=small.plan.charge_kw * 0)
    found = certified(small.case, stolen)
    assert not found.certificate.replay_ok
    assert found.certificate.status is PlanStatus.FAILED
    assert found.violations
    assert found.sessions == ()


def test_tables_agree_with_the_plan_and_with_each_other(small: PlannedDepot) -> None:
    files = {name: rows(text) for name, text in plan_files(small).items() if name.endswith(".csv")}
    by_charger, by_bus = files["schedule_by_charger.csv"], files["schedule_by_bus.csv"]
    charged = sum(float(row["energy_kwh"]) for row in by_charger)
    assert charged == pytest.approx(40, abs=0.02)
    assert sum(float(row["energy_kwh"]) for row in by_bus if row["kind"] == "charge") == pytest.approx(charged)
    assert {row["duty"] if "duty" in row else row["bus"] for row in by_bus if row["kind"] == "duty"} == {"1", "2", "3"}
    drawn = -sum(float(row["energy_kwh"]) for row in by_bus if row["kind"] == "duty")
    assert drawn == pytest.approx(small.case.problem.trip_kwh.sum(), abs=0.02)
    points = sum(float(row["power_kw"]) * 0.5 for row in files["set_points.csv"])
    assert points == pytest.approx(charged, abs=0.02)
    site = files["site_power.csv"]
    np.testing.assert_allclose([float(row["grid_kw"]) for row in site], small.plan.grid_kw, atol=1e-3)
    np.testing.assert_allclose([float(row["buses_kw"]) for row in site], buses_at_bus_bar_kw(small), atol=1e-3)
    assert by_charger[0]["from"].endswith("+09:00")


def test_what_flows_through_the_connection_is_what_is_used(tmp_path: Path) -> None:
    """With lossy chargers, PV, own load and a site battery the balance holds in every step of the table."""
    battery = (
        "[battery]\nmin_kwh = 0\nmax_kwh = 20\ninitial_kwh = 10\nterminal_min_kwh = 10\nmax_charge_kw = 20\n"
        "max_discharge_kw = 20\ncharge_efficiency = 0.9\ndischarge_efficiency = 0.9\nwear_krw_per_kwh = 1\n[remedies]"
    )
    folder = write_depot(
        tmp_path / "d",
        chargers=FILES["chargers.csv"].replace("0,1.0,,", "0,0.8,,"),
        site="from,to,base_kw,pv_kw\n2026-11-23T18:00,2026-11-24T06:00,15,4\n",
        toml=with_setting("[remedies]", battery),
    )
    planned = planned_depot(folder)
    site = rows(plan_files(planned)["site_power.csv"])
    column = {name: np.array([float(row[name]) for row in site]) for name in site[0] if name != "time"}
    used = column["buses_kw"] + column["base_kw"] + column["battery_kw"] - column["pv_used_kw"]
    np.testing.assert_allclose(column["grid_kw"], used, atol=2e-3)
    assert column["buses_kw"].sum() * 0.5 == pytest.approx(40 / 0.8, rel=1e-3)


def test_the_document_holds_the_certificate_and_is_plain_json(small: PlannedDepot) -> None:
    document = json.loads(json_text(plan_document(small)))
    assert document["certificate"]["status"] == "optimal"
    assert document["certificate"]["input_sha256"] == small.case.folder.content_sha256
    assert document["cost_krw"]["total_krw"] == pytest.approx(4000)
    assert document["sessions"][0]["charger"] == "dc"
    assert json.loads(json_text({"bound": float("-inf"), "rows": [float("nan"), 1.5]})) == {
        "bound": None,
        "rows": [None, 1.5],
    }


def test_pages_stand_alone_and_show_the_certificate(small: PlannedDepot) -> None:
    page, why = plan_page(small), why_page(small, reasons_of(small, LIMITS))
    for text in (page, why):
        assert text.startswith("<!DOCTYPE html>")
        assert not re.search(r"(src|href)=|url\(|@import|<script", text)
        assert "4,000 KRW" in text
        assert "every rule kept" in text
    assert page.count("<svg") == 3
    assert page.count('class="duty"') == 3
    assert "Power of the site" in page


def test_names_cannot_break_a_page(tmp_path: Path) -> None:
    buses = FILES["buses.csv"].replace("1,city", "<b>1,city")
    duties = FILES["duties.csv"].replace("A,1,", "A,<b>1,")
    toml = with_setting('"Yard"', '"<script>alert(1)</script> 차고"')
    planned = planned_depot(write_depot(tmp_path / "depot", buses=buses, duties=duties, toml=toml))
    page = plan_page(planned)
    assert "<script" not in page
    assert "<b>" not in page
    assert "차고" in page


def test_feeding_back_is_drawn_and_counted(tmp_path: Path) -> None:
    """Selling at 300 what costs 100 later pays for a bus that stands all night."""
    types = with_row("bus_types.csv", "0,0,,,\n", "0,100,,,\n")
    chargers = with_row("chargers.csv", "true,0,", "true,100,")
    prices = FILES["prices.csv"].replace("200,0,true", "300,300,true")
    toml = with_setting("export_limit_kw = 0", "export_limit_kw = 100").replace("hours = 12", "hours = 6")
    duties = "duty,bus,departure,return,energy_kwh\nC,3,2026-11-23T17:00,2026-11-23T18:30,0\n"
    folder = write_depot(tmp_path / "d", bus_types=types, chargers=chargers, prices=prices, toml=toml, duties=duties)
    planned = planned_depot(folder)
    assert planned.plan.discharge_kw.sum() > 0
    assert planned.certificate.objective_krw < 0
    assert 'class="feed"' in plan_page(planned)
    charged = [float(row["energy_kwh"]) for row in rows(plan_files(planned)["schedule_by_charger.csv"])]
    assert sum(charged) < 0


def test_reasons_name_what_binds_and_what_more_is_worth(tmp_path: Path) -> None:
    """At 5 kW the 40 kWh that bus 1 lacks take eight hours: six at the low price and two at the high one."""
    planned = planned_depot(
        write_depot(tmp_path / "d", chargers=FILES["chargers.csv"].replace("0,100,true", "0,5,true"))
    )
    problem = planned.case.problem
    reasons = reasons_of(planned, LIMITS)
    said = " / ".join(binding_sentences(problem, reasons.bindings))
    assert "every outlet of dc is taken" in said
    assert "bus 1 leaves with no more than it needs: at 24 Nov 04:00" in said
    assert planned.certificate.objective_krw == pytest.approx(30 * 100 + 10 * 200, rel=1e-3)
    more = reasons.extensions[0]
    assert more.worth is not None
    assert more.worth.saved_krw <= more.worth.at_most_krw
    assert "one more outlet of dc" in extension_sentence(more)
    assert "100 kW more of grid connection" in extension_sentence(reasons.extensions[-1])


def test_waits_are_said_bus_by_bus(small: PlannedDepot) -> None:
    reasons = reasons_of(small, LIMITS)
    assert any(
        "bus 1, 18:00" in sentence and "cheaper energy" in sentence
        for sentence in wait_sentences(small.case.problem, reasons.waits)
    )
    assert sum(waiting_h(small.case.problem, reasons.waits).values()) > 0


def test_a_connection_that_binds_is_worth_something(tmp_path: Path) -> None:
    """Base load leaves 4 kW of the connection: what is missing must be bought early, at the high price."""
    site = "from,to,base_kw\n2026-11-23T18:00,2026-11-24T06:00,146\n"
    planned = planned_depot(write_depot(tmp_path / "d", site=site))
    reasons = reasons_of(planned, LIMITS)
    worth = reasons.extensions[-1].worth
    assert worth is not None
    assert worth.saved_krw == pytest.approx((40 - 6 * 4) * 100, rel=1e-2)
    assert worth.at_least_krw <= worth.saved_krw <= worth.at_most_krw
    assert any(
        "connection of the site is used up" in s for s in binding_sentences(planned.case.problem, reasons.bindings)
    )


def test_a_day_that_works_is_said_to(small: PlannedDepot) -> None:
    verdict = judge_day(small.case, LIMITS)
    assert verdict.works is Works.YES
    assert verdict_lines(small.case, verdict)[0].startswith("The day works: the plain rule")


def test_a_day_that_cannot_work_says_who_when_how_much_and_the_cheapest_way_out(tmp_path: Path) -> None:
    """With 2 kW bus 1 gets 20 of its 40 kWh by 04:00."""
    folder = write_depot(tmp_path / "d", chargers=FILES["chargers.csv"].replace("0,100,true", "0,2,true"))
    case = case_of(folder)
    verdict = judge_day(case, LIMITS)
    assert verdict.works is Works.NO
    text = "\n".join(verdict_lines(case, verdict))
    assert "The day cannot work: bus 1 needs 140.0 kWh at 24 Nov 04:00" in text
    assert "bus 1 at 24 Nov 04:00: 20.0 kWh short" in text
    assert "swap the duties of buses 1 and 3" in text
    found = verdict.explanation
    assert found is not None
    assert "cheapest way out: " + found.remedies[0].sentence in text
    costs = [remedy.cost_krw for remedy in found.remedies]
    assert costs == sorted(costs)
    answer = plan_case(case, LIMITS)
    assert isinstance(answer, NoPlan)
    assert answer.status is PlanStatus.INFEASIBLE


def test_sizes_are_the_smallest_that_work_with_the_reason_why_less_fails(tmp_path: Path) -> None:
    """Bus 1 lacks 40 kWh in ten hours: one outlet, and 4 kW, which are 5 in whole steps of 5."""
    case = case_of(write_depot(tmp_path / "d"))
    sized = size_depot(case.problem, ("city",) * 3, LIMITS)
    assert sized.works
    (name, now, outlets), (now_kw, connection) = sized.outlets[0], sized.connection
    assert (name, now, outlets.size, outlets.fails_at, outlets.proved) == ("dc", 1, 1, 0, True)
    assert (now_kw, connection.size, connection.fails_at, connection.proved) == (150, 5, 0, True)
    kind, now_kwh, battery = sized.battery[0]
    # bus 1 must leave with a tenth of its battery and 120 kWh
    assert (kind, now_kwh, battery.size, battery.fails_at, battery.proved) == ("city", 200, 135, 130, True)
    lines = size_lines(sized)
    assert lines[0].startswith(
        "outlets of dc: 1 (now 1); 0 fails, proved: between 18:00 and 24 Nov 04:00 1 bus needs 0.4"
    )
    assert lines[1].startswith("grid connection: 5 kW (now 150 kW); 0 fails, proved: ")
    assert "130 fails, proved: bus 1, what its duties take: is more than the battery may hold" in lines[2]


def test_a_day_that_works_with_no_size_says_so(tmp_path: Path) -> None:
    case = case_of(write_depot(tmp_path / "d", chargers=FILES["chargers.csv"].replace("0,100,true", "0,2,true")))
    sized = size_depot(case.problem, ("city",) * 3, LIMITS)
    assert not sized.works
    assert "the day cannot work even with 3 (now 1): bus 1 needs" in size_lines(sized)[0]


def test_a_replan_keeps_the_outlet_that_is_under_way(tmp_path: Path) -> None:
    chargers = FILES["chargers.csv"].replace("dc,1,0,100,true", "dc,3,10,100,true")
    toml = with_setting("min_plug_min = 30", "min_plug_min = 120")
    folder = read_depot_folder(write_depot(tmp_path / "d", chargers=chargers, toml=toml))
    now = "2026-11-23T22:40"
    path = tmp_path / "state.csv"
    path.write_text(
        "time,bus,soc,charger,outlet,plugged_since,sessions_used,late_min\n"
        f"{now},1,0.5,,,,,\n{now},2,0.5,dc,3,2026-11-23T22:10,1,\n{now},3,0.8,,,,,\n"
    )
    case = replan_case(folder, read_depot_state(path, folder))
    planned = plan_case(case, LIMITS)
    assert isinstance(planned, PlannedDepot)
    assert planned.certificate.replay_ok
    kept = [s for s in planned.sessions if s.bus == 1 and s.start < 0]
    assert [s.outlet for s in kept] == [2]
    assert kept[0].stop >= 3  # 120 minutes from 22:10 on are not over before 00:10
    text = plan_files(planned)["schedule_by_charger.csv"]
    assert [row["outlet"] for row in rows(text) if row["under_way"] == "true"] == ["3"]


def test_outputs_appear_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path / "out", {"a.txt": "1", "sub/b.txt": "2"})
    assert (tmp_path / "out" / "sub" / "b.txt").read_text() == "2"
    with pytest.raises(InvalidInput, match="nothing is overwritten"):
        write_folder(tmp_path / "out", {"a.txt": "other"})
    assert (tmp_path / "out" / "a.txt").read_text() == "1"
    with pytest.raises(InvalidInput, match="does not exist"):
        write_folder(tmp_path / "no" / "out", {})
    write_text = Path.write_text

    def full_disk(path: Path, text: str, **options: str) -> int:
        if path.name == "b.txt":
            raise OSError(28, "No space left on device")
        return write_text(path, text, **options)

    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(InvalidInput, match="No space left"):
        write_folder(tmp_path / "second", {"a.txt": "1", "b.txt": "2"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_a_size_that_is_not_proved_says_what_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without time for solvers only counting proves: 40 kWh from 22:00 to 04:00 and before need 4 kW at the least."""
    problem = case_of(write_depot(tmp_path / "d")).problem

    def sized(kw: float) -> DepotProblem:
        limit_kw = np.full(problem.step_count, kw)
        return replace(problem, site=replace(problem.site, import_limit_kw=limit_kw), demand=None)

    monkeypatch.setattr(depot_size, "works_at_all", lambda *_: (Works.UNKNOWN, "not decided"))
    monkeypatch.setattr(depot_size, "cheapest_baseline", lambda day: _answering(day, kw_from=60))
    found = depot_size.smallest(sized, 0, 20, 5.0, LIMITS)
    assert (found.size, found.fails_at, found.proved) == (60, 55, False)
    assert found.surely_fails_at < 5 <= found.size
    assert "short" in found.sure_reason
    line = depot_size._line("grid connection", "60 kW", "now 150 kW", found)
    assert "not proved to be the smallest" in line
    assert "0 fails, proved" in line
    assert "55 was not found to work in time" in line


def _answering(problem: DepotProblem, kw_from: float) -> DepotPlan:
    plan = cheapest_baseline(problem)
    works = problem.site.import_limit_kw.max() >= kw_from
    return replace(plan, status=PlanStatus.FALLBACK if works else PlanStatus.RELAXED, relaxed=("too little",))
