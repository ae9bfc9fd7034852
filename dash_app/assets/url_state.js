/* The browser's half of dash_app/url_state.py: what controls show, written to the address. */
(function () {
  "use strict";

  function decimalText(value, decimals) {
    let text = Number(value).toFixed(decimals);
    if (text.includes(".")) { text = text.replace(/0+$/, "").replace(/\.$/, ""); }
    return text === "-0" ? "0" : text;
  }

  function texts(rule, value) {
    if (rule.kind === "tuple") { return value.length ? value.map(String) : [""]; }
    if (value === null || value === undefined) { return [""]; }
    if (rule.kind === "bool") { return [value ? "1" : "0"]; }
    if (rule.kind === "float") { return [decimalText(value, rule.decimals)]; }
    return [String(value)];
  }

  function same(one, other) { return JSON.stringify(one) === JSON.stringify(other); }

  function formatQuery(rules, values, run) {
    const query = new URLSearchParams();
    if (run) { query.append("run", run); }
    for (const rule of rules) {
      // a list that was cleared says null where a text is empty
      const value = rule.kind === "text" && values[rule.name] === null ? "" : values[rule.name];
      if (!same(value, rule.default)) { for (const text of texts(rule, value)) { query.append(rule.key, text); } }
    }
    return query.toString();
  }

  window.twinUrlState = { formatQuery: formatQuery, same: same };
})();
