// SPDX-License-Identifier: Apache-2.0
// The list of outlets: filter, sort, select several for one action; curves and costs.

import { complain, confirmed, say } from "./actions.js";
import { ask, Refused } from "./api.js";
import { Sparks } from "./spark.js";
import "./switch.js";

const table = document.querySelector("table.outlets");
const rows = table ? [...table.tBodies[0].rows] : [];
const one = (selector) => document.querySelector(selector);
const powers = new Map();
const energies = new Map();

function fits(row) {
  const text = one("#filter-name").value.trim().toLowerCase();
  const state = one("#filter-state").value;
  const group = one("#filter-group")?.value ?? "";
  if (text && row.dataset.outlet !== text && !row.dataset.name.includes(text)) return false;
  if (group && !row.dataset.groups.split(" ").includes(group)) return false;
  if (!state) return true;
  if (state === "locked") return "isLocked" in row.dataset;
  if (state === "pending") return /pending|rebooting/.test(row.dataset.state);
  return row.dataset.state === state;
}

const KEYS = {
  number: (row) => Number(row.dataset.outlet),
  name: (row) => row.dataset.name,
  state: (row) => row.dataset.state,
  power: (row) => -(powers.get(row.dataset.outlet) ?? -Infinity),
  energy: (row) => -(energies.get(row.dataset.outlet) ?? -Infinity),
};

function arrange() {
  const shown = rows.filter(fits);
  for (const row of rows) row.hidden = !shown.includes(row);
  const key = KEYS[one("#sort").value];
  const sorted = [...rows].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === y) return Number(a.dataset.outlet) - Number(b.dataset.outlet);
    return x < y ? -1 : 1;
  });
  table.tBodies[0].append(...sorted);
  one("[data-shown-count]").textContent = shown.length;
  one("[data-none]").hidden = shown.length > 0;
  countSelected();
}

const picked = () => rows.filter((row) => !row.hidden && row.querySelector("[data-pick]:checked"));

function countSelected() {
  const count = picked().length;
  const place = one("[data-selected-count]");
  if (!place) return;
  place.textContent = count;
  for (const button of document.querySelectorAll("[data-bulk]")) button.disabled = count === 0;
  const offered = rows.filter((row) => !row.hidden && row.querySelector("[data-pick]"));
  const all = one("[data-select-all]");
  all.checked = count > 0 && count === offered.length;
  all.indeterminate = count > 0 && count < offered.length;
}

const WORDS = { off: "Switch off", reboot: "Cycle", on: "Switch on", cancel: "Cancel what is pending of" };

/** What is asked before several are switched; an on is never asked about. */
function questionFor(verb, chosen) {
  if (verb !== "off" && verb !== "reboot") return "";
  const numbers = chosen.map((row) => row.dataset.outlet);
  const known = numbers.map((each) => powers.get(each)).filter((watts) => watts !== undefined && watts !== null);
  const drawn = known.reduce((sum, watts) => sum + watts, 0);
  const names = chosen.slice(0, 8).map((row) => row.querySelector("a").textContent.trim()).join(", ");
  const more = chosen.length > 8 ? ` and ${chosen.length - 8} more` : "";
  const missing = numbers.length > known.length ? ` Of ${numbers.length - known.length} nobody knows what they draw.` : "";
  return `${WORDS[verb]} ${chosen.length} ${chosen.length === 1 ? "outlet" : "outlets"}: ${names}${more}?\nThey draw ${drawn.toFixed(0)} W now.${missing}`;
}

async function actOnAll(button) {
  const verb = button.dataset.bulk;
  const chosen = picked();
  const text = questionFor(verb, chosen);
  complain(button, "");
  if (text && !(await confirmed(text, button.textContent))) return;
  const commands = chosen.map((row) => ({ outlet: Number(row.dataset.outlet), command: verb }));
  button.setAttribute("aria-busy", "true");
  try {
    const answer = await ask("POST", "/api/v1/commands", { commands });
    say(answer.changed ? `${WORDS[verb]} ${commands.length} outlets: accepted.` : "Nothing had to be changed.");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    complain(button, `${error.message} None of the ${commands.length} was switched.`);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

if (table) {
  for (const id of ["#filter-name", "#filter-state", "#filter-group", "#sort"]) one(id)?.addEventListener("input", arrange);
  table.addEventListener("change", countSelected);
  one("[data-select-all]")?.addEventListener("change", (event) => {
    for (const row of rows) {
      const box = row.querySelector("[data-pick]");
      if (box && !row.hidden) box.checked = event.target.checked;
    }
    countSelected();
  });
  for (const button of document.querySelectorAll("[data-bulk]")) button.addEventListener("click", () => actOnAll(button));
}

const sparks = new Sparks();
const byNumber = new Map(rows.map((row) => [row.dataset.outlet, row]));

document.addEventListener("live:readings", ({ detail }) => {
  for (const each of detail.outlets) {
    const isFresh = each.quality === "ok" || each.quality === "clipped";
    const watts = isFresh ? each.active_power_w : null;
    const number = String(each.number);
    powers.set(number, watts);
    energies.set(number, each.energy_wh);
    sparks.add(each.number, watts);
    const row = byNumber.get(number);
    if (row && row.dataset.state !== "metered only") row.dataset.state = each.state;
  }
});

document.addEventListener("live:state", ({ detail }) => {
  const row = byNumber.get(String(detail.number));
  if (!row) return;
  if (detail.lock === "unlocked") delete row.dataset.isLocked;
  else row.dataset.isLocked = "";
  const by = detail.holds[0] ? `${detail.holds[0].source}: ${detail.holds[0].text}` : detail.changed_by?.who || detail.changed_by?.face || "";
  row.querySelector(".reason").textContent = by;
});

/** The bill of all outlets is much to reckon: what is seen at once comes first. */
const COSTS_AFTER_MS = 1000;

async function showCosts() {
  const bill = await ask("GET", "/api/v1/cost");
  for (const each of bill.outlets) {
    const place = one(`[data-cost="${each.number}"]`);
    if (!place || each.cost === null) continue;
    place.textContent = each.cost.toFixed(2);
    place.classList.remove("is-missing");
  }
  if (bill.currency) one("[data-cost-head]").textContent = `${bill.currency} this month`;
}

const SPARK_S = 150;
async function showPast() {
  for (const number of sparks.curves.keys()) {
    const query = new URLSearchParams({ target: `outlet:${number}`, quantity: "active_power_w", from: `-${SPARK_S}s`, points: 140 });
    const curve = await ask("GET", `/api/v1/history?${query}`);
    sparks.begin(number, curve.average);
  }
}

if (table) {
  setTimeout(() => showCosts().catch(() => {}), COSTS_AFTER_MS);
  showPast().catch(() => {});
}
