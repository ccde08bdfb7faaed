// SPDX-License-Identifier: Apache-2.0
// The page of one outlet: why it is as it is, and how far a shutdown is.

import { ask } from "./api.js";
import { written } from "./numbers.js";
import { markOf } from "./proof.js";
import { Sparks } from "./spark.js";
import "./parts.js";
import "./scope.js";
import "./switch.js";

const page = document.querySelector("[data-page-outlet]");
const number = Number(page.dataset.pageOutlet);
const title = page.dataset.title;
const panel = document.querySelector("[data-progress]");
const steps = document.querySelector("[data-steps]");
const sparks = new Sparks();
let drawn = null;

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

/** A shutdown that somebody follows: what it drew before, and what its alarm says came of it. */
let stop = panel && !panel.hidden ? { before: null, ended: false, verdict: "" } : null;

function step(key, text) {
  if (!steps) return;
  let line = steps.querySelector(`[data-step="${key}"]`);
  if (!line) {
    line = document.createElement("li");
    line.dataset.step = key;
    steps.append(line);
  }
  if (line.textContent !== text) line.textContent = text;
}

function beginStop() {
  if (stop && !stop.ended) return;
  stop = { before: drawn, ended: false, verdict: "" };
  steps.replaceChildren();
  panel.hidden = false;
  panel.querySelector("h3").textContent = "Shutting down";
  for (const button of panel.querySelectorAll("button")) button.hidden = false;
  step("sent", "Command sent.");
}

function endStop(text) {
  stop.ended = true;
  steps.querySelector('[data-step="waits"]')?.remove();
  step("end", text);
  panel.querySelector("h3").textContent = text.startsWith("Cut") ? "Shut down and cut" : "Not cut";
  for (const button of panel.querySelectorAll("button")) button.hidden = true;
}

document.addEventListener("api:done", ({ target }) => {
  if (target.matches?.("[data-shutdown]")) beginStop();
});

function followStop(outlet) {
  if (!panel) return;
  if (outlet.stopping) {
    if (stop?.verdict) return;
    beginStop();
    step("waits", sentence(outlet.stopping));
    return;
  }
  if (!stop || stop.ended || outlet.pending) return;
  if (outlet.state === "off") {
    endStop(`Cut, ${markOf(outlet)?.[0] ?? "not verified"}.`);
  } else if (outlet.state === "on" && steps.querySelector('[data-step="waits"]')) {
    endStop(`${title} stays on.`);
  }
}

async function renewWhy() {
  const { sentences } = await ask("GET", `/api/v1/outlets/${number}/why`);
  const list = document.querySelector("[data-why]");
  list.replaceChildren(...sentences.map((sentence) => {
    const line = document.createElement("li");
    line.textContent = sentence;
    return line;
  }));
}

document.addEventListener("live:readings", ({ detail }) => {
  const row = detail.outlets.find((each) => each.number === number);
  if (!row) return;
  const isFresh = row.quality === "ok" || row.quality === "clipped";
  drawn = isFresh ? row.active_power_w : null;
  sparks.add(number, drawn);
  const cancel = document.querySelector("[data-when-pending]");
  if (cancel) cancel.hidden = !row.pending;
  if (stop && !stop.ended) {
    stop.before ??= drawn;
    step("draw", `Draw ${written(stop.before, 0)} W to ${written(drawn, 0)} W.`);
  }
});

document.addEventListener("live:state", ({ detail }) => {
  if (detail.number !== number) return;
  followStop(detail);
  renewWhy().catch(() => {});
});

document.addEventListener("live:alarm", ({ detail }) => {
  const { kind, severity, subject, text } = detail.alarm;
  if (!stop || kind !== "shutdown" || subject !== `outlet ${number}`) return;
  const isNew = detail.change === "raised" || detail.change === "changed";
  stop.verdict = !isNew ? "" : severity === "critical" ? `Not cut: ${text}.` : sentence(text);
  if (stop.verdict) endStop(stop.verdict);
});

let own = null;
async function askCost() {
  const bill = await ask("GET", "/api/v1/cost");
  const found = bill.outlets.find((each) => each.number === number);
  own = found ? { cost: found.cost, currency: bill.currency } : null;
  showCost();
}

/** Again after the part that it stands in was made anew. */
function showCost() {
  const place = document.querySelector("[data-cost]");
  if (!place || !own || own.cost === null) return;
  place.textContent = `${own.cost.toFixed(2)} ${own.currency}`;
  place.classList.remove("is-missing");
}
document.addEventListener("parts:changed", showCost);
/** The bill of all outlets is much to reckon: what is seen at once comes first. */
const COST_AFTER_MS = 1000;
setTimeout(() => askCost().catch(() => {}), COST_AFTER_MS);
