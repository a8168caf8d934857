// What the pages do beyond links and forms: theme, times, keys, dialogs, rows, the palette, and the live socket.
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const root = document.documentElement;
  const on = (name, handler) => document.addEventListener(name, handler);
  root.classList.add("js");

  // -- theme

  function switchTheme() {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    $("meta[name=color-scheme]").content = root.dataset.theme;
    document.cookie = `theme=${root.dataset.theme};path=/;max-age=31536000;samesite=lax`;
  }

  // -- times: the server writes UTC, the reader sees the own zone

  const two = (n) => String(n).padStart(2, "0");
  const time = (d) => `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  const day = (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;

  function ago(date) {
    const s = Math.floor((Date.now() - date) / 1000);
    if (s < 5) return "just now";
    for (const [limit, unit, letter] of [[60, 1, "s"], [3600, 60, "m"], [86400, 3600, "h"], [2592000, 86400, "d"]]) {
      if (s < limit) return `${Math.floor(s / unit)}${letter} ago`;
    }
    return day(date);
  }

  function tellTimes(scope = document) {
    for (const element of $$("time[datetime]", scope)) {
      const date = new Date(element.dateTime);
      const set = element.dataset;
      const text = "ago" in set ? ago(date) : "clock" in set ? time(date) : "moment" in set ? `${day(date)} ${time(date)}` : null;
      if (text !== null && element.textContent !== text) element.textContent = text;
    }
  }

  // How long something has been going on.
  function span(s) {
    if (s < 60) return `${s.toFixed(s < 10 ? 1 : 0)} s`;
    const m = Math.floor(s / 60);
    return m < 60 ? `${m}m ${two(Math.floor(s % 60))}s` : `${Math.floor(m / 60)}h ${two(m % 60)}m`;
  }

  const tellSpans = () => {
    for (const element of $$("time[data-since]")) element.textContent = span(Math.max(0, Date.now() - new Date(element.dateTime)) / 1000);
  };

  // -- toasts and dialogs

  function toast(kind, text) {
    const box = document.createElement("div");
    box.className = `toast ${kind}`;
    box.append(text);
    $("#toasts").append(box);
    fade(box);
  }

  const fade = (box) => setTimeout(() => (box.matches(":hover, :focus-within") ? fade(box) : box.remove()), 7000);

  function open(id) {
    const dialog = document.getElementById(id);
    if (!dialog || dialog.open || $("dialog[open]")) return;
    dialog.showModal();
    if (id === "palette") {
      const query = $("#palette-query");
      query.value = "";
      htmx.trigger(query, "input");
    }
  }

  function confirmed(text) {
    const dialog = $("#confirm");
    const [, title, rest] = text.match(/^(.*?\?)\s*(.*)$/s) ?? [null, "Are you sure?", text];
    $("#confirm-title").textContent = title;
    $("#confirm-text").textContent = rest;
    $("#confirm-yes").textContent = title.split(" ")[0];
    dialog.returnValue = "no";
    dialog.showModal();
    return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
  }

  // -- going places

  const go = (href) => htmx.ajax("GET", href, { target: "#main", swap: "outerHTML show:top", push: "true" });

  function peek(href) {
    htmx.ajax("GET", `${href}/peek`, { target: "#peek", swap: "innerHTML" }).then(() => $("#peek h2")?.focus());
    const url = new URL(location);
    url.searchParams.set("open", href.split("/").pop());
    history.replaceState(history.state, "", url);
  }

  function closePeek() {
    if (!$("#peek")?.firstElementChild) return false;
    $("#peek").replaceChildren();
    const url = new URL(location);
    const id = url.searchParams.get("open");
    url.searchParams.delete("open");
    history.replaceState(history.state, "", url);
    (id && $(`[data-peek] a[data-open][href$="/${CSS.escape(id)}"]`) || $("#main")).focus();
    return true;
  }

  function openRow(link) {
    if (link.closest("[data-peek]")) peek(link.getAttribute("href"));
    else go(link.getAttribute("href"));
  }

  function step(by) {
    const links = $$("[data-row] a[data-open]").filter((a) => a.offsetParent);
    const opened = new URL(location).searchParams.get("open");
    const at = links.findIndex((a) => {
      const row = a.closest("[data-row]");
      return row.contains(document.activeElement) || ($("#peek:focus-within") && a.getAttribute("href").endsWith(`/${opened}`));
    });
    const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + by, 0), links.length - 1);
    links[next]?.focus();
    links[next]?.scrollIntoView({ block: "nearest" });
  }

  // -- clicks

  on("click", (event) => {
    const target = event.target;
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    const hit = (selector) => target.closest(selector);
    if (hit("[data-copy]")) return copy(hit("[data-copy]"));
    if (hit("[data-close]")) return hit("dialog, .toast, #peek").matches("dialog") ? hit("dialog").close() : hit("#peek") ? closePeek() : hit(".toast").remove();
    if (hit("[data-answer]")) return hit("dialog").close(hit("[data-answer]").dataset.answer);
    if (hit("[data-pause]")) return pause();
    if (target.matches("dialog")) return target.close("no"); // The backdrop.
    const option = hit("#palette-results [role=option]");
    if (option) return choose(option);
    if (!plain || !window.htmx) return;
    const opener = hit("[data-dialog]");
    if (opener && document.getElementById(opener.dataset.dialog)) {
      event.preventDefault();
      event.stopPropagation();
      return open(opener.dataset.dialog);
    }
    const row = hit("[data-row]");
    const link = row && (hit("a") ?? (hit("button") || String(getSelection()) ? null : $("a[data-open]", row)));
    if (link?.matches("[data-open]")) {
      event.preventDefault();
      openRow(link);
    } else if (hit("[hx-ignore] a[href^='/']")) {
      event.preventDefault();
      go(hit("a").getAttribute("href"));
    }
  });

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      toast("success", "Copied");
    } catch {
      toast("error", "The browser did not allow copying");
    }
  }

  // -- the past: a slider over positions; its end is now

  on("input", (event) => {
    const form = event.target.closest("[data-as-of]");
    if (form) $("output", form).textContent = event.target.value === event.target.max ? "now" : `#${event.target.value}`;
  });
  on("change", (event) => {
    const form = event.target.closest("[data-as-of]");
    if (!form) return;
    const fields = new URLSearchParams(new FormData(form));
    if (event.target.value === event.target.max) fields.delete("as_of");
    go(`${form.getAttribute("action")}?${fields}`);
  });

  on("submit", (event) => {
    if (event.target.matches(".theme")) {
      event.preventDefault();
      switchTheme();
    }
  });

  // -- keys

  let pressed = "";
  const typing = (element) => element.matches("input, textarea, select, [contenteditable]");
  const commands = {
    c: () => open("create-agent"),
    p: () => pause(),
    t: () => switchTheme(),
    j: () => step(1),
    k: () => step(-1),
    e: () => $("#peek form[data-key='e'] button")?.click(),
    "?": () => open("keys"),
  };

  on("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return open("palette");
    }
    if (event.target.id === "palette-query") return paletteKey(event);
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.matches("[data-enter]")) {
      event.preventDefault();
      if (event.target.value.trim()) event.target.form.requestSubmit();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || $("dialog[open]")) return;
    if (event.key === "Escape") return void closePeek();
    if (pressed === "g") {
      pressed = "";
      $(`[data-go="${CSS.escape(event.key)}"]`)?.click();
    } else if (event.key === "g") {
      pressed = "g";
      setTimeout(() => (pressed = ""), 1200);
    } else if (commands[event.key]) {
      event.preventDefault();
      commands[event.key]();
    }
  });

  // -- palette

  const options = () => $$("#palette-results [role=option]");

  function select(option) {
    for (const other of options()) other.setAttribute("aria-selected", String(other === option));
    option?.scrollIntoView({ block: "nearest" });
    if (option) $("#palette-query").setAttribute("aria-activedescendant", option.id);
    else $("#palette-query").removeAttribute("aria-activedescendant");
  }

  function paletteKey(event) {
    const all = options();
    const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (all.length) select(all[(at + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (all[at]) choose(all[at]);
    }
  }

  function choose(option) {
    $("#palette").close();
    if (option.dataset.command) commands[option.dataset.command]?.();
    else go(option.dataset.href);
  }

  // -- the live socket: one for the tab, resumed at the position of the last frame

  const FALLBACK = 10000;
  const SILENCE = 40000;
  let connection = null;
  let frame = null;
  let sequence = 0;
  let paused = false;
  let outdated = false; // The page lacks what it was not sent, or what came while it was paused.
  let heard = 0;
  let lostAt = 0;
  let arrivals = [];

  const main = () => $("#main");

  function address() {
    const { view, query, position } = main().dataset;
    return `/ws/events?format=html&view=${view}&after=${position}&sequence=${sequence}${query ? `&${query}` : ""}`;
  }

  function remember() {
    const url = address();
    $("#live").setAttribute("hx-ws:connect", url);
    if (connection) connection.url = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${url}`;
  }

  const send = (message) => connection?.socket?.readyState === WebSocket.OPEN && connection.socket.send(JSON.stringify(message));

  function show(state, word) {
    const badge = $("#live");
    badge.dataset.state = state;
    if ($(".word", badge).textContent !== word) $(".word", badge).textContent = word;
  }

  function showState() {
    if (lostAt) show("lost", Date.now() - lostAt > FALLBACK ? "Reconnecting, refreshed every 10 s" : "Reconnecting");
    else if (paused) show("paused", "Paused");
    else show("on", "Live");
  }

  function subscribe() {
    sequence += 1;
    outdated = false;
    remember();
    const { view, query, position } = main().dataset;
    send({ view, query, after: Number(position), sequence });
  }

  // A session that ended sends every request to the login: so goes the page, and comes back to where it is.
  function loggedOut(response) {
    const out = response.redirected && new URL(response.url).pathname === "/login";
    if (out) location.reload();
    return out;
  }

  async function refresh() {
    const url = location.pathname + location.search;
    const page = main();
    try {
      const response = await fetch(url, { headers: { "HX-Request": "true", "HX-Request-Type": "partial" } });
      if (loggedOut(response) || !response.ok) return;
      const text = await response.text();
      if (main() !== page) return; // Another page came meanwhile.
      await htmx.swap({ sourceElement: page, target: "#main", swap: "outerMorph", text });
    } catch {
      // Still out of reach: the next try comes by itself.
    }
  }

  function pause() {
    paused = !paused;
    if (!paused && outdated) refresh();
    showState();
    for (const button of $$("[data-pause]")) {
      button.setAttribute("aria-pressed", String(paused));
      $(".word", button).textContent = paused ? "Go on" : "Pause";
    }
  }

  on("htmx:ws:after:connection", (event) => {
    connection = event.detail.connection;
    heard = Date.now();
    lostAt = 0;
    showState();
  });

  on("htmx:ws:close", () => {
    lostAt ||= Date.now();
    showState();
  });

  on("htmx:ws:before:message:incoming", (event) => {
    heard = Date.now();
    frame = JSON.parse(event.detail.message.data);
    const stale = frame.sequence !== sequence;
    event.detail.cancelled = stale || paused || frame.content === undefined;
    if (stale) return;
    if (frame.reset || (paused && frame.content !== undefined)) outdated = true;
    if (paused) return;
    if (frame.reset) return void refresh();
    main().dataset.position = frame.position;
    remember();
  });

  on("htmx:ws:after:message:incoming", () => {
    const { number, count } = frame;
    if (count) arrivals.push([Date.now(), count]);
    // After the paint, so that a slow page is sent less.
    let done = () => (done = null, send({ ack: number }));
    requestAnimationFrame(() => done?.());
    setTimeout(() => done?.(), 250);
  });

  function showRate() {
    const since = Date.now() - 5000;
    arrivals = arrivals.filter(([at]) => at > since);
    const rate = arrivals.reduce((sum, [, count]) => sum + count, 0) / 5;
    for (const element of $$("[data-rate]")) element.textContent = `${rate < 10 ? Math.ceil(rate * 10) / 10 : Math.round(rate)}/s`;
  }

  setInterval(() => {
    showRate();
    tellSpans();
    if (connection?.socket?.readyState === WebSocket.OPEN && Date.now() - heard > SILENCE) connection.socket.close();
  }, 1000);
  setInterval(() => tellTimes(), 10000);
  setInterval(() => {
    if (paused || document.hidden) return;
    showState();
    if (outdated || (lostAt && Date.now() - lostAt >= FALLBACK - 500)) refresh();
  }, FALLBACK);

  addEventListener("pageshow", (event) => {
    if (event.persisted) htmx.process($("#live"), true);
  });

  // -- rows that change in place, last state wins

  function swapRows(style, target, fragment, spec) {
    if (style !== "rows") return false;
    let anchor = spec.at === "end" ? null : target.firstChild;
    for (const row of [...fragment.children]) {
      tellTimes(row);
      const old = row.id && document.getElementById(row.id);
      if (old && old === anchor) anchor = row;
      if (!old && spec.known) continue;
      if (!old) target.insertBefore(row, anchor);
      else if (old.contains(document.activeElement)) {
        old.replaceWith(row);
        $("a", row)?.focus({ preventScroll: true });
      } else old.replaceWith(row);
    }
    while (target.children.length > target.dataset.max && !target.lastElementChild.contains(document.activeElement)) target.lastElementChild.remove();
    return [];
  }

  // -- htmx

  on("htmx:before:response", (event) => {
    if (loggedOut(event.detail.ctx.response.raw)) event.preventDefault();
  });

  function tell(text) {
    try {
      return JSON.parse(text).detail;
    } catch {
      return "The server could not do that.";
    }
  }

  on("htmx:response:error", (event) => {
    const { ctx } = event.detail;
    if (ctx.response.status !== 422 || !ctx.sourceElement.hasAttribute("hx-status:422")) toast("error", tell(ctx.text));
  });
  on("htmx:error", (event) => {
    if (event.detail.ctx) toast("error", "The server does not answer. Is the platform running?");
  });
  on("htmx:confirm", (event) => {
    event.preventDefault();
    const { ctx, issueRequest, dropRequest } = event.detail;
    confirmed(ctx.confirm).then((yes) => {
      if (!yes) return dropRequest();
      ctx.request.body?.set("confirmed", "yes");
      issueRequest();
    });
  });
  const ofMain = (ctx) => ctx.target === "#main" || ctx.target?.id === "main";

  // From here on the page is another one, though it subscribes only when it has settled: what still comes is not for it.
  on("htmx:before:swap", (event) => {
    if (ofMain(event.detail.ctx)) sequence += 1;
  });
  on("htmx:after:swap", (event) => {
    tellTimes();
    const task = event.detail.ctx;
    if (ofMain(task)) {
      subscribe();
      if (paused && task.swap !== "outerMorph") pause(); // Another page begins live.
      if (task.swap?.startsWith("outerHTML") && (!document.activeElement || document.activeElement === document.body)) $("h1").focus({ preventScroll: true });
    }
    if (task.target?.id === "palette-results") select(options()[0]);
    for (const box of $$(".toast:not([data-fading])")) {
      box.dataset.fading = "";
      fade(box);
    }
  });
  on("agent-created", (event) => {
    $("#create-agent")?.close();
    const row = $(`#agent-${CSS.escape(event.detail.id)} a`);
    (row ?? $(".toast:last-child a"))?.focus();
  });

  on("DOMContentLoaded", () => {
    tellTimes();
    htmx.registerExtension("rows", { handle_swap: swapRows });
    htmx.process($("#live")); // htmx may have begun before the socket's extension was there.
  });
})();
