// SPDX-License-Identifier: Apache-2.0
// Follows the unit: one stream, which every cell with data-live reads from. What is old is never
// shown as if it were of now: the banner says of when it is, and the cells turn pale.

import { toLogin } from "./api.js";
import { clock, MISSING, written } from "./numbers.js";

const LOST_MS = 3500;
const FRESH = new Set(["ok", "clipped"]);
const KIND_OF_STATE = { on: "on", off: "off", "on pending": "pending", "off pending": "pending", rebooting: "pending", fault: "fault", unknown: "warning" };
const KIND_OF_CAP = { under: "ok", shedding: "warning", restoring: "pending", over: "fault", unknown: "warning" };

const banner = document.getElementById("lost");
let heardAt = performance.now();
let valuesOf = new Date();

/** Live cells by "kind:number", as the stream groups its rows. */
function cells() {
  const found = new Map();
  for (const cell of document.querySelectorAll("[data-live], [data-live-bar]")) {
    const key = cell.dataset.live ?? cell.dataset.liveBar;
    const [kind, number, name] = key.split(":");
    const group = number === undefined ? "" : `${kind}:${number}`;
    if (!found.has(group)) found.set(group, []);
    found.get(group).push([cell, name ?? kind]);
  }
  return found;
}

let known = cells();
/** After rows came or went. */
export function lookAgain() { known = cells(); }
document.addEventListener("htmx:after:swap", lookAgain);

function show(cell, value) {
  if (cell.dataset.liveBar) {
    drawBar(cell, value);
    return;
  }
  const scaled = typeof value === "number" ? value * Number(cell.dataset.scale ?? 1) : null;
  const text = written(scaled, Number(cell.dataset.decimals ?? 0));
  if (cell.textContent !== text) cell.textContent = text;
  cell.closest(".value")?.classList.toggle("is-missing", scaled === null);
}

function drawBar(bar, value) {
  const percent = typeof value === "number" ? (100 * value) / Number(bar.dataset.whole) : 0;
  const drawn = Math.min(Math.max(percent, 0), 100);
  bar.querySelector(".bar-fill").setAttribute("width", drawn.toFixed(1));
  bar.classList.toggle("is-warning", percent >= 80 && percent < 100);
  bar.classList.toggle("is-fault", percent >= 100);
  bar.setAttribute("aria-label", `${bar.dataset.label}: ${typeof value === "number" ? percent.toFixed(0) : MISSING} %`);
}

function showRow(kind, row) {
  const isFresh = row.quality === undefined || FRESH.has(row.quality);
  for (const [cell, name] of known.get(`${kind}:${row.number}`) ?? []) {
    const isCounter = name === "energy_wh";
    show(cell, isFresh || isCounter ? row[name] : null);
  }
}

function takeReadings(event) {
  const now = JSON.parse(event.data);
  heard();
  valuesOf = new Date(now.time);
  for (const [cell, name] of known.get("") ?? []) {
    if (name === "time") cell.textContent = clock(valuesOf);
    else show(cell, name in now ? now[name] : now.total[name]);
  }
  for (const kind of ["inlet", "line", "outlet", "sensor", "cap"]) {
    for (const row of now[`${kind}s`]) showRow(kind, row);
  }
  for (const row of now.outlets) showState(row);
  for (const row of now.caps) showBadges(`cap:${row.number}`, row.state, KIND_OF_CAP);
  document.dispatchEvent(new CustomEvent("live:readings", { detail: now }));
}

/** The state in words and colour, but of what is metered only. */
function showBadges(key, state, kinds) {
  for (const badge of document.querySelectorAll(`[data-live-state="${key}"]:not([data-metered-only])`)) {
    if (badge.textContent === state) continue;
    badge.textContent = state;
    badge.className = `badge is-${kinds[state] ?? "info"}`;
  }
}

/** The badge and the countdown of an outlet. */
export function showState(row) {
  showBadges(`outlet:${row.number}`, row.state, KIND_OF_STATE);
  for (const place of document.querySelectorAll(`[data-live-pending="outlet:${row.number}"]`)) {
    const text = row.pending ? `${row.pending.action} in ${Math.ceil(row.pending.in_s)} s` : "";
    if (place.textContent !== text) place.textContent = text;
    place.hidden = !text;
  }
}

function takeState(event) {
  const { outlet } = JSON.parse(event.data);
  showState(outlet);
  document.dispatchEvent(new CustomEvent("live:state", { detail: outlet }));
}

function takeAlarm(event) {
  document.dispatchEvent(new CustomEvent("live:alarm", { detail: JSON.parse(event.data) }));
}

function heard() {
  heardAt = performance.now();
  if (banner.hidden) return;
  banner.hidden = true;
  document.body.classList.remove("is-stale");
}

function watch() {
  if (performance.now() - heardAt < LOST_MS) return;
  banner.textContent = `The unit does not answer: values are from ${clock(valuesOf)}.`;
  banner.hidden = false;
  document.body.classList.add("is-stale");
}

let source = null;

function follow() {
  source?.close();
  source = new EventSource(document.body.dataset.stream);
  source.addEventListener("readings", takeReadings);
  source.addEventListener("state", takeState);
  source.addEventListener("alarm", takeAlarm);
  source.addEventListener("reset", () => document.dispatchEvent(new CustomEvent("live:reset")));
  source.addEventListener("error", failed);
}

/** A browser gives up where the answer is a refusal: ask again later, or who one is. */
async function failed() {
  if (source.readyState !== EventSource.CLOSED) return;
  const answer = await fetch("/api/v1/session", { cache: "no-store" }).catch(() => null);
  if (answer?.status === 401) toLogin();
  else setTimeout(follow, 2000);
}

// A page that nobody looks at costs the unit nothing.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    source?.close();
    source = null;
  } else if (!source) {
    follow();
  }
});
addEventListener("pagehide", () => source?.close());

setInterval(() => { if (!document.hidden) watch(); }, 500);
follow();
