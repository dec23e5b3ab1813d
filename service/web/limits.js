// The limits that utilities sent, as a record to read back.

import { kw } from "./format.js";
import { byId, element, fill } from "./dom.js";

export function showLimits(view, times) {
  const now = Date.parse(view.now);
  const near = (at) => times.timeNear(at, now);
  const entries = view.limits_log.map((entry) => [
    near(entry.accepted_at),
    `${entry.utility}, ${entry.programme}, revision ${entry.revision}`,
    entry.reason,
    entry.covers ? `${near(entry.covers.start)} – ${near(entry.covers.end)}` : "–",
    entry.lowest_import_w == null ? "not limited" : kw(entry.lowest_import_w),
    stateOf(entry, view.limits, now, near),
  ]);
  byId("no-limits").hidden = entries.length > 0;
  byId("limits").closest("table").hidden = entries.length === 0;
  fill(byId("limits"), entries, () => entries.map(([accepted, from, reason, covers, lowest, stands]) =>
    element("tr", {},
      element("td", { "data-label": "Accepted" }, accepted),
      element("td", { "data-label": "From" }, from, reason && element("span", { class: "small muted" }, reason)),
      element("td", { "data-label": "Covers" }, covers),
      element("td", { "data-label": "Lowest import" }, lowest),
      element("td", { "data-label": "State" }, stands))));
}

// Whether a submission is obeyed is read from the limit line, which knows what replaced it and what is tighter.
function stateOf(entry, steps, now, near) {
  if (entry.cancelled_at) return `withdrawn ${near(entry.cancelled_at)}`;
  if (entry.kind === "test") return "test, never obeyed";
  const own = steps.filter((step) => step.basis?.limit === entry.id && Date.parse(step.end) > now);
  if (own.some((step) => Date.parse(step.start) <= now)) return entry.kind === "emergency" ? "in force, emergency" : "in force";
  if (own.length) return `from ${near(own[0].start)}`;
  if (entry.covers && Date.parse(entry.covers.end) <= now) return "past";
  return "another limit applies";
}
