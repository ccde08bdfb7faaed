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
const hourAndMinute = new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone: zone });
const monthAndDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: zone });
const dayAndTime = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: zone });

/** As the unit's owner reads it. */
export const clock = (moment) => timeOfDay.format(moment);
export const instant = (moment) => dayAndTime.format(moment);
export const hour = (moment) => hourAndMinute.format(moment);
export const day = (moment) => monthAndDay.format(moment);
/** The same moment with the unit's wall time in place of the browser's, as a chart places ticks. */
export const inZone = (moment) => new Date(moment.toLocaleString("en-US", { timeZone: zone }));
