// SPDX-License-Identifier: Apache-2.0
// The overview: switches, what was used today, and alarms that come and go.

import { ask } from "./api.js";
import "./switch.js";
import { isOn } from "./switch.js";

const onCount = document.querySelector("[data-outlets-on]");
document.addEventListener("live:readings", ({ detail }) => {
  if (onCount) onCount.textContent = detail.outlets.filter((row) => isOn(row) === true).length;
});

// htmx takes from the page anew what the stream does not tell, and at once when an alarm changes.
document.addEventListener("live:alarm", () => document.dispatchEvent(new Event("alarmschanged")));

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
