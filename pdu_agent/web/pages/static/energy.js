// SPDX-License-Identifier: Apache-2.0
// Energy and cost: asks /cost, /energy/history and /standby, and writes tables of them.

import { ask, Refused } from "./api.js";

const by = (id) => document.getElementById(id);
const MISSING = "–";

const number = (value, digits) => (value === null || value === undefined ? MISSING
  : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
const kwh = (wh, digits = 2) => number(wh === null || wh === undefined ? null : wh / 1000, digits);
const money = (value, currency) => (value === null || value === undefined ? MISSING
  : `${number(value, 2)} ${currency}`.trim());

function made(tag, text = "", name = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (name) element.className = name;
  return element;
}

function row(heading, cells) {
  const line = made("tr");
  const first = made("th", heading);
  first.scope = "row";
  line.append(first, ...cells.map((each) => (each instanceof Node ? each : made("td", each, "n"))));
  return line;
}

function tariffs(entries) {
  const named = entries.filter((each) => each.energy_wh);
  const words = named.map((each) => `${each.tariff || "no tariff"} ${kwh(each.energy_wh)}`);
  return made("td", named.length > 1 || named[0]?.tariff ? words.join(", ") : "", "words");
}

/** Puts the rows into their part of a table; each cell tells its column, for where there is none. */
function fill(id, rows) {
  const part = by(id);
  part.replaceChildren(...rows);
  const columns = [...part.closest("table").tHead.rows[0].cells].map((each) => each.textContent);
  for (const line of rows) {
    for (const cell of [...line.cells].slice(1)) {
      cell.dataset.label = columns[cell.cellIndex];
      cell.classList.toggle("is-none", cell.textContent === "");
    }
  }
}

const titled = (each) => `${each.number} ${each.device || each.name}`;

function billRow(each, currency) {
  return row(titled(each), [
    kwh(each.energy_wh), money(each.cost, currency), each.share_percent === null ? MISSING : `${number(each.share_percent, 1)} %`,
    kwh(each.standby?.energy_wh), money(each.standby?.cost, currency), tariffs(each.tariffs),
  ]);
}

function sumRow(name, used, currency, last = "") {
  const energy = used.energy_wh === undefined ? "" : kwh(used.energy_wh);
  return row(name, [energy, money(used.cost, currency), "", "", "", made("td", last, "words")]);
}

function billWords(bill) {
  const price = bill.currency ? `Prices: ${bill.price_source}.` : "There are no prices in the configuration: what it costs is not known.";
  const missing = bill.sum.missing_hours ? ` Of ${bill.sum.missing_hours} of ${bill.hours} hours nothing is known; they are not counted as 0.` : "";
  return `${bill.first_day} to ${bill.last_day}. ${price}${missing}`;
}

async function showBill(month) {
  const bill = await ask("GET", `/api/v1/cost?month=${encodeURIComponent(month)}`);
  by("bill-words").textContent = billWords(bill);
  fill("bill-rows", bill.outlets.map((each) => billRow(each, bill.currency)));
  const sums = [sumRow("Sum of the outlets", bill.sum, bill.currency)];
  if (bill.inlets) sums.push(sumRow("Inlets", bill.inlets, bill.currency));
  if (bill.difference) sums.push(sumRow("Difference", bill.difference, bill.currency, bill.difference.what));
  if (bill.fixed) sums.push(sumRow(`Fee for ${bill.fixed.days} days`, { cost: bill.fixed.cost }, bill.currency));
  sums.push(sumRow("Total cost", { cost: bill.total_cost }, bill.currency));
  fill("bill-sums", sums);
}

const LABELS = {
  hour: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  day: { weekday: "short", day: "2-digit" },
  month: { month: "short", year: "numeric" },
};

function label(instant, step, zone) {
  return new Intl.DateTimeFormat("en-GB", { ...LABELS[step], timeZone: zone || undefined }).format(new Date(instant));
}

function period(each, most, answer) {
  const item = made("li");
  const bar = made("span", "", "used");
  const known = each.energy_wh !== null;
  if (known) bar.style.width = `${most ? (100 * each.energy_wh) / most : 0}%`;
  item.append(made("span", label(each.start, answer.step, answer.time_zone)), made("span"),
    made("span", known ? `${kwh(each.energy_wh, 3)} kWh` : "not known", "n"), made("span", answer.currency ? money(each.cost, answer.currency) : "", "n"));
  item.children[1].append(known ? bar : "");
  if (!known) item.className = "is-gap";
  else if (!each.is_complete) { item.className = "is-part"; item.title = "Seen in part."; }
  return item;
}

function asked(month) {
  const step = by("step").value;
  by("day").hidden = step !== "hour";
  if (step === "hour") return { step, day: by("day").value };
  if (step === "day") return { step, month };
  const today = new Date().toISOString().slice(0, 10);
  const last = `${month.slice(0, 4)}-12-31`;
  return { step, from: `${month.slice(0, 4)}-01-01`, to: last < today ? last : today };
}

async function showSeries(month) {
  const query = new URLSearchParams({ target: by("target").value, ...asked(month) });
  const answer = await ask("GET", `/api/v1/energy/history?${query}`);
  const begun = answer.periods.filter((each) => each.start <= answer.time);
  const most = Math.max(0, ...begun.map((each) => each.energy_wh ?? 0));
  by("periods").replaceChildren(...begun.map((each) => period(each, most, answer)));
  const part = begun.some((each) => each.energy_wh !== null && !each.is_complete);
  by("series-words").textContent = part ? "Striped: seen in part, or still running." : "";
}

function plan(idle) {
  const cell = made("td", "", "words");
  if (!idle.plan) { cell.textContent = idle.why_no_plan; return cell; }
  const details = made("details");
  details.append(made("summary", "for the configuration"), made("pre", idle.plan));
  cell.append(details);
  return cell;
}

async function showStandby() {
  const answer = await ask("GET", "/api/v1/standby");
  by("standby-words").textContent = answer.why_no_cost;
  fill("standby-rows", answer.outlets.map((each) => (each.idle
    ? row(titled(each), [number(each.idle.idle_w, 1), number(each.idle.yearly_kwh, 1), money(each.idle.yearly_cost, answer.currency), money(each.idle.saved_cost, answer.currency), plan(each.idle)])
    : row(titled(each), ["", "", "", "", made("td", each.why_none, "words is-missing")]))));
}

/** Shows what it can; a part that is refused says why. */
async function shown(work, words) {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    by(words).textContent = error.message;
  }
}

async function show() {
  const month = by("month").value;
  if (!month) return;
  history.replaceState(null, "", `?month=${month}`);
  for (const link of by("exports").children) {
    link.href = `/api/v1/export?${new URLSearchParams({ what: link.dataset.what, format: link.dataset.format, month })}`;
  }
  await Promise.all([shown(showBill(month), "bill-words"), shown(showSeries(month), "series-words")]);
}

const now = new Date();
const today = `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, "0")}-${String(now.getDate()).padStart(2, "0")}`;
by("month").value = new URLSearchParams(location.search).get("month") ?? today.slice(0, 7);
by("month").max = today.slice(0, 7);
by("day").value = today;
for (const form of ["span", "series"]) by(form).addEventListener("submit", (event) => event.preventDefault());
by("month").addEventListener("change", show);
by("series").addEventListener("change", () => shown(showSeries(by("month").value), "series-words"));
await Promise.all([show(), shown(showStandby(), "standby-words")]);
by("energy").removeAttribute("aria-busy");
