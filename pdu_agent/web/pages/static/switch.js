// SPDX-License-Identifier: Apache-2.0
// Buttons that switch outlets: which of them is of use now, and what is asked before an off.

const DRAWS_FROM_W = 1;

/** The question before something that cuts power; empty where nothing can be lost. */
export function question(start, watts) {
  if (watts === null || watts === undefined) return `${start} Nothing tells what it draws.`;
  return watts < DRAWS_FROM_W ? "" : `${start} It draws ${watts.toFixed(0)} W now.`;
}

/** true, false, or null while nobody can tell. */
export function isOn(row) {
  if (row.state === "on" || row.state === "off pending") return true;
  if (row.state === "off" || row.state === "on pending") return false;
  return null;
}

function ready(place, row, locked) {
  const on = isOn(row);
  for (const button of place.querySelectorAll("[data-do]")) {
    const useless = button.dataset.do === "on" ? on === true : on === false;
    const pendingBack = row.pending !== null;
    const disabled = locked || (useless && !pendingBack);
    if (button.disabled !== disabled && !(disabled && button === document.activeElement)) button.disabled = disabled;
  }
}

document.addEventListener("live:readings", ({ detail }) => {
  for (const row of detail.outlets) {
    for (const place of document.querySelectorAll(`[data-switches="${row.number}"]`)) {
      ready(place, row, "locked" in place.dataset);
      const watts = row.quality === "ok" || row.quality === "clipped" ? row.active_power_w : null;
      for (const button of place.querySelectorAll("[data-asks-draw]")) {
        button.dataset.confirm = question(button.dataset.asksDraw, watts);
      }
    }
  }
});
document.addEventListener("live:state", ({ detail }) => {
  for (const place of document.querySelectorAll(`[data-switches="${detail.number}"]`)) {
    if (detail.lock === "unlocked") delete place.dataset.locked;
    else place.dataset.locked = "";
    ready(place, detail, detail.lock !== "unlocked");
  }
});
