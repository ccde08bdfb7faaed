// SPDX-License-Identifier: Apache-2.0
// The audit log, page by page, as the API gives it.

import { ask, Refused } from "./api.js";
import { complain } from "./actions.js";

const PAGE = 50;
const form = document.getElementById("audit-filter");
const place = document.getElementById("audit-rows");
const note = document.getElementById("audit-note");
const older = document.getElementById("audit-older");
const timeZone = form.dataset.zone || undefined;
let next = null;

/** As the unit's owner reads it: 2026-11-02 08:30:05. */
const shown = (moment) => (moment === null ? "\u2013" : new Date(moment).toLocaleString("sv-SE", { timeZone }));

/** The instant of a local time of the unit. */
function instantOf(text) {
  const guess = Date.parse(`${text}Z`);
  const there = Date.parse(`${new Date(guess).toLocaleString("sv-SE", { timeZone }).replace(" ", "T")}Z`);
  return new Date(2 * guess - there).toISOString();
}

function cell(row, text, kind = "") {
  const made = row.insertCell();
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

/** Of a cell; a phone leaves out those of which there is nothing to say. */
const textKind = (text) => (text ? "text" : "text is-none");

function badge(text, kind) {
  const made = document.createElement("span");
  made.className = `badge is-${kind}`;
  made.textContent = text;
  return made;
}

function add(entry) {
  const row = place.querySelector("tbody").insertRow();
  cell(row, shown(entry.time), "nowrap");
  const from = entry.address ? ` from ${entry.address}` : "";
  const because = entry.because ? ` (${entry.because})` : "";
  cell(row, `${entry.door} ${entry.user}`.trim() + from + because);
  cell(row, entry.asked || "\u2013", textKind(entry.asked));
  const result = cell(row, "");
  result.append(badge(entry.result || "\u2013", entry.error ? "fault" : "ok"));
  if (entry.error) result.append(` ${entry.error}`);
  if (entry.missed) result.append(badge(`${entry.missed} entries are missing before this one`, "warning"));
  const moved = entry.outlets.map((each) => `${each.number}: ${each.before} \u2192 ${each.after}`).join(", ");
  cell(row, moved || "\u2013", textKind(moved));
}

function query() {
  const made = new URLSearchParams({ limit: PAGE });
  for (const name of ["outlet", "user", "door"]) if (form[name].value) made.set(name, form[name].value);
  for (const name of ["since", "until"]) if (form[name].value) made.set(name, instantOf(form[name].value));
  if (next) made.set("cursor", next);
  return made;
}

async function load() {
  complain(form, "");
  try {
    const answer = await ask("GET", `/api/v1/audit?${query()}`);
    answer.entries.forEach(add);
    next = answer.next;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    next = null;
    complain(form, error.message);
  }
  const count = place.querySelectorAll("tbody tr").length;
  place.hidden = count === 0;
  older.hidden = !next;
  note.textContent = count ? `${count} entries, newest first` : "No entry fits.";
}

function begin() {
  next = null;
  place.querySelector("tbody").replaceChildren();
  load();
}

const check = document.getElementById("audit-check");
const verdict = document.getElementById("audit-verdict");

check.addEventListener("click", async () => {
  check.setAttribute("aria-busy", "true");
  try {
    const { whole, first, newest, problems } = await ask("GET", "/api/v1/audit/check");
    verdict.replaceChildren(badge(whole ? "whole" : "not whole", whole ? "ok" : "fault"));
    const told = problems.map((each) => `number ${each.number}: ${each.text}`).join("; ");
    verdict.append(whole ? ` entries ${first} to ${newest}` : ` ${told}`);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    verdict.textContent = error.message;
  } finally {
    check.removeAttribute("aria-busy");
  }
});

form.addEventListener("submit", (event) => { event.preventDefault(); begin(); });
form.addEventListener("reset", () => setTimeout(begin));
older.addEventListener("click", load);
begin();
