// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them; as pdu_agent/web/pages/words.py writes them.

export const MISSING = "\u2013";

/** A dash for what is missing; -0 is 0. */
export function written(value, decimals) {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  return (Number(value.toFixed(decimals)) + 0).toFixed(decimals);
}

const zone = document.body.dataset.timeZone || undefined;
const timeOfDay = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: zone });
const dayAndTime = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: zone });

/** As the unit's owner reads it. */
export const clock = (moment) => timeOfDay.format(moment);
export const instant = (moment) => dayAndTime.format(moment);
