// SPDX-License-Identifier: Apache-2.0
// Parts of a page that the server makes anew while the page is open: [data-part] with an id. Focus
// and opened details stay as they are; a part in which somebody types is left alone. A page that
// costs more than others says by data-every how many seconds it may be old.

import { lookAgain } from "./live.js";

const EVERY_S = 5;
const SETTLE_MS = 300;
const TYPING = "input:not([type=button]), select, textarea";

let waiting = 0;
let running = false;

const parts = () => [...document.querySelectorAll("[data-part][id]")];

/** What finds the element again in a new version of the part. */
function keyOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  if (element.dataset.api) return `[data-api="${CSS.escape(element.dataset.api)}"]`;
  return element.getAttribute("href") ? `a[href="${CSS.escape(element.getAttribute("href"))}"]` : "";
}

function put(part, fresh) {
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  if (focused?.matches(TYPING)) return;
  const opened = [...part.querySelectorAll("details[id][open]")].map((each) => each.id);
  if (opened.some((id) => part.querySelector(`#${CSS.escape(id)} form`))) return;
  for (const id of opened) fresh.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  if (part.outerHTML === fresh.outerHTML) return;
  const key = focused && keyOf(focused);
  part.replaceWith(document.adoptNode(fresh));
  if (key) fresh.querySelector(key)?.focus({ preventScroll: true });
}

/** Ask for the page and put its parts in place. */
export async function refresh() {
  if (document.hidden || running || !parts().length) return;
  running = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of parts()) {
      const fresh = page.getElementById(part.id);
      if (fresh) put(part, fresh);
    }
    lookAgain();
    document.dispatchEvent(new CustomEvent("parts:changed"));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // no answer: the banner of live.js tells it
  } finally {
    running = false;
  }
}

function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, SETTLE_MS);
}

for (const event of ["api:done", "live:state", "live:alarm", "live:reset"]) {
  document.addEventListener(event, soon);
}
const every = document.querySelector("[data-every]")?.dataset.every ?? EVERY_S;
setInterval(refresh, 1000 * Number(every));
