// What the chart shows at one time, in words and numbers; it is the chart's legend too.

import { count, kw, money } from "./format.js";
import { byId, element, fill } from "./dom.js";

export function showLegend(reading, { times, now, currency, selected, aloud }) {
  const when = reading.at === now ? "now" : reading.measured ? "measured" : "planned";
  const at = `${times.timeNear(reading.at, now)}, ${when}`;
  byId("at-time").textContent = at;
  const entries = [
    { kind: "limit", name: "Limit in force", value: reading.limit == null ? "none" : kw(reading.limit), note: reading.source },
    { kind: reading.measured ? "vehicles measured" : "vehicles planned", name: "Vehicles", value: kw(reading.vehicles), note: `${count(reading.charging, "vehicle", "vehicles")} charging` },
    { kind: "base", name: "Base load", value: kw(reading.base), note: reading.measured ? "measured" : "expected" },
    !reading.measured && { kind: "reserve", name: "Base load reserve", value: kw(reading.reserve), note: "beyond what is expected" },
    reading.room != null && reading.room < 0
      ? { kind: "room over", name: "Above the limit by", value: kw(-reading.room), note: "" }
      : { kind: "room", name: "Room left", value: kw(reading.room), note: reading.measured ? "" : "beside the reserve" },
    reading.price != null && { kind: "price", name: "Energy price", value: `${money(reading.price, currency)}/kWh`, note: "" },
    selected && { kind: "selected", name: selected.name, value: kw(reading.powerOf(selected.id)), note: "chosen below", colour: selected.colour },
  ].filter(Boolean);
  fill(byId("legend"), entries, () => entries.map((entry) =>
    element("li", { class: entry.kind },
      element("span", { class: entry.colour == null ? "key" : "key swatch", "data-colour": entry.colour == null ? null : String(entry.colour), "aria-hidden": "true" }),
      element("span", { class: "name" }, entry.name),
      element("strong", {}, entry.value),
      entry.note && element("span", { class: "small muted" }, entry.note))));
  // Only what the reader asked for by key is read out; the legend itself changes all the time.
  if (aloud) byId("spoken").textContent = `${at}: ${entries.map(({ name, value }) => `${name} ${value}`).join(", ")}`;
}
