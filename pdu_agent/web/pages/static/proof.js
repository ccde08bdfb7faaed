// SPDX-License-Identifier: Apache-2.0
// Whether the last movement of an outlet was seen to happen; as outlet_view.py says it.

const SETTLED = { on: true, off: false };

/** true, false, or null where nobody can tell; undefined where nothing has moved, or moves now. */
function wasSeen(outlet) {
  const proof = outlet.last_proof;
  if (!proof || outlet.pending) return undefined;
  const state = SETTLED[outlet.state];
  if (state === undefined || state !== (proof.ordered === "on")) return false;
  if (outlet.faults.length || proof.verdict === "contradicted") return false;
  if (outlet.relay_closed === null) return proof.verdict === "verified" ? true : null;
  return outlet.relay_closed === state;
}

/** Text and kind of a badge, or nothing. */
export function markOf(outlet) {
  switch (wasSeen(outlet)) {
    case true: return ["verified", "ok"];
    case false: return ["contradicted", "fault"];
    case null: return ["not verified", "info"];
    default: return undefined;
  }
}
