// SPDX-License-Identifier: Apache-2.0
// Buttons that switch outlets: which of them is of use now, and what is asked before an off.

import { markOf } from "./proof.js";

const DRAWS_FROM_W = 1;
const FAULTS = { welded: "relay welded", fuse: "no voltage", relay: "relay disobeys", board: "board lost" };

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
function badge(text, kind) {
  const made = document.createElement("span");
  made.className = `badge is-${kind}`;
  made.textContent = text;
  return made;
}

/** Lock, faults and proof of an outlet wherever they stand. */
function showTags(outlet) {
  const tags = Object.keys(FAULTS).filter((each) => outlet.faults.includes(each)).map((each) => [FAULTS[each], "fault"]);
  if (outlet.lock !== "unlocked") tags.push([outlet.lock, "info"]);
  for (const place of document.querySelectorAll(`[data-tags="${outlet.number}"]`)) {
    place.replaceChildren(...tags.flatMap((each) => [badge(...each), " "]));
  }
  const mark = markOf(outlet);
  for (const place of document.querySelectorAll(`[data-proof="${outlet.number}"]`)) {
    place.replaceChildren(...(mark ? [badge(...mark)] : []));
  }
}

document.addEventListener("live:state", ({ detail }) => {
  showTags(detail);
  for (const place of document.querySelectorAll(`[data-switches="${detail.number}"]`)) {
    if (detail.lock === "unlocked") delete place.dataset.locked;
    else place.dataset.locked = "";
    ready(place, detail, detail.lock !== "unlocked");
  }
});
