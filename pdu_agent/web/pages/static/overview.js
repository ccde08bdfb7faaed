// SPDX-License-Identifier: Apache-2.0
// The overview: switches, what was used today, and alarms that come and go.

import { ask } from "./api.js";
import "./switch.js";
import { isOn } from "./switch.js";

const onCount = document.querySelector("[data-outlets-on]");
document.addEventListener("live:readings", ({ detail }) => {
  if (onCount) onCount.textContent = detail.outlets.filter((row) => isOn(row) === true).length;
});

// Alarms are few: the list is taken anew from the page itself, with all that it may offer.
let waits = 0;
async function renewAlarms() {
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of ["[data-alarms]", ".tools"]) {
    const now = document.querySelector(part);
    const then = fresh.querySelector(part);
    if (part === "[data-alarms]" && now && then) now.replaceChildren(...then.childNodes);
    else if (now && then) renewBadge(now, then);
  }
}

function renewBadge(now, then) {
  now.querySelector("[data-alarm-badge]")?.remove();
  const badge = then.querySelector("[data-alarm-badge]");
  if (badge) now.prepend(badge);
}

document.addEventListener("live:alarm", () => {
  clearTimeout(waits);
  waits = setTimeout(() => renewAlarms().catch(() => {}), 300);
});

const today = document.querySelector("[data-energy-today]");
async function renewToday() {
  const query = new URLSearchParams({ step: "day", day: today.dataset.energyToday });
  const { periods } = await ask("GET", `/api/v1/energy/history?${query}`);
  const used = periods.at(-1)?.energy_wh ?? null;
  if (used === null) return;
  today.firstElementChild.textContent = (used / 1000).toFixed(2);
  today.classList.remove("is-missing");
}
if (today) renewToday().catch(() => {});
