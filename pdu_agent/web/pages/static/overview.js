// SPDX-License-Identifier: Apache-2.0
// The overview: switches, what was used today, and alarms that come and go.

import { ask } from "./api.js";
import { lookAgain } from "./live.js";
import "./switch.js";
import { isOn } from "./switch.js";

const onCount = document.querySelector("[data-outlets-on]");
document.addEventListener("live:readings", ({ detail }) => {
  if (onCount) onCount.textContent = detail.outlets.filter((row) => isOn(row) === true).length;
});

// What the stream does not tell is taken from the page itself, with all that it may offer.
const RENEWED = ["[data-alarms]", "#feeders", "#ups", "#agent", "[data-caps]"];
const RENEW_MS = 15_000;
let waits = 0;

async function renew() {
  if (document.hidden) return;
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of RENEWED) {
    const [now, then] = [document.querySelector(part), fresh.querySelector(part)];
    if (now && then && !now.contains(document.activeElement)) now.replaceChildren(...then.childNodes);
  }
  document.querySelector("[data-alarm-badge]")?.remove();
  const badge = fresh.querySelector("[data-alarm-badge]");
  if (badge) document.querySelector(".tools").prepend(badge);
  lookAgain();
}

document.addEventListener("live:alarm", () => {
  clearTimeout(waits);
  waits = setTimeout(() => renew().catch(() => {}), 300);
});
setInterval(() => renew().catch(() => {}), RENEW_MS);

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
