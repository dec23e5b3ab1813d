// The page of a site: asks for the view, and shows it. `?poll` asks each second and opens no event stream.

import { makeChart } from "./chart.js";
import { byId, element, fill } from "./dom.js";
import { count, kw, kwh, money, timesIn } from "./format.js";
import { AWAKE_W, HOLDS_MS, layOut, readAt } from "./layout.js";
import { showLegend } from "./legend.js";
import { follow } from "./live.js";
import { showLimits } from "./limits.js";
import { markSelected, sessionTables, shortageOf } from "./sessions.js";

const COLOURS = 8;
// A plan is renewed every few minutes; this old, something keeps it from being renewed.
const PLAN_HOLDS_MS = 20 * 60_000;

const page = { view: null, layout: null, times: null, selected: null };
const colours = new Map();

// A vehicle keeps its colour while the page is open; with more vehicles than colours they repeat.
function colourOf(id) {
  if (!colours.has(id)) colours.set(id, colours.size % COLOURS);
  return colours.get(id);
}

const chart = makeChart(byId("chart"), { onRead: (aloud) => page.view && legend(aloud) });
const showSessions = sessionTables({ colourOf, onSelect: select });

byId("range").addEventListener("change", (event) => chart.setRange(event.target.value));
follow(`/api/v1/sites/${encodeURIComponent(document.body.dataset.site)}`, {
  poll: new URLSearchParams(location.search).has("poll"),
  onView: show,
  onLost: lost,
});

function show(view) {
  if (view.time_zone !== page.view?.time_zone) page.times = timesIn(view.time_zone);
  page.view = view;
  page.layout = layOut(view);
  page.layout.layers.forEach(({ id }) => colourOf(id));
  chart.show(page.layout, page.times, colourOf);
  header(view);
  legend();
  figures(view);
  showSessions(view, page.times);
  showLimits(view, page.times);
  notice(staleness(view));
  document.body.dataset.updates = String(Number(document.body.dataset.updates ?? 0) + 1);
  document.body.dataset.state = "live";
}

function header(view) {
  const now = Date.parse(view.now);
  const speed = view.clock_speed === 1 ? "" : `, clock runs ${Math.round(view.clock_speed)} times as fast`;
  byId("clock").textContent = `${page.times.day(now)}, ${page.times.time(now)} ${page.times.zone(now)}${speed}`;
  byId("zone").textContent = `Times in ${view.time_zone} (${page.times.zone(now)})`;
  fill(byId("badges"), view.badges, (badges) =>
    badges.map(({ severity, text }) => element("li", { class: "badge", "data-severity": severity }, text)));
}

function legend(aloud = false) {
  const { view, layout, times, selected } = page;
  const session = view.sessions.find(({ id }) => id === selected);
  showLegend(readAt(layout, chart.reading ?? layout.now), {
    times, now: layout.now, currency: view.currency, aloud,
    selected: session && { id: session.id, name: session.evse, colour: colourOf(session.id) },
  });
}

function figures(view) {
  const { layout, times } = page;
  const open = view.sessions.filter(({ status }) => status === "active");
  const charging = open.filter(({ power_now_w: power }) => power > AWAKE_W).length;
  const { limit } = readAt(layout, layout.now);
  const room = limit == null || view.import_now_w == null ? null : limit - view.import_now_w;
  const sum = (of) => open.reduce((total, session) => total + of(session), 0);
  const missing = sum((session) => Math.max(0, session.energy_needed_wh - session.energy_delivered_wh));
  const short = sum(shortageOf);
  const entries = [
    { name: "Grid import now", value: kw(view.import_now_w), note: limit == null ? "not limited" : `of ${kw(limit)} allowed` },
    { ...(room < 0 ? { name: "Above the limit by", value: kw(-room), kind: "over" } : { name: "Headroom", value: kw(room) }), note: nextLimit(layout, limit, times) },
    { name: "Vehicles", value: String(open.length), note: charging ? `${count(charging, "is", "are")} charging` : "none is charging" },
    { name: "Energy still needed", value: kwh(missing), ...(short ? { note: `${kwh(short)} short`, noteKind: "warn" } : {}) },
    view.plan
      ? { name: "Plan", value: PLAN_WORDS[view.plan.status], note: `made ${times.timeNear(view.plan.made_at, layout.now)}, ${money(view.plan.cost, view.currency)} ahead` }
      : { name: "Plan", value: "none yet" },
  ];
  fill(byId("figures"), entries, () => entries.map(({ name, value, note, kind, noteKind = "muted" }) =>
    element("div", { class: kind }, element("dt", {}, name),
      element("dd", {}, element("strong", {}, value), note && element("span", { class: `small ${noteKind}` }, note)))));
}

function nextLimit(layout, limit, times) {
  const next = layout.limits.find(({ start, import_w: watts }) => start > layout.now && watts !== limit);
  if (!next) return "";
  return `${next.import_w == null ? "not limited" : kw(next.import_w)} from ${times.timeNear(next.start, layout.now)}`;
}

const PLAN_WORDS = { optimal: "optimal", feasible: "good, not proven best", fallback: "simple rule" };

function select(id) {
  page.selected = page.selected === id ? null : id;
  chart.select(page.selected);
  markSelected(page.selected);
  legend();
}

function staleness(view) {
  const now = Date.parse(view.now);
  const measured = view.past.at.at(-1);
  if (measured && now - Date.parse(measured) > HOLDS_MS) {
    return `Nothing has been measured since ${page.times.timeNear(measured, now)}: what is shown as now is that old.`;
  }
  if (view.plan && now - Date.parse(view.plan.made_at) > PLAN_HOLDS_MS) {
    return `The plan has not been renewed since ${page.times.timeNear(view.plan.made_at, now)}.`;
  }
  return "";
}

function lost(error) {
  const shown = page.view ? ` Shown is ${page.times.timeNear(page.view.now, Date.parse(page.view.now))}.` : "";
  notice(`No fresh data (${error.message}).${shown} Trying again each second.`);
  document.body.dataset.state = "lost";
}

function notice(words) {
  const place = byId("notice");
  place.hidden = !words;
  if (place.textContent !== words) place.textContent = words;
}
