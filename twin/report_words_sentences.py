"""Sentences of a report, English and Korean side by side; no Korean particle follows a field that it depends on."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    "answer.unsolved": (
        "On {date} it is not known whether the grid of {place} stays within its limits: "
        "the power flow found no solution in {failed} of {steps} steps.",
        "{date} {place} 전력망이 한계 이내인지 알 수 없습니다. "
        "{steps}개 구간 중 {failed}개에서 조류계산의 해를 찾지 못했습니다.",
    ),
    "answer.within": (
        "On {date} the grid of {place} stays within its limits{worst}; {voltage}{before}.",
        "{date} {place} 전력망은 한계 이내로 운전됩니다{worst}. {voltage}{before}.",
    ),
    "answer.within_worst": (
        ": the most loaded feeder, {feeder} ({district}, substation {substation}), reaches {loading} of its rating "
        "at {clock}, with {headroom} to spare",
        "(최대 부하 배전선로 {feeder}, {district}, 변전소 {substation}: {clock}에 정격의 {loading}, 여유 {headroom})",
    ),
    "answer.voltage": (
        "voltages stay between {low} and {high} pu",
        "전압 범위는 {low}~{high} pu입니다",
    ),
    "answer.before": (
        " (plugging in on arrival would break limits for {minutes})",
        "(도착 즉시 충전하면 {minutes} 동안 한계를 벗어납니다)",
    ),
    "answer.outside": (
        "On {date} the grid of {place} will not stay within its limits: {findings}{lasting}.",
        "{date} {place} 전력망은 한계를 벗어납니다: {findings}{lasting}.",
    ),
    "answer.lasting": (
        "; added up over districts and kinds of limit, that is {minutes} (plugging in on arrival: {minutes_before})",
        ". 자치구와 위반 종류를 모두 합한 시간은 {minutes}(도착 즉시 충전: {minutes_before})",
    ),
    "answer.feeder_over": (
        "feeder {feeder} ({district}, substation {substation}) reaches {loading} of its rating at {clock}, "
        "{excess} too much, and is over it for {minutes}",
        "배전선로 {feeder}({district}, 변전소 {substation})의 부하율이 {clock}에 {loading}까지 올라 {excess} 초과하고, "
        "초과 시간은 {minutes}",
    ),
    "answer.branch_over": (
        "the worst line or transformer is {excess} over its rating",
        "가장 심한 선로 또는 변압기의 정격 초과는 {excess}",
    ),
    "answer.voltage_out": (
        "the voltage is up to {excess} pu outside its limits (between {low} and {high} pu, worst in {district})",
        "전압의 한계 이탈은 최대 {excess} pu(범위 {low}~{high} pu, 최악 {district})",
    ),
    "answer.charged": (
        "All {buses} buses (garages: {depots}) and every other vehicle leave charged",
        "차고지 {depots}곳의 버스 {buses}대와 다른 모든 차량이 충전을 마치고 출발합니다",
    ),
    "answer.charged_vehicles": (
        "Every vehicle leaves charged (no garage is part of this run)",
        "모든 차량이 충전을 마치고 출발합니다(이 실행에는 차고지가 없습니다)",
    ),
    "answer.short": (
        "Not everything leaves charged: {energy} is missing at departure",
        "모두 충전을 마치지는 못합니다. 출발 때 {energy} 부족합니다",
    ),
    "answer.replay_broken": (
        "It is not proved that all leave charged: an independent replay found broken rules ({count})",
        "모두 충전을 마치는지 확인되지 않았습니다. 독립 재현에서 규칙 위반 {count}건이 발견되었습니다",
    ),
    "answer.charged_partly": (
        "All {buses} buses of garages with a plan of their own and every other vehicle leave charged",
        "자체 계획이 있는 차고지의 버스 {buses}대와 다른 모든 차량이 충전을 마치고 출발합니다",
    ),
    "answer.charged_others": (
        "Every vehicle other than the buses leaves charged",
        "버스 외의 모든 차량이 충전을 마치고 출발합니다",
    ),
    "answer.fallbacks": (
        "; {count} of {depots} garages ({buses} buses) follow a fallback or a bent rule, for which that is not proved",
        ". 차고지 {depots}곳 중 {count}곳(버스 {buses}대)은 대체 계획이나 완화된 규칙을 따르므로 확인되지 않았습니다",
    ),
    "answer.cost_less": (
        "; charging costs {plan} instead of {before} when everything plugs in on arrival, {saved} ({share}) less",
        ". 충전 비용은 도착 즉시 충전할 때의 {before} 대신 {plan}, 절감액 {saved}({share})입니다",
    ),
    "answer.cost_more": (
        "; charging costs {plan}, which is {saved} ({share}) more than the {before} of plugging in on arrival",
        ". 충전 비용은 {plan}, 도착 즉시 충전({before})보다 {saved}({share}) 많습니다",
    ),
    "answer.cost_same": (
        "; charging costs {plan}, as when everything plugs in on arrival",
        ". 충전 비용은 {plan}, 도착 즉시 충전과 같습니다",
    ),
    "answer.peak": (
        "; the peak load goes from {before} to {plan}",
        ". 최대 전력은 {before}에서 {plan}로 바뀝니다",
    ),
    "answer.proved": (
        "; it is proved that no other plan could save more than {gap} of the planned cost",
        ". 어떤 계획도 계획 비용에서 {gap} 넘게 더 줄일 수 없음이 증명되었습니다",
    ),
    "answer.unproved": (
        "; how much another plan could still save is not proved",
        ". 다른 계획으로 더 줄일 수 있는 비용은 증명되지 않았습니다",
    ),
    "answer.relaxed": (
        "; a rule had to be bent, so this is not a plan for the problem as it was stated",
        ". 규칙 하나 이상을 완화했으므로 원래 문제의 계획은 아닙니다",
    ),
    "answer.fallback": (
        "; part of this is a fallback in place of an optimised plan",
        ". 이 가운데 일부는 최적 계획이 아닌 대체 계획입니다",
    ),
    "answer.no_plan": (
        "; there is no plan that keeps every rule ({status})",
        ". 모든 규칙을 지키는 계획이 없습니다({status})",
    ),
    "answer.carbon": (
        "Over the day {energy} is used, which causes {co2} of CO₂{avoided}; {weather}, {assumed}, "
        "and the status of the plan is “{status}”.",
        "하루 사용 전력량은 {energy}, CO₂ 배출량은 {co2}입니다{avoided}. "
        "{weather}. {assumed}. 계획 상태는 ‘{status}’입니다.",
    ),
    "answer.avoided": (
        " (electric buses avoid {co2} of CO₂ and {nox} of NOx against CNG buses)",
        "(전기버스의 CNG 버스 대비 감축: CO₂ {co2}, NOx {nox})",
    ),
    "answer.not_avoided": (
        " (electric buses cause {co2} of CO₂ more than CNG buses would, and avoid {nox} of their NOx)",
        "(전기버스의 CO₂는 CNG 버스보다 {co2} 많고, NOx 감축은 {nox})",
    ),
    "answer.weather_synthetic": (
        "the weather behind it is SYNTHETIC, made up from climate statistics and no forecast",
        "기상 자료는 합성(SYNTHETIC)이며, 기후 통계로 만든 것으로 예보가 아닙니다",
    ),
    "answer.weather_other": (
        "the weather behind it is: {kind}",
        "기상 자료의 종류: {kind}",
    ),
    "answer.assumed": (
        "{assumed} of the {rows} table rows it rests on are assumptions",
        "근거 자료 {rows}행 중 {assumed}행이 가정입니다",
    ),
    "map.caption": (
        "Loading of the most loaded feeder of each district under the plan, in percent of its rating. "
        "▲ marks a district where a limit is broken; hatched: no result.",
        "계획 적용 시 자치구별 최대 부하 배전선로의 부하율(정격 대비 %). ▲ 한계를 벗어난 자치구, 빗금: 결과 없음.",
    ),
    "map.alt": (
        "Map of {count} districts; the highest loading is {loading} in {district}.",
        "자치구 {count}곳의 지도. 최대 부하율은 {district}의 {loading}입니다.",
    ),
    "map.alt_empty": ("Map of the districts without a result.", "결과가 없는 자치구 지도."),
    "map.missing": ("No result for (hatched): {names}.", "결과 없음(빗금): {names}."),
    "map.outlineless": ("Not on the map (no outline): {names}.", "지도에 없음(경계 자료 없음): {names}."),
    "load.caption": (
        "Power from the transmission grid in MW, losses included; means of {minutes} minutes in local time ({zone}). "
        "Consumption counts positive, export negative.",
        "송전망 공급 전력(MW, 손실 포함), {minutes}분 평균, 현지 시각({zone}). 소비는 양수, 송출은 음수.",
    ),
    "load.alt": (
        "Load of the city over the day. On arrival: peak {before} at {clock_before}. Plan: peak {plan} at {clock}. "
        "Limit: {limit}.",
        "하루 도시 부하. 도착 즉시 충전: 최대 {before}({clock_before}). 계획: 최대 {plan}({clock}). 한계: {limit}.",
    ),
    "charging.caption": (
        "What the plan moves: vehicles, buses and batteries together in MW. "
        "Charging counts positive, giving back negative.",
        "계획이 조정하는 부하: 차량·버스·배터리 합계(MW). 충전은 양수, 방전은 음수.",
    ),
    "charging.alt": (
        "Charging over the day. On arrival: peak {before} at {clock_before}. Plan: peak {plan} at {clock}.",
        "하루 충전 부하. 도착 즉시 충전: 최대 {before}({clock_before}). 계획: 최대 {plan}({clock}).",
    ),
    "demand.caption": (
        "Who draws, under the plan, in MW. From the zero line upwards: {order}. Solar power lies below it, as it is "
        "given to the grid.",
        "계획 적용 시 사용처별 전력(MW). 0선에서 위로: {order}. 태양광은 계통에 공급하므로 아래쪽에 표시.",
    ),
    "demand.alt": (
        "Demand by contract class over the day; energy of the day: {energies}.",
        "하루 계약종별 수요. 하루 전력량: {energies}.",
    ),
    "feeders.note": (
        "Loading is the power at the head over the normal rating, or the worst current of its lines if higher. "
        "The cause is what the load of that hour is made of; solar power takes load away.",
        "부하율은 인출점 전력의 정격 대비 비율이며, 자기 선로의 전류 비율이 더 높으면 그 값입니다. "
        "원인은 그 시각 부하의 구성이고, 태양광은 부하를 줄입니다.",
    ),
    "feeders.none": ("No feeder is part of this run.", "이 실행에는 배전선로가 없습니다."),
    "depots.none": ("No garage is part of this run.", "이 실행에는 차고지가 없습니다."),
    "depots.note": (
        "Costs of one day. The gap is the proved distance from the cheapest possible plan of the garage; "
        "“no proof” where no bound is known. Garages without an optimised plan come first, then by energy.",
        "하루 비용입니다. 격차는 차고지의 가능한 최저 비용과의 증명된 거리이며, 하한을 모르면 ‘증명 없음’입니다. "
        "최적 계획이 없는 차고지를 먼저, 다음은 전력량 순으로 실었습니다.",
    ),
    "limits.none": (
        "No limit of the grid made the plan dearer.",
        "계획 비용을 높인 전력망 한계는 없습니다.",
    ),
    "limits.note": (
        "Where the grid costs money: what one more kWh through the element would have saved.",
        "전력망이 비용을 높이는 곳: 해당 설비로 1 kWh를 더 보낼 수 있었다면 줄었을 비용입니다.",
    ),
    "carbon.note": (
        "CO₂ of the electricity used at the factor of the city folder. Avoided: what the same kilometres would have "
        "emitted, less the CO₂ of charging.",
        "사용 전력의 CO₂는 도시 자료의 배출계수로 계산합니다. "
        "감축은 같은 거리를 달린 버스의 배출량에서 충전 전력의 CO₂를 뺀 값입니다.",
    ),
    "conventions": (
        "Consumption counts positive, export negative. A time is the start of its step, in local time ({zone}); "
        "the day runs from {first} for {hours} hours. The energy of a step is its mean power times its length.",
        "소비는 양수, 송출은 음수입니다. 시각은 구간의 시작이며 현지 시각({zone})입니다. "
        "하루는 {first}부터 {hours}시간입니다. 구간 전력량은 평균 전력에 구간 길이를 곱한 값입니다.",
    ),
    "replay.ok": (
        "passed: every rule kept, every won added up again",
        "통과: 모든 규칙 준수, 모든 비용 재계산 일치",
    ),
    "replay.bad": ("failed, broken rules: {count}", "실패: 규칙 위반 {count}건"),
}
