/* What the frame does in the browser: address, titles, cookies of language and theme, links, images, uploads. */
(function () {
  "use strict";

  const noUpdate = () => window.dash_clientside.no_update;
  const announcer = () => document.getElementById("announcer");

  function say(text) {
    const place = announcer();
    if (!place) { return; }
    place.textContent = text;
    place.classList.add("said");
    window.clearTimeout(say.timer);
    say.timer = window.setTimeout(() => { place.classList.remove("said"); place.textContent = ""; }, 6000);
  }

  function pinnedRun() { return new URLSearchParams(window.location.search).get("run"); }

  /* After a page has come: its title, and the focus on its heading when the path has changed. */
  let lastPath = null;
  function titled(told) {
    if (!told) { return noUpdate(); }
    document.title = told.title;
    if (lastPath !== null && lastPath !== told.path) {
      window.setTimeout(() => {
        const heading = document.querySelector("#content h1") || document.getElementById("content");
        if (heading) { heading.focus({ preventScroll: true }); }
        window.scrollTo(0, 0);
      }, 60);
    }
    lastPath = told.path;
    document.body.classList.remove("menu-open");
    return noUpdate();
  }

  function chooseRun(run) {
    const query = new URLSearchParams(window.location.search);
    const shown = document.querySelector("[data-shown-run]");
    if (!run || query.get("run") === run || (shown && shown.dataset.shownRun === run)) { return noUpdate(); }
    const rest = [...query].filter(([key]) => key !== "run");
    return "?" + new URLSearchParams([["run", run], ...rest]).toString();
  }

  /* Controls → state of the page → address. */
  function followControls(values, checked, valueIds, checkedIds, told, rules) {
    if (!told || !rules) { return noUpdate(); }
    const now = Object.assign({}, told.values);
    valueIds.forEach((id, index) => { if (values[index] !== undefined) { now[id.field] = values[index]; } });
    checkedIds.forEach((id, index) => { if (checked[index] !== undefined) { now[id.field] = checked[index]; } });
    if (window.twinUrlState.same(now, told.values)) { return noUpdate(); }
    const query = window.twinUrlState.formatQuery(rules, now, pinnedRun());
    window.history.replaceState(window.history.state, "", window.location.pathname + (query ? "?" + query : ""));
    return Object.assign({}, told, { values: now });
  }

  function idText(id) {
    return JSON.stringify(Object.fromEntries(Object.entries(id).sort(([a], [b]) => (a < b ? -1 : 1))));
  }

  function saveImage(clicks, id) {
    if (!clicks) { return noUpdate(); }
    const holder = document.getElementById(idText({ type: "chart", page: id.page, chart: id.chart }));
    const graph = holder && holder.querySelector(".js-plotly-plot");
    if (graph && window.Plotly) {
      const run = (document.querySelector("[data-shown-run]") || { dataset: {} }).dataset.shownRun || "";
      window.Plotly.downloadImage(graph, {
        format: "png", scale: 2, filename: [id.page, id.chart, run].join("-").replace(/[^\w.-]/g, "_"),
      });
    }
    return Date.now();
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    frame: { titled: titled, choose_run: chooseRun, follow_controls: followControls, save_image: saveImage },
  });

  /* An export takes the state of the page with it. */
  function exportAddress(link) {
    const query = new URLSearchParams(window.location.search);
    const shown = document.querySelector("[data-shown-run]");
    if (shown && !query.get("run")) { query.append("run", shown.dataset.shownRun); }
    query.append("at", window.location.pathname);
    return link.pathname + "?" + query.toString();
  }

  function setCookie(text) {
    const secure = window.location.protocol === "https:" ? "; Secure" : "";
    document.cookie = text + "; Path=/; Max-Age=31536000; SameSite=Lax" + secure;
    window.location.reload();
  }

  function copyLink(button) {
    const query = new URLSearchParams(window.location.search);
    const shown = document.querySelector("[data-shown-run]");
    if (shown && !query.get("run")) {
      // a link that is shared shows the same run tomorrow, not the latest
      const rest = [...query];
      const pinned = new URLSearchParams([["run", shown.dataset.shownRun], ...rest]).toString();
      window.history.replaceState(window.history.state, "", window.location.pathname + "?" + pinned);
    }
    const link = window.location.href;
    const failed = () => say(button.dataset.failed + link);
    if (!navigator.clipboard) { failed(); return; }
    navigator.clipboard.writeText(link).then(() => say(button.dataset.done), failed);
  }

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-export],[data-set-cookie],[data-copy-link],[data-print],.menu");
    document.querySelectorAll("details.export-menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) { menu.open = false; }
    });
    if (!target) { return; }
    if (target.matches("[data-export]")) { target.href = exportAddress(target); }
    if (target.matches("[data-set-cookie]")) { setCookie(target.dataset.setCookie); }
    if (target.matches("[data-copy-link]")) { copyLink(target); }
    if (target.matches("[data-print]")) { window.print(); }
    if (target.matches(".menu")) {
      const open = document.body.classList.toggle("menu-open");
      target.setAttribute("aria-expanded", String(open));
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") { return; }
    document.querySelectorAll("details.export-menu[open]").forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
    document.body.classList.remove("menu-open");
  });

  /* A session that has ended leads to the log-in and back here; what the server refuses is said. */
  const ask = window.fetch.bind(window);
  window.fetch = async function (...call) {
    const answer = await ask(...call);
    if (answer.status === 401) { window.location.reload(); }
    const said = answer.headers.get("X-Twin-Message");
    if (said) { say(decodeURIComponent(said)); }
    return answer;
  };

  /* Uploads: a labelled file input beside its status line. */
  function csrfToken() {
    const found = document.cookie.split("; ").find((part) => part.startsWith("_csrf_token="));
    return found ? decodeURIComponent(found.slice("_csrf_token=".length)) : "";
  }

  function send(place, file, status) {
    const filled = (text, more) => text.replace("{name}", file.name).replace("{size}", Math.ceil(file.size / 1000))
      .replace("{why}", more || "");
    if (file.size > Number(place.dataset.limit)) {
      status.textContent = filled(place.dataset.failed, place.dataset.large);
      return;
    }
    status.textContent = filled(place.dataset.sending);
    const form = new FormData();
    form.append("file", file);
    ask("/upload/" + place.dataset.upload, { method: "POST", body: form, headers: { "X-CSRFToken": csrfToken() } })
      .then(async (answer) => {
        const body = await answer.json().catch(() => ({}));
        if (!answer.ok) { throw new Error(body.error || String(answer.status)); }
        status.textContent = filled(place.dataset.done);
        window.dash_clientside.set_props(place.dataset.store, { data: body });
      })
      .catch((error) => { status.textContent = filled(place.dataset.failed, error.message); });
  }

  function fitUpload(place) {
    const input = document.createElement("input");
    input.type = "file";
    input.accept = place.dataset.accept;
    input.setAttribute("aria-labelledby", place.id + "-label");
    input.addEventListener("change", () => {
      const status = document.getElementById(place.id + "-status");
      if (input.files.length && status) { send(place, input.files[0], status); }
    });
    place.appendChild(input);
  }

  new MutationObserver(() => {
    document.querySelectorAll(".upload-input:empty").forEach(fitUpload);
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
