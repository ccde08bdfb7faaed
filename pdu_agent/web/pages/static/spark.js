// SPDX-License-Identifier: Apache-2.0
// Small curves of the last minutes: a path in a box of 100 by 24; where nothing is known it breaks.

const KEPT = 150;
const WIDTH = 100;
const HEIGHT = 24;

export function pathOf(values) {
  const known = values.filter((value) => value !== null);
  if (!known.length) return "";
  const low = Math.min(0, ...known);
  const high = Math.max(...known, low + 1);
  const step = WIDTH / Math.max(values.length - 1, 1);
  let path = "";
  let isDrawn = false;
  values.forEach((value, place) => {
    if (value === null) {
      isDrawn = false;
      return;
    }
    const y = HEIGHT - 1 - ((value - low) / (high - low)) * (HEIGHT - 2);
    path += `${isDrawn ? "L" : "M"}${(place * step).toFixed(1)} ${y.toFixed(1)}`;
    isDrawn = true;
  });
  return path;
}

/** One ring of values for each curve on the page, by outlet number. */
export class Sparks {
  constructor() {
    this.curves = new Map();
    for (const svg of document.querySelectorAll("[data-spark]")) {
      this.curves.set(Number(svg.dataset.spark), { path: svg.querySelector("path"), values: [] });
    }
  }

  /** What was before the page was opened, the oldest first. */
  begin(number, values) {
    const curve = this.curves.get(number);
    if (curve) curve.values = [...values, ...curve.values].slice(-KEPT);
  }

  add(number, value) {
    const curve = this.curves.get(number);
    if (!curve) return;
    curve.values.push(value);
    if (curve.values.length > KEPT) curve.values.shift();
    curve.path.setAttribute("d", pathOf(curve.values));
  }
}
