// SPDX-License-Identifier: Apache-2.0
// The dry run of an outage: asked of the API, shown in the order in which it would happen.

import { ask, Refused } from "./api.js";
import { complain } from "./actions.js";
import { fillTable } from "./tables.js";

const form = document.getElementById("mains-fail");
const place = document.getElementById("mains-fail-answer");
const names = form ? JSON.parse(form.dataset.names) : {};

const named = (outlet) => (outlet === null ? "UPS" : `${outlet} ${names[outlet] ?? ""}`.trim());
const several = (outlets) => (outlets.length ? outlets.map(named).join(", ") : "\u2013");

function after(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function line(title, text) {
  const part = document.createElement("p");
  const strong = document.createElement("strong");
  strong.textContent = `${title}: `;
  part.append(strong, text);
  return part;
}

function show(answer) {
  const table = document.createElement("div");
  table.className = "scroll";
  table.tabIndex = 0;
  table.setAttribute("role", "region");
  table.setAttribute("aria-label", "What would happen");
  const rows = answer.happenings.map((each) => [after(each.at_s), named(each.outlet), each.what, each.because]);
  fillTable(table, ["After (min:s)", "Outlet", "Then", "Because"], rows);
  const assumed = document.createElement("p");
  assumed.className = "hint";
  assumed.textContent = `Taken for granted: ${answer.assumed.join("; ")}.`;
  place.replaceChildren(
    line("Batteries", `${after(answer.runtime_s)} min at ${answer.charge_percent} %`),
    rows.length ? table : line("In order", "nothing would be switched"),
    line("Cut hard by an empty battery", several(answer.lost)),
    line("On all the time", several(answer.remains)),
    line("Off in the end", several(answer.away)),
    assumed,
  );
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  complain(form, "");
  const query = new URLSearchParams({ minutes: form.minutes.value });
  if (form.runtime.value) query.set("runtime_s", String(60 * Number(form.runtime.value)));
  if (form.charge.value) query.set("charge", form.charge.value);
  const button = form.querySelector("button");
  button.setAttribute("aria-busy", "true");
  try {
    show(await ask("GET", `/api/v1/what-if/mains-fail?${query}`));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    complain(form, error.message);
  } finally {
    button.removeAttribute("aria-busy");
  }
});
