// SPDX-License-Identifier: Apache-2.0
// The order of shedding: moved by pointer or keys, tried in what-if, and saved as one request.

import { ask, Refused } from "./api.js";
import { complain, say } from "./actions.js";

const order = document.getElementById("order");
const form = document.getElementById("try");
const answerPlace = document.getElementById("try-answer");
const save = document.getElementById("order-save");
const undo = document.getElementById("order-undo");
const told = document.getElementById("order-said");
const ASK_AFTER_MS = 250;

const handles = () => [...(order?.querySelectorAll(".handle") ?? [])];
const priorityOf = (handle) => Number(handle.closest(".level").dataset.priority);
const moved = () => handles().filter((each) => priorityOf(each) !== Number(each.dataset.priority));
const nameOf = (handle) => handle.firstElementChild.textContent;

/** The box of a priority; made where there is none, in its place. */
function levelOf(priority) {
  const levels = [...order.querySelectorAll(".level")];
  const present = levels.find((each) => Number(each.dataset.priority) === priority);
  if (present) return present;
  const level = document.createElement("li");
  level.className = "level";
  level.dataset.priority = String(priority);
  const number = document.createElement("span");
  number.className = "level-number";
  number.textContent = String(priority);
  const hint = document.createElement("span");
  hint.className = "hint";
  number.append(hint);
  const outlets = document.createElement("ul");
  outlets.className = "level-outlets";
  outlets.setAttribute("aria-label", `Priority ${priority}`);
  level.append(number, outlets);
  order.insertBefore(level, levels.find((each) => Number(each.dataset.priority) < priority) ?? null);
  return level;
}

/** One free number at each end to move to, and 0 for what never goes. */
function offerLevels() {
  const used = handles().map(priorityOf);
  levelOf(0);
  levelOf(Math.min(Number(order.dataset.highest), Math.max(...used, 0) + 1));
  const levels = [...order.querySelectorAll(".level")];
  const first = Math.max(...used);
  for (const level of levels) {
    const priority = Number(level.dataset.priority);
    const hint = level.querySelector(".hint");
    hint.textContent = priority === 0 ? "never" : priority === first ? "goes first" : "";
  }
}

function settle() {
  offerLevels();
  const isChanged = moved().length > 0;
  if (save) save.disabled = undo.disabled = !isChanged;
  for (const each of handles()) each.classList.toggle("is-moved", priorityOf(each) !== Number(each.dataset.priority));
  askSoon();
}

function put(handle, priority) {
  const outlets = levelOf(priority).querySelector(".level-outlets");
  const number = Number(handle.dataset.outlet);
  const after = [...outlets.querySelectorAll(".handle")].find((each) => Number(each.dataset.outlet) > number);
  outlets.insertBefore(handle.parentElement, after?.parentElement ?? null);
  settle();
}

function announce(handle) {
  const priority = priorityOf(handle);
  told.textContent = `${nameOf(handle)}: priority ${priority}${priority === 0 ? ", never goes" : ""}`;
}

/** Up is towards what goes first, as it is drawn. */
function step(handle, direction) {
  const levels = [...order.querySelectorAll(".level")];
  const place = levels.indexOf(handle.closest(".level")) + direction;
  if (place < 0 || place >= levels.length) return;
  put(handle, Number(levels[place].dataset.priority));
  handle.focus();
  announce(handle);
}

order?.addEventListener("keydown", (event) => {
  const handle = event.target.closest(".handle");
  const direction = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!handle || !direction || !("mayOrder" in order.dataset)) return;
  event.preventDefault();
  step(handle, direction);
});

