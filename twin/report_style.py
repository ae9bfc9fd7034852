"""Style sheet of a report: calm, light and dark, from a small screen to paper; colour marks what is abnormal only."""

from __future__ import annotations

STYLE_SHEET = """
:root{color-scheme:light dark;--ink:#1a2330;--muted:#566273;--line:#d8dee6;--paper:#fff;--ground:#f5f7f9;
--plan:#1d4f80;--before:#707c8b;--alert:#a8470a;--alert-ground:#fdf0e3;
--tint-a:#dfe6ee;--tint-b:#c6d2df;--tint-c:#8fb1d3;
--b0:#e8edf3;--b1:#c8d5e3;--b2:#8aa6c4;--b3:#4a7099;--on-dark:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#e7ecf2;--muted:#a3afbd;--line:#364150;--paper:#161c24;--ground:#1e2630;
--plan:#8fc0f0;--before:#93a0b0;--alert:#f5a65b;--alert-ground:#3a2814;
--tint-a:#2c3845;--tint-b:#3a4a5b;--tint-c:#39648f;
--b0:#28323e;--b1:#344b63;--b2:#41688f;--b3:#86b2df;--on-dark:#0c131b}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans KR","Noto Sans CJK KR","Apple SD Gothic Neo",
"Malgun Gothic",sans-serif;-webkit-text-size-adjust:100%}
:lang(ko){word-break:keep-all;overflow-wrap:anywhere}
main,header,footer{max-width:1180px;margin:0 auto;padding:0 24px}
header{padding-top:32px}
header p.product{margin:0;color:var(--muted);font-size:13px;letter-spacing:.02em}
h1{margin:2px 0 12px;font-size:27px;line-height:1.25;font-weight:650;letter-spacing:-.01em}
h2{margin:44px 0 12px;padding-top:14px;border-top:1px solid var(--line);font-size:19px;font-weight:650}
h3{margin:0 0 4px;font-size:15px;font-weight:650}
.badges{display:flex;flex-wrap:wrap;gap:6px 8px;margin:0;padding:0;list-style:none;font-size:13px}
.badges li{border:1px solid var(--line);border-radius:4px;padding:2px 9px;overflow-wrap:anywhere}
.badges b{font-weight:400;color:var(--muted);margin-right:6px}
.badges li.unusual{border-color:var(--alert);background:var(--alert-ground);color:var(--alert);font-weight:650}
.badges li.unusual b{color:inherit}
.answers{margin:22px 0 0;padding:0;list-style:none;display:grid;gap:1px;background:var(--line);
border:1px solid var(--line);border-radius:8px;overflow:hidden}
.answers li{background:var(--ground);padding:16px 20px;display:grid;grid-template-columns:128px 1fr;gap:6px 20px}
.answers h2{margin:0;padding:3px 0 0;border:0;font-size:13px;font-weight:650;color:var(--muted)}
.answers p{margin:0;font-size:17px;line-height:1.5}
.answers li.unusual{box-shadow:inset 5px 0 0 var(--alert)}
.answers li.unusual h2{color:var(--alert)}
figure{margin:0 0 30px}
figcaption,.note{color:var(--muted);font-size:13px;margin:6px 0 0;max-width:80ch}
svg{display:block;width:100%;height:auto}
svg text{font-family:inherit;fill:currentColor}
.chart.narrow{display:none}
.districts{max-width:860px}
.area{stroke:var(--paper);stroke-width:1.4}
.band-0{fill:var(--b0)}.band-1{fill:var(--b1)}.band-2{fill:var(--b2)}.band-3,.band-4{fill:var(--b3)}
.area.broken{fill:var(--alert-ground);stroke:var(--alert);stroke-width:2.6}
.area.missing{fill:url(#hatch);stroke:var(--line)}
.hatch-line{stroke:var(--before);stroke-width:1.4;fill:none}
.area-name,.area-value{text-anchor:middle;fill:var(--ink);pointer-events:none}
.area-name{font-size:11.5px}.area-value{font-size:15px;font-weight:650;font-variant-numeric:tabular-nums}
.on-dark text{fill:var(--on-dark)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:13px;margin:4px 0 8px}
.key{display:inline-flex;align-items:center;gap:7px}
.patch{width:22px;height:14px;border:1px solid var(--line);background:var(--b0);display:inline-block}
.patch.band-1{background:var(--b1)}.patch.band-2{background:var(--b2)}.patch.band-3{background:var(--b3)}
.patch.broken{background:var(--alert-ground);border:2px solid var(--alert)}
.patch.missing{background:repeating-linear-gradient(45deg,var(--before) 0 1.5px,transparent 1.5px 5px)}
.sample{width:28px;height:0;border-top:3px solid var(--plan);display:inline-block}
.sample.before{border-top:2px dashed var(--before)}
.sample.limit{border-top:2px dotted var(--ink)}
.scroll{overflow-x:auto;margin:0 0 18px;max-width:100%}
.scroll:focus-visible,summary:focus-visible{outline:2px solid var(--plan);outline-offset:2px}
table{border-collapse:collapse;font-size:13px;width:100%;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:650;padding:0 0 6px;font-size:14px}
th,td{padding:5px 6px;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
thead th{color:var(--muted);font-weight:600;font-size:12px;vertical-align:bottom;border-bottom-color:var(--before);
min-width:56px}
tbody th,tfoot th{font-weight:500;white-space:nowrap}
th:first-child,td:first-child{padding-left:0}
tfoot th,tfoot td{font-weight:650;border-bottom:0;border-top:1px solid var(--before)}
.figures{text-align:right}td.figures,td.names{white-space:nowrap}
td.prose{min-width:120px}td.prose:last-child{min-width:170px}
.slim{max-width:820px}
td small{display:block;color:var(--muted);font-size:12px}
.facts{max-width:820px;margin:0 0 22px}
.facts th{width:36%;white-space:normal;color:var(--muted);font-weight:500;padding-left:0}
.facts td,code{overflow-wrap:anywhere}
code{font-family:ui-monospace,"DejaVu Sans Mono",Consolas,monospace;font-size:12px}
td.figures code{white-space:normal}
.alert{color:var(--alert);font-weight:650}
details{margin:0 0 14px}
summary{cursor:pointer;padding:4px 0;font-weight:600;font-size:14px}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:0 40px;align-items:start}
footer{margin-top:40px;padding-top:14px;padding-bottom:40px;color:var(--muted);font-size:13px}
@media (max-width:760px){.pair{grid-template-columns:minmax(0,1fr)}}
@media (max-width:600px){
main,header,footer{padding-left:16px;padding-right:16px}
header{padding-top:20px}h1{font-size:22px}
.answers li{grid-template-columns:1fr;padding:13px 15px}.answers p{font-size:16px}
.chart.wide{display:none}.chart.narrow{display:block}
.area-name{display:none}.area-value{font-size:21px}
}
@media print{
:root{color-scheme:light;--ink:#000;--muted:#444;--line:#c4cad2;--paper:#fff;--ground:#fff;--plan:#1d4f80;
--before:#666;--alert:#8c3a05;--alert-ground:#fdf0e3;--tint-a:#dfe6ee;--tint-b:#c6d2df;--tint-c:#8fb1d3;
--b0:#e8edf3;--b1:#c8d5e3;--b2:#8aa6c4;--b3:#4a7099;--on-dark:#fff}
@page{size:A4;margin:14mm 12mm}
body{font-size:10pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}
main,header,footer{max-width:none;padding-left:0;padding-right:0}
.answers p{font-size:11pt}
.scroll{overflow:visible}
table{font-size:7.2pt}thead th{font-size:6.8pt;min-width:0}th,td{padding:2pt 3pt}
tbody th,tfoot th,td.figures{white-space:normal;overflow-wrap:normal}td.prose,td.prose:last-child{min-width:0}
tr,figure,.answers li{break-inside:avoid}h2,h3,caption{break-after:avoid}
thead{display:table-header-group}
details::details-content{content-visibility:visible;display:block;height:auto}
summary{list-style:none}
}
"""
