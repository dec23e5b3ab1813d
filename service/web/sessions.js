// The tables of sessions. Rows are kept from one view to the next, so that focus stays where it is.

import { duration, kw, kwNumber, kwh, kwhNumber } from "./format.js";
import { byId, element, fill } from "./dom.js";

const natural = new Intl.Collator("en", { numeric: true });
// Nobody misses less, and meters and steps round by about as much.
const SHORT_WH = 250;

const isOver = (session) => session.status === "completed" || session.status === "invalid";

export function sessionTables({ colourOf, onSelect }) {
  const connected = table(byId("sessions"), { colourOf, onSelect });
  const finished = table(byId("finished"), { colourOf, onSelect });
  return (view, times) => {
    const models = view.sessions.map((session) => describe(session, view, times));
    models.sort((one, other) => natural.compare(one.evse, other.evse) || one.arrived - other.arrived);
    const open = models.filter((model) => !model.over);
    const over = models.filter((model) => model.over);
    connected(open);
    finished(over);
    byId("session-count").textContent = open.length || "";
    byId("no-sessions").hidden = open.length > 0;
    byId("sessions").closest("table").hidden = open.length === 0;
    byId("finished-box").hidden = over.length === 0;
    byId("finished-count").textContent = String(over.length);
  };
}

// What a session will miss at its departure, as planned; nothing once it is over.
export function shortageOf(session) {
  const short = session.energy_needed_wh - session.energy_delivered_wh - session.energy_planned_wh;
  return !isOver(session) && short > SHORT_WH ? short : 0;
}

// What a row says.
export function describe(session, view, times) {
  const now = Date.parse(view.now);
  const over = isOver(session);
  const planned = over ? 0 : session.energy_planned_wh;
  const { energy_needed_wh: needed, energy_delivered_wh: delivered } = session;
  const leaves = Date.parse(session.departure);
  return {
    id: session.id, evse: session.evse, circuit: session.circuit, label: session.label, over,
    arrived: Date.parse(session.arrival),
    needed, delivered, planned,
    short: shortageOf(session),
    departure: times.timeNear(leaves, now),
    departureNote: over ? "left" : session.departure_stated ? "stated" : "assumed",
    departureIn: over ? "" : leaves > now ? `in ${duration(leaves - now)}` : "overdue",
    power: session.power_now_w, allowed: session.allowed_now_w,
    why: over ? "" : whyOf(session),
    free: !session.reason,
    profile: over ? "" : PROFILE_WORDS[session.profile_state],
    silent: session.profile_state === "silent",
  };
}

const PROFILE_WORDS = { none: "no profile sent yet", acknowledged: "", in_flight: "profile on its way", silent: "station silent" };

function whyOf(session) {
  if (session.status === "pending" || session.status === "reserved") return "not started yet";
  return session.reason?.text ?? "nothing holds it back";
}

function table(body, { colourOf, onSelect }) {
  const rows = new Map();
  return (models) => {
    const seen = new Set(models.map((model) => model.id));
    for (const [id, row] of rows) {
      if (seen.has(id)) continue;
      row.remove();
      rows.delete(id);
    }
    models.forEach((model, position) => {
      if (!rows.has(model.id)) rows.set(model.id, newRow(model, colourOf(model.id), onSelect));
      const row = rows.get(model.id);
      // Moving a row takes the focus from it, so only what is out of place moves.
      if (body.children[position] !== row) body.insertBefore(row, body.children[position] ?? null);
      update(row, model);
    });
  };
}

function newRow(model, colour, onSelect) {
  const button = element("button", { type: "button", "aria-pressed": "false", title: "Show this vehicle in the chart" },
    element("span", { class: "swatch", "data-colour": String(colour), "aria-hidden": "true" }), model.evse);
  const head = element("th", { scope: "row" }, button,
    element("span", { class: "small muted" }, [model.circuit, model.label].filter(Boolean).join(" · ")));
  button.addEventListener("click", () => onSelect(model.id));
  const cells = ["Energy", "Departure", "Power now", "Why"].map((label) => element("td", { "data-label": label }));
  return element("tr", { "data-session": model.id }, head, ...cells);
}

// Shows which row is the one in the chart.
export function markSelected(selected) {
  for (const row of document.querySelectorAll("tr[data-session]")) {
    const chosen = row.dataset.session === selected;
    row.classList.toggle("selected", chosen);
    row.querySelector("button").setAttribute("aria-pressed", String(chosen));
  }
}

function update(row, model) {
  const [, energy, departure, power, why] = row.children;
  const { needed, delivered, planned, short, over } = model;
  fill(energy, { needed, delivered, planned, short, over }, energyCell);
  fill(departure, [model.departure, model.departureNote, model.departureIn], ([at, note, left]) => [
    element("span", {}, at), " ", element("span", { class: `tag ${note}` }, note), element("span", { class: "small muted" }, left)]);
  fill(power, [model.power, model.allowed, over], ([now, allowed]) =>
    over ? [] : [element("strong", {}, kwNumber(now)), allowed == null ? " kW" : ` of ${kw(allowed)}`]);
  fill(why, [model.why, model.profile, model.silent, model.free], ([text, profile, silent, free]) => [
    element("span", { class: free ? "muted" : "" }, text), profile && element("span", { class: silent ? "small warn" : "small muted" }, profile)].filter(Boolean));
}

function energyCell({ needed, delivered, planned, short, over }) {
  const whole = Math.max(needed, delivered + planned, 1);
  const words = over
    ? `${kwh(delivered)} delivered of ${kwh(needed)} needed`
    : `${kwh(delivered)} delivered and ${kwh(planned)} planned of ${kwh(needed)} needed`;
  const bar = element("div", { class: "bar", role: "img", "aria-label": words, title: words });
  for (const [kind, share] of [["delivered", delivered], ["planned", planned]]) {
    const piece = element("span", { class: kind });
    piece.style.width = `${(100 * share) / whole}%`;
    bar.append(piece);
  }
  if (whole > needed) {
    const mark = element("span", { class: "need-mark" });
    mark.style.left = `${(100 * needed) / whole}%`;
    bar.append(mark);
  }
  return [
    bar,
    element("span", {}, element("strong", {}, kwhNumber(delivered)), over ? "" : ` + ${kwhNumber(planned)} planned`, ` of ${kwh(needed)}`),
    ...(short ? [element("span", { class: "small warn" }, `${kwh(short)} short`)] : []),
  ];
}