// Pointer: mouse, pen and touch alike. The box under the pointer takes the outlet when it is let go.
order?.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest(".handle");
  if (!handle || event.button !== 0 || !("mayOrder" in order.dataset)) return;
  const start = { x: event.clientX, y: event.clientY };
  let target = null;
  const move = (at) => {
    handle.style.transform = `translate(${at.clientX - start.x}px, ${at.clientY - start.y}px)`;
    handle.classList.add("is-dragged");
    const below = document.elementsFromPoint(at.clientX, at.clientY).find((each) => each.closest(".level"));
    target?.classList.remove("is-target");
    target = below?.closest(".level") ?? null;
    target?.classList.add("is-target");
  };
  const end = (at) => {
    handle.removeEventListener("pointermove", move);
    handle.removeEventListener("pointerup", end);
    handle.removeEventListener("pointercancel", end);
    handle.style.transform = "";
    handle.classList.remove("is-dragged");
    target?.classList.remove("is-target");
    if (at.type === "pointerup" && target) {
      put(handle, Number(target.dataset.priority));
      handle.focus();
      announce(handle);
    }
  };
  handle.setPointerCapture(event.pointerId);
  handle.addEventListener("pointermove", move);
  handle.addEventListener("pointerup", end);
  handle.addEventListener("pointercancel", end);
});

undo?.addEventListener("click", () => {
  for (const handle of moved()) put(handle, Number(handle.dataset.priority));
  say("The order is as it was.");
});

save?.addEventListener("click", async () => {
  const problem = document.getElementById("order-problem");
  problem.hidden = true;
  const priorities = moved().map((each) => ({ outlet: Number(each.dataset.outlet), priority: priorityOf(each) }));
  save.setAttribute("aria-busy", "true");
  try {
    await ask("PATCH", "/api/v1/priorities", { priorities }, { etag: order.dataset.etag });
    location.reload();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    problem.textContent = error.status === 412 ? "Somebody else has changed the order since the page was opened. Load it again, then repeat your change." : error.message;
    problem.hidden = false;
  } finally {
    save.removeAttribute("aria-busy");
  }
});

// -- what if -------------------------------------------------------------------------------

let waiting = 0;
let running = null;

function askSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(tryIt, ASK_AFTER_MS);
}

function part(text, strong = "") {
  const line = document.createElement("p");
  if (strong) {
    const begin = document.createElement("strong");
    begin.textContent = `${strong}: `;
    line.append(begin);
  }
  line.append(text);
  return line;
}

const watts = (value) => (value === null ? "\u2013" : `${value.toFixed(1)} W`);

function show(cap) {
  for (const handle of handles()) {
    const turn = cap.goes.findIndex((each) => each.number === Number(handle.dataset.outlet));
    handle.querySelector("[data-turn]").textContent = turn < 0 ? "" : `goes ${turn + 1}.`;
  }
  const list = document.createElement("ol");
  for (const each of cap.goes) {
    const line = document.createElement("li");
    line.textContent = `${each.number} ${each.name} (priority ${each.priority}), ${watts(each.draw_w)}`;
    list.append(line);
  }
  const verdict = cap.is_enough === null ? "It shows only then whether that is enough: some have no meter."
    : cap.is_enough ? "" : "That is not enough: more than the cap is carried all the same.";
  answerPlace.replaceChildren(
    part(`${watts(cap.carried_w)} carried, cap ${watts(cap.limit_w)}`, "Load"),
    cap.goes.length ? part("in this order", "These would go") : part("nothing would go", "Outlets"),
    list,
    part(watts(cap.remains_w), "Remains"),
    ...(cap.stays.length ? [part(cap.stays.join(", "), "Stay whatever happens")] : []),
    ...(verdict ? [part(verdict)] : []),
  );
  if (!cap.goes.length) list.remove();
}

async function tryIt() {
  if (!form.checkValidity()) return;
  running?.abort();
  running = new AbortController();
  const query = new URLSearchParams({ cap: form.cap.value, target: form.target.value, basis: form.basis.value });
  if (form.load.value) query.set("load", form.load.value);
  const priorities = moved().map((each) => `${each.dataset.outlet}:${priorityOf(each)}`);
  if (priorities.length) query.set("priorities", priorities.join(","));
  try {
    show((await ask("GET", `/api/v1/what-if?${query}`, undefined, { signal: running.signal })).cap);
    complain(form, "");
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof Refused)) throw error;
    answerPlace.replaceChildren();
    complain(form, error.message);
  }
}

form?.addEventListener("input", askSoon);
form?.addEventListener("submit", (event) => { event.preventDefault(); tryIt(); });
if (order) settle();
