// SPDX-License-Identifier: Apache-2.0
// The configuration file in an editor: checked while it is typed, applied as a whole.

import { confirmed, complain, say } from "./actions.js";
import { toLogin } from "./api.js";

const PATH = "/api/v1/config";
const PAUSE_MS = 500;
const by = (id) => document.getElementById(id);
const editor = by("config-text");
const place = by("config");
const token = document.querySelector('meta[name="csrf-token"]').content;

let read = "";
let etag = "";
let waits = 0;
let asked = 0;

async function call(method, path, text) {
  const headers = { "X-CSRF-Token": token, "Content-Type": "application/yaml" };
  if (method === "PUT") headers["If-Match"] = etag;
  const answer = await fetch(path, { method, headers, body: text, cache: "no-store", credentials: "same-origin" });
  if (answer.status === 401) toLogin();
  const isJson = answer.headers.get("Content-Type")?.includes("json");
  return { answer, told: isJson ? await answer.json() : await answer.text() };
}

function finding(each, kind) {
  const item = document.createElement("li");
  item.className = kind;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  const where = each.line ? `Line ${each.line}, column ${each.column}: ` : "";
  const hint = each.hint ? ` (${each.hint})` : "";
  button.textContent = `${kind === "is-warning" ? "Warning. " : ""}${where}${each.path ? `${each.path}: ` : ""}${each.message}${hint}`;
  button.addEventListener("click", () => jump(each.line, each.column));
  item.append(button);
  return item;
}

/** Puts the cursor there, and what is there into view. */
function jump(line, column) {
  if (!line) return;
  const lines = editor.value.split("\n");
  const begin = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  const at = begin + Math.max(0, column - 1);
  editor.focus();
  editor.setSelectionRange(at, begin + (lines[line - 1] ?? "").length);
  const height = editor.scrollHeight / lines.length;
  editor.scrollTop = Math.max(0, (line - 1) * height - editor.clientHeight / 2);
}

function show(judged) {
  by("config-findings").replaceChildren(
    ...judged.errors.map((each) => finding(each, "is-fault")),
    ...judged.warnings.map((each) => finding(each, "is-warning")),
  );
  const isChanged = editor.value !== read;
  by("config-apply").disabled = !judged.valid || !isChanged;
  by("config-back").disabled = !isChanged;
  const count = judged.errors.length;
  by("config-words").textContent = judged.valid
    ? (isChanged ? "Nothing is wrong with it. It is not applied yet." : "This is the file as it is.")
    : `${count} ${count === 1 ? "mistake" : "mistakes"}; the agent keeps what it has.`;
}

async function judge() {
  const mine = ++asked;
  const { answer, told } = await call("POST", `${PATH}/validate`, editor.value);
  if (mine !== asked) return;
  if (answer.ok) show(told);
  else complain(editor, told.detail ?? "It cannot be checked now.");
}

function applied(told) {
  const words = told.in_force ? [] : [`It is saved, and in force after a restart, which moves no relay: ${told.restart_needed.join(", ")}.`];
  words.push(...told.warnings.map((each) => each.message));
  by("config-warnings").textContent = words.join(" ");
  by("config-warnings").hidden = !words.length;
  say(told.in_force ? "The configuration is in force." : "The configuration is saved.");
}

async function apply() {
  if (!(await confirmed("Put this configuration in the place of the file? The text before stays beside it.", "Apply"))) return;
  complain(editor, "");
  const text = editor.value;
  const { answer, told } = await call("PUT", PATH, text);
  if (answer.status === 412) complain(editor, "Somebody else has changed the file since it was read. Copy your text, and load the page again.");
  else if (!answer.ok) complain(editor, told.detail);
  else {
    read = text;
    etag = answer.headers.get("ETag");
    applied(told);
    await judge();
  }
}

editor.addEventListener("input", () => {
  by("config-apply").disabled = true;
  clearTimeout(waits);
  waits = setTimeout(judge, PAUSE_MS);
});
by("config-apply").addEventListener("click", apply);
by("config-back").addEventListener("click", () => { editor.value = read; judge(); });

const { answer, told } = await call("GET", PATH);
if (answer.ok) {
  editor.value = read = told;
  etag = answer.headers.get("ETag");
  place.hidden = false;
  by("config-none").hidden = true;
  await judge();
} else {
  by("config-none").textContent = told.detail ?? "It cannot be read.";
}
