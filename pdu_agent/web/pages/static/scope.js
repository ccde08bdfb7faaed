// SPDX-License-Identifier: Apache-2.0
// Two cycles of voltage and current, and the harmonics, while somebody looks at them.

import { ask } from "./api.js";
import { axis, fillTable, token } from "./charts.js";
import { instant, written } from "./numbers.js";

const WAVEFORM_MS = 1000;
const SPECTRUM_MS = 5000;
const HEIGHT = 220;
const SHOWN_HARMONICS = 25;

/** Calls `work` again and again while the element is in view and the page is looked at. */
function whileSeen(element, periodMs, work) {
  let isSeen = false;
  let isBusy = false;
  const turn = async () => {
    if (!isSeen || isBusy || document.hidden) return;
    isBusy = true;
    await work().catch(() => {});
    isBusy = false;
  };
  new IntersectionObserver(([entry]) => {
    isSeen = entry.isIntersecting;
    turn();
  }).observe(element);
  setInterval(turn, periodMs);
}

/** Voltage on the left, current on the right, over milliseconds. */
function twoTraces(place) {
  return new globalThis.uPlot({
    width: place.clientWidth, height: HEIGHT, cursor: { show: false }, legend: { show: true, live: false },
    scales: { x: { time: false }, v: {}, a: {} },
    axes: [
      axis({ values: (_, ticks) => ticks.map((each) => `${each} ms`) }),
      axis({ scale: "v", size: 52, values: (_, ticks) => ticks.map((each) => `${each} V`) }),
      axis({ scale: "a", side: 1, size: 56, grid: { show: false }, values: (_, ticks) => ticks.map((each) => `${each} A`) }),
    ],
    series: [
      { label: "ms" },
      { label: "Voltage", scale: "v", stroke: token("--series-1"), width: 1.5, points: { show: false } },
      { label: "Current", scale: "a", stroke: token("--series-2"), width: 1.5, points: { show: false } },
    ],
  }, [[], [], []], place);
}

const timesOf = (wave) => wave.voltage_v.map((_, at) => 1000 * (wave.first_s + at / wave.rate_hz));

function scope(figure) {
  const place = figure.querySelector(".chart-place");
  const note = figure.querySelector("[data-waveform-note]");
  let plot = null;
  document.addEventListener("theme:changed", () => { plot?.destroy(); plot = null; });
  new ResizeObserver(() => plot?.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);

  whileSeen(figure, WAVEFORM_MS, async () => {
    try {
      const wave = await ask("GET", figure.dataset.waveform);
      plot ??= twoTraces(place);
      plot.setData([timesOf(wave), wave.voltage_v, wave.current_a]);
      const peak = Math.max(...wave.current_a.map(Math.abs));
      const crest = wave.current_rms_a > 0 ? peak / wave.current_rms_a : null;
      note.textContent = `${written(wave.voltage_rms_v, 1)} V, ${written(wave.current_rms_a, 3)} A RMS, crest factor ${written(crest, 2)}, ${written(wave.frequency_hz, 2)} Hz${wave.clipped ? ", clipped: the true peak is larger" : ""}`;
      place.classList.remove("stale");
    } catch (error) {
      place.classList.add("stale");
      note.textContent = error.message;
    }
  });
}

function spectrum(figure) {
  const svg = figure.querySelector("svg");
  const note = figure.querySelector("[data-spectrum-note]");
  const bars = Array.from({ length: SHOWN_HARMONICS - 1 }, (_, place) => {
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const width = 400 / (SHOWN_HARMONICS - 1);
    bar.setAttribute("x", (place * width + 1.5).toFixed(1));
    bar.setAttribute("width", (width - 3).toFixed(1));
    if (place % 2) bar.classList.add("odd");
    svg.append(bar);
    return bar;
  });
  whileSeen(figure, SPECTRUM_MS, async () => {
    const { meter } = await ask("GET", figure.dataset.spectrum);
    const parts = meter?.spectrum?.current_a;
    if (!parts || !parts[0]) {
      note.textContent = "There are no harmonics: nothing is drawn.";
      for (const bar of bars) bar.setAttribute("height", 0);
      return;
    }
    const shares = parts.map((each) => (100 * (each ?? 0)) / parts[0]);
    const top = Math.max(10, ...shares.slice(1, SHOWN_HARMONICS));
    bars.forEach((bar, place) => {
      const height = (100 * shares[place + 1]) / top;
      bar.setAttribute("height", height.toFixed(1));
      bar.setAttribute("y", (100 - height).toFixed(1));
    });
    const strongest = shares.indexOf(Math.max(...shares.slice(1)), 1) + 1;
    note.textContent = `Harmonics 2 to ${SHOWN_HARMONICS} in % of the first; full height is ${top.toFixed(0)} %. Strongest: number ${strongest} with ${written(shares[strongest - 1], 1)} %.`;
    const volts = meter.spectrum.voltage_v;
    fillTable(figure.querySelector(".chart-table .scroll"), ["Harmonic", "A", "% of the first", "V"],
      parts.map((each, place) => [String(place + 1), written(each, 4), written(shares[place], 1), written(volts[place], 2)]));
  });
}

/** The newest switch-on, which does not change while the page is open but by another one. */
async function inrush(figure) {
  const place = figure.querySelector(".chart-place");
  const note = figure.querySelector("[data-inrush-note]");
  let wave;
  try {
    wave = await ask("GET", figure.dataset.inrush);
  } catch (error) {
    note.textContent = error.message;
    place.hidden = true;
    return;
  }
  let plot = null;
  const draw = () => {
    plot?.destroy();
    plot = twoTraces(place);
    plot.setData([timesOf(wave), wave.voltage_v, wave.current_a]);
  };
  draw();
  document.addEventListener("theme:changed", draw);
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
  note.textContent = `${instant(new Date(wave.switched_on_at))}: peak ${written(wave.peak_a, 1)} A${wave.clipped ? " at least, the converter was at its limit" : ""}, ${written(wave.peak_over_rms, 1)} times the current after it.`;
  fillTable(figure.querySelector(".chart-table .scroll"), ["Cycle", "A RMS"],
    wave.rms_by_cycle_a.map((each, cycle) => [String(cycle - wave.cycles_before + 1), written(each, 3)]));
}

for (const figure of document.querySelectorAll("[data-inrush]")) inrush(figure);
for (const figure of document.querySelectorAll("[data-waveform]")) scope(figure);
for (const figure of document.querySelectorAll("[data-spectrum]")) spectrum(figure);
