"""Sentences that explain a city's plan, English and Korean side by side; no Korean particle follows a field."""

from __future__ import annotations

WHY_SENTENCES: dict[str, tuple[str, str]] = {
    "why.free": (
        "No limit of the grid or of the city costs anything: every vehicle, bus and battery follows its own price.",
        "비용을 높이는 전력망 한계나 도시 한계가 없습니다. 모든 차량, 버스, 배터리가 자체 요금만 따릅니다.",
    ),
    "why.bound": (
        "{count} limits bind; together with the gap to the proved bound they cost {krw} at most.",
        "구속되는 한계는 {count}건이며, 증명된 하한과의 차이까지 합한 비용은 최대 {krw}입니다.",
    ),
    "why.relaxed": (
        "All limits but {count} are kept, and those as nearly as can be; {forced} are broken by loads nobody plans.",
        "한계 {count}건은 최소한으로 벗어나고 나머지는 모두 지킵니다. "
        "그중 {forced}건은 계획 대상이 아닌 부하가 원인입니다.",
    ),
    "where.head": ("Feeder {group}", "배전선로 {group}"),
    "where.current": ("Branch {element} of {group}", "{group} 구간 {element}"),
    "where.current_alone": ("Branch {element}", "구간 {element}"),
    "where.flow_alone": ("Branch {element}", "구간 {element}"),
    "where.low_voltage": ("The lower voltage limit at bus {element} ({group})", "모선 {element}({group})의 전압 하한"),
    "where.low_voltage_alone": ("The lower voltage limit at bus {element}", "모선 {element}의 전압 하한"),
    "where.high_voltage": ("The upper voltage limit at bus {element} ({group})", "모선 {element}({group})의 전압 상한"),
    "where.high_voltage_alone": ("The upper voltage limit at bus {element}", "모선 {element}의 전압 상한"),
    "where.supply": ("The cap on the city's supply", "도시 전체 공급 상한"),
    "where.carbon": ("The carbon budget", "탄소 예산"),
    "binding.span": (
        "{where} binds {start}–{stop} at {price} per {unit}; "
        "relieving it by {relief} is worth up to {worth} on the day.",
        "{where}: {start}~{stop} 구속, {unit}당 {price}. {relief} 완화의 가치는 하루 최대 {worth}.",
    ),
    "binding.day": (
        "{where} binds at {price} per {unit}; relieving it by {relief} is worth up to {worth} on the day.",
        "{where}: {unit}당 {price}. {relief} 완화의 가치는 하루 최대 {worth}.",
    ),
    "place.battery": (
        "A battery of {size} at bus {element}{group} would save up to {worth} a day like this.",
        "모선 {element}{group}: {size} 배터리의 절감액은 이런 날 하루 최대 {worth}.",
    ),
    "place.charger": (
        "Chargers drawing {size} at bus {element}{group} would cost the grid {worth} a day; {room} is left there.",
        "모선 {element}{group}: 충전기 {size} 추가 시 전력망 비용은 하루 {worth}, 여유 {room}.",
    ),
    "place.charger_free": (
        "Chargers drawing {size} at bus {element}{group} cost the grid nothing; {room} is left there.",
        "모선 {element}{group}: 충전기 {size} 추가 시 전력망 비용 없음, 여유 {room}.",
    ),
    "place.cable": (
        "A cable of {size} more cross-section instead of {element}{group} would save up to {worth} a day like this.",
        "구간 {element}{group}: 단면적 {size} 증설의 절감액은 이런 날 하루 최대 {worth}.",
    ),
    "short.span": (
        "{where} is exceeded {start}–{stop}, by {excess}{share} at worst.",
        "{where}: {start}~{stop} 위반, 최대 {excess}{share}.",
    ),
    "short.day": ("{where} is exceeded by {excess}{share}.", "{where}: {excess}{share} 초과."),
    "short.dear": (
        "What can be moved is not enough, or keeping the limit would cost more than the price of breaking it.",
        "조정할 수 있는 부하가 부족하거나, 지키는 비용이 위반 비용보다 큽니다.",
    ),
    "short.forced": (
        "Loads that nobody plans break it by themselves.",
        "계획 대상이 아닌 부하만으로도 벗어납니다.",
    ),
    "relief.ways": ("The smallest relief: {ways}.", "최소 완화: {ways}."),
    "relief.or": (", or ", " 또는 "),
    "relief.limit": ("a limit relaxed by {excess}", "한계 완화 {excess}"),
    "relief.cap": ("{excess} more", "{excess} 추가 허용"),
    "relief.load": ("{kw} less load there", "해당 지점 부하 감축 {kw}"),
    "relief.reactive": ("{kvar} of reactive power produced there", "해당 지점 무효전력 공급 {kvar}"),
    "status.optimal": ("The plan is proved", "계획이 증명되었습니다"),
    "status.feasible": (
        "The plan keeps every limit, its proof is not as close as asked",
        "모든 한계를 지키는 계획입니다",
    ),
    "status.relaxed": ("The plan breaks limits as little as can be", "한계를 최소한으로 벗어나는 계획입니다"),
    "status.fallback": ("The plan is a fallback", "대체 계획입니다"),
    "status.infeasible": ("No plan keeps every rule", "모든 규칙을 지키는 계획이 없습니다"),
    "status.failed": ("The power flow found no solution", "조류계산의 해를 찾지 못했습니다"),
    "answer.plan": (
        "{status}: {cost}, at most {gap} above the least possible.",
        "{status}: {cost}, 가능한 최소 비용과의 차이 최대 {gap}.",
    ),
    "answer.drawn": (
        "At most {peak} are drawn, {carbon} of CO2 are emitted; voltages stay between {low} and {high} pu.",
        "최대 수전 전력 {peak}, CO2 배출 {carbon}, 전압 범위 {low}~{high} pu.",
    ),
    "answer.least_peak": (
        "The lowest peak found is {amount}, proved within {gap}, wear counted along; the cost is least at that peak.",
        "찾은 최저 피크는 {amount}(증명 오차 {gap}, 마모 비용 포함)이며, 그 피크에서 비용이 최소입니다.",
    ),
    "answer.least_carbon": (
        "The least emissions found are {amount}, proved within {gap}, wear counted along; the cost is least at them.",
        "찾은 최소 배출량은 {amount}(증명 오차 {gap}, 마모 비용 포함)이며, 그 배출량에서 비용이 최소입니다.",
    ),
    "answer.calls": (
        "Answering the calls for demand response costs {krw}.",
        "수요반응 요청에 응하는 비용은 {krw}입니다.",
    ),
    "answer.relaxed": (
        "What is broken, when and the smallest relief is listed below.",
        "벗어나는 한계, 시각, 최소 완화는 아래와 같습니다.",
    ),
    "section.why": ("Why the plan is so", "계획의 이유"),
    "section.shortfalls": ("Limits that are not kept", "지키지 못하는 한계"),
    "section.bindings": ("Limits that cost money", "비용을 높이는 한계"),
    "section.places": ("Best places to build", "투자 가치가 높은 위치"),
    "figure.load": (
        "Power supplied with the plan (highest {peak}) and the load that nobody plans (dashed), MW.",
        "계획에 따른 수전 전력(최대 {peak})과 계획 대상이 아닌 부하(점선), MW.",
    ),
    "frontier.mw": (
        "What a lower peak costs: {points} plans, and below them what is proved to be impossible (dashed).",
        "피크를 낮추는 비용: 계획 {points}건과, 불가능함이 증명된 하한(점선).",
    ),
    "frontier.t": (
        "What fewer emissions cost: {points} plans, and below them what is proved to be impossible (dashed).",
        "배출량을 줄이는 비용: 계획 {points}건과, 불가능함이 증명된 하한(점선).",
    ),
    "frontier.cost": ("million KRW", "백만 원"),
    "uncertain.plan": (
        "Garages and batteries are planned once for {count} ways the day may go: {krw} on average, "
        "{robust} at most above knowing the day beforehand.",
        "차고지와 배터리를 {count}개 시나리오에 대해 한 번 계획: 평균 {krw}, 미리 아는 경우와의 차이 최대 {robust}.",
    ),
    "uncertain.test": (
        "On {count} fresh days: {krw} on average, every limit kept on {kept} of them, every bus supplied on {served}.",
        "새 시나리오 {count}개에서 평균 {krw}, 모든 한계를 지킨 비율 {kept}, 모든 버스가 충전된 비율 {served}.",
    ),
    "uncertain.worth": (
        "Planning for the expected day alone would cost {krw} more there.",
        "예상되는 하루만 보고 계획할 때의 추가 비용: {krw}.",
    ),
}
