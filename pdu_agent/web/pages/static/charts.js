// SPDX-License-Identifier: Apache-2.0
// Curves of the history with uPlot: mean with the band between lowest and highest, limits as lines,
// and gaps as gaps. Behind each curve is a table with the same values.

import { ask } from "./api.js";
import { day, hour, instant, inZone, MISSING, written } from "./numbers.js";

const POINTS = 480;
const TABLE_ROWS = 48;
const HEIGHT = 200;

export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function axis(extra = {}) {
  const line = { stroke: token("--grid"), width: 1 };
  return { stroke: token("--muted"), grid: line, ticks: line, font: "12px system-ui, sans-serif", ...extra };
}

const DAY_S = 86_400;

/** Ticks of time: hours, with the day where it begins; days where a step is one. */
function ticksOfTime(_plot, ticks, _axis, _space, step) {
  return ticks.map((each) => {
    const moment = new Date(each * 1000);
    return step >= DAY_S || hour(moment) === "00:00" ? day(moment) : hour(moment);
  });
}

/** Horizontal lines where limits are. limits: [{label, value, critical}]. */
function limitLines(limits) {
  return {
    hooks: {
      draw: (plot) => {
        for (const { label, value, critical } of limits) {
          const y = plot.valToPos(value, "y", true);
          const { left, top, width, height } = plot.bbox;
          if (y < top || y > top + height) continue;
          plot.ctx.save();
          plot.ctx.strokeStyle = plot.ctx.fillStyle = token(critical ? "--fault" : "--warning");
          plot.ctx.setLineDash([6, 4]);
          plot.ctx.textAlign = "left";
          plot.ctx.textBaseline = "bottom";
          plot.ctx.beginPath();
          plot.ctx.moveTo(left, y);
          plot.ctx.lineTo(left + width, y);
          plot.ctx.stroke();
          plot.ctx.fillText(label, left + 4, y - 2);
          plot.ctx.restore();
        }
      },
    },
  };
}

/** Height that the limits need too; nothing is drawn below 0 unless a value is. */
function rangeOf(limits) {
  return (_plot, low, high) => {
    if (low === null) return [0, 1];
    const top = Math.max(high, ...limits.filter((each) => each.value < high * 3).map((each) => each.value));
    return [Math.min(0, low), top > 0 ? top * 1.08 : 1];
  };
}

export class HistoryChart {
  constructor(figure) {
    this.figure = figure;
    this.place = figure.querySelector(".chart-place");
    this.note = figure.querySelector("[data-chart-note]");
    this.limits = JSON.parse(figure.dataset.limits ?? "[]");
    this.hours = Number(figure.dataset.hours);
    this.curve = null;
    new ResizeObserver(() => this.plot?.setSize({ width: this.place.clientWidth, height: HEIGHT })).observe(this.place);
    document.addEventListener("theme:changed", () => this.draw());
  }

  async load(hours = this.hours) {
    this.hours = hours;
    const { target, quantity } = this.figure.dataset;
    // Back from the unit's own now: a clock that is a little off would ask for longer steps.
    const query = new URLSearchParams({ target, quantity, from: `-${hours}h`, points: POINTS });
    try {
      this.curve = await ask("GET", `/api/v1/history?${query}`);
    } catch (error) {
      this.note.textContent = `There is no history: ${error.message}`;
      this.note.hidden = false;
      return;
    }
    this.draw();
    this.tell();
  }

  draw() {
    if (!this.curve || !globalThis.uPlot) return;
    const { start, step_s: step, minimum, average, maximum } = this.curve;
    const first = Date.parse(start) / 1000;
    const times = average.map((_, place) => first + (place + 0.5) * step);
    const unit = this.figure.dataset.unit;
    const colour = token("--series-1");
    const show = (_plot, value) => (value === null ? MISSING : `${written(value, 2)} ${unit}`);
    this.plot?.destroy();
    this.plot = new globalThis.uPlot({
      width: this.place.clientWidth, height: HEIGHT,
      cursor: { y: false }, plugins: [limitLines(this.limits)],
      scales: { y: { range: rangeOf(this.limits) } },
      tzDate: (second) => inZone(new Date(second * 1000)),
      axes: [axis({ values: ticksOfTime }), axis({ size: 56 })],
      bands: [{ series: [3, 1], fill: `${colour}33` }],
      series: [
        { label: "Time", value: (_plot, second) => (second === null ? MISSING : instant(new Date(second * 1000))) },
        { label: "lowest", width: 0, points: { show: false }, value: show },
        { label: "mean", stroke: colour, width: 1.5, points: { show: false }, value: show },
        { label: "highest", width: 0, points: { show: false }, value: show },
      ],
    }, [times, minimum, average, maximum], this.place);
  }

  tell() {
    const { average, minimum, maximum, step_s: step, start } = this.curve;
    const known = average.filter((value) => value !== null).length;
    const seen = Math.round((100 * known) / Math.max(average.length, 1));
    this.note.textContent = known === 0
      ? "Nothing is recorded of this time yet."
      : `Steps of ${step < 90 ? `${step} s` : `${Math.round(step / 60)} min`}; ${seen} % of the time was seen, gaps are left open.`;
    const first = Date.parse(start);
    const every = Math.max(1, Math.ceil(average.length / TABLE_ROWS));
    const rows = [];
    for (let place = 0; place < average.length; place += every) {
      rows.push([instant(new Date(first + place * step * 1000)), ...[minimum, average, maximum].map((each) => written(each[place], 2))]);
    }
    const unit = this.figure.dataset.unit;
    fillTable(this.figure.querySelector(".chart-table .scroll"), ["Time", `Lowest ${unit}`, `Mean ${unit}`, `Highest ${unit}`], rows);
  }
}

export function fillTable(place, headings, rows) {
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const [column, text] of headings.entries()) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = text;
    if (column) cell.className = "n";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const [column, text] of row.entries()) {
      const cell = line.insertCell();
      cell.textContent = text;
      if (column) cell.className = "n";
    }
  }
  place.replaceChildren(table);
}

/** The hours of which something is known. */
const seenHours = ({ curve }) => (curve ? (curve.average.filter((value) => value !== null).length * curve.step_s) / 3600 : 0);

export const charts = [...document.querySelectorAll("[data-chart]")].map((figure) => new HistoryChart(figure));

const spans = [...document.querySelectorAll("[data-span]")];
let isChosen = false;

function show(button) {
  for (const each of spans) each.setAttribute("aria-pressed", String(each === button));
  for (const chart of charts) chart.load(Number(button.dataset.span));
}
for (const button of spans) {
  button.addEventListener("click", () => {
    isChosen = true;
    show(button);
  });
}

/** A unit that has just begun has nothing to show but the shortest span. */
async function begin() {
  await Promise.all(charts.map((each) => each.load()));
  const shortest = spans[0];
  if (!shortest || isChosen) return;
  if (Math.max(...charts.map(seenHours)) < Number(shortest.dataset.span)) show(shortest);
}
if (charts.length) begin();
