// SPDX-License-Identifier: Apache-2.0
// Buttons and forms with data-api="POST /api/v1/...": confirm, ask, and tell how it went.

import { ask, Refused } from "./api.js";
import { bodyOf, filledPath } from "./fields.js";

const said = document.getElementById("done");
const general = document.getElementById("problem");

/** For screen readers, and for everybody who looks for it: what has been done. */
export function say(text) {
  said.textContent = "";
  requestAnimationFrame(() => { said.textContent = text; });
}

let decide = () => {};

/** Resolves to whether the person wants it; what was asked before is answered first. */
export function confirmed(text, yes = "Do it") {
  const dialog = document.getElementById("confirm");
  decide(!dialog.open && dialog.returnValue === "yes");
  dialog.querySelector("#confirm-text").textContent = text;
  dialog.querySelector("#confirm-yes").textContent = yes;
  dialog.returnValue = "no";
  // "close" comes some time after the dialog has closed: it may be open again by then.
  dialog.onclose = () => { if (!dialog.open) decide(dialog.returnValue === "yes"); };
  if (!dialog.open) dialog.showModal();
  return new Promise((resolve) => { decide = resolve; });
}

/** Shows a refusal next to what was asked, or at the top of the page. */
export function complain(source, text) {
  const place = source.closest("form, [data-asks]")?.querySelector("[data-problem]") ?? general;
  place.textContent = text;
  place.hidden = !text;
  if (text && place === general) place.scrollIntoView({ block: "nearest" });
}

const wordOf = (source) => (source.matches("form") ? source.querySelector('[type="submit"]') : source)
  ?.textContent.trim();

async function act(source, body) {
  const [method, template] = source.dataset.api.split(" ");
  complain(source, "");
  if (source.dataset.confirm && !(await confirmed(source.dataset.confirm, wordOf(source)))) return;
  const button = source.matches("form") ? source.querySelector('[type="submit"]') : source;
  button?.setAttribute("aria-busy", "true");
  try {
    const { path, rest } = filledPath(template, body);
    const sent = method === "DELETE" && !Object.keys(rest ?? {}).length ? undefined : rest;
    const answer = await ask(method, path, sent, { etag: source.dataset.etag });
    const unchanged = answer.changed === false;
    say(unchanged ? "Nothing had to be changed." : source.dataset.done || `${wordOf(source)}: accepted.`);
    source.dispatchEvent(new CustomEvent("api:done", { bubbles: true, detail: answer }));
    if (source.dataset.then === "reload") location.reload();
    else if (source.dataset.then) location.assign(source.dataset.then);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const stale = error.status === 412;
    complain(source, stale ? "Somebody else has changed this since the page was opened. Load it again, then repeat your change." : error.message);
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-api]");
  if (!button || button.getAttribute("aria-busy")) return;
  event.preventDefault();
  act(button, button.dataset.body ? JSON.parse(button.dataset.body) : {});
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-api]");
  if (!form) return;
  event.preventDefault();
  const body = bodyOf(form);
  if ("changed" in form.dataset && !Object.keys(body).length) {
    say("Nothing was changed.");
    return;
  }
  act(form, body);
});
