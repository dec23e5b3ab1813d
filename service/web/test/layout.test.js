import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { timesIn } from "../format.js";
import { layOut, readAt } from "../layout.js";
import { describe, shortageOf } from "../sessions.js";

const example = JSON.parse(readFileSync(new URL("../../tests/it/site-view.json", import.meta.url)));
const at = (time) => Date.parse(`2026-09-15T${time}:00Z`);
const reading = (time, view = example) => readAt(layOut(view), at(time));

test("what was measured is read before now, with its gaps", () => {
  const { measured, base, vehicles, charging, limit, room } = reading("09:13");
  assert.deepEqual({ measured, base, vehicles, charging, limit, room },
    { measured: true, base: 31000, vehicles: 18400, charging: 2, limit: 60000, room: 10600 });
  assert.equal(reading("09:25").base, null);
  assert.equal(reading("09:25").vehicles, 7400);
  assert.equal(reading("08:59").known, false);
});

test("a measurement does not hold for ever", () => {
  const silent = { ...example, now: "2026-09-15T10:30:00Z" };
  assert.equal(reading("10:04", silent).known, true);
  assert.equal(reading("10:05", silent).known, false);
});

test("what is planned is read from now on, with the reserve under the vehicles", () => {
  const { measured, base, reserve, vehicles, limit, source, room, price } = reading("11:30");
  assert.deepEqual({ measured, base, reserve, vehicles, limit, room, price },
    { measured: false, base: 35000, reserve: 4000, vehicles: 21000, limit: 60000, room: 0, price: 0.2 });
  assert.equal(source, "stadtwerke, programme DAY-AHEAD, revision 1");
  assert.equal(reading("10:00").measured, false);
  assert.equal(reading("20:00").known, false);
});

test("the axis rises and carries every edge once", () => {
  const { times, now, layers, total } = layOut(example);
  assert.ok(times.every((time, n) => n === 0 || times[n - 1] < time));
  assert.ok(times.includes(now) && times.includes(at("12:00")));
  assert.deepEqual(layers.map(({ id }) => id.at(-1)), ["1", "2", "3"]);
  assert.ok([...layers.map(({ power }) => power), total].every((series) => series.length === times.length));
});

test("a site without anything is laid out too", () => {
  const empty = { ...example, limits: [], prices: [], past: { at: [], base_load_w: [], sessions: [] }, ahead: null, sessions: [] };
  const { limit, room, known, source } = reading("10:00", empty);
  assert.deepEqual({ limit, room, known, source }, { limit: null, room: null, known: false, source: "not known" });
});

test("days have 23, 24 and 25 hours", () => {
  const hours = (zone, time) => timesIn(zone).dayAround(Date.parse(time)).reduce((start, end) => (end - start) / 3_600_000);
  assert.equal(hours("Europe/Berlin", "2026-03-29T12:00:00Z"), 23);
  assert.equal(hours("Europe/Berlin", "2026-10-25T00:30:00Z"), 25);
  assert.equal(hours("Asia/Kolkata", "2026-06-01T20:00:00Z"), 24);
  assert.equal(hours("America/Los_Angeles", "1969-12-31T23:00:00Z"), 24);
});

test("a row says what will be missing, and what is assumed", () => {
  const [one, two, over] = example.sessions.map((session) => describe(session, example, timesIn(example.time_zone)));
  assert.deepEqual([one.short, one.departure, one.departureNote, one.why], [0, "17:30", "stated", "nothing holds it back"]);
  assert.deepEqual([two.short, two.departureNote, two.profile], [10000, "assumed", "profile on its way"]);
  assert.deepEqual([over.over, over.departureNote, over.planned], [true, "left", 0]);
  assert.equal(shortageOf(example.sessions[2]), 0);
});
