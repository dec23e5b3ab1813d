// Lays measured, planned and limited power out on one axis of time. Knows nothing of drawing.
//
// Every series is a step function: a value at times[n] holds until times[n + 1]. Units are those of the API: W and ms.

// Longer than this no measurement is taken to hold: a gap is shown as a gap.
export const HOLDS_MS = 15 * 60_000;

// Less than this a connected vehicle draws to keep itself awake: it is not charging.
export const AWAKE_W = 50;

const DAY_MS = 24 * 3_600_000;

export function layOut(view) {
  const now = Date.parse(view.now);
  const past = view.past.at.map((at) => Date.parse(at));
  const ahead = view.ahead?.edges.map((at) => Date.parse(at)) ?? [];
  const limits = view.limits.map(withTimes);
  const prices = view.prices.map(withTimes);
  const times = edges(now, past, ahead, [...limits, ...prices]);

  const measuredAt = times.map((at) => (at < now ? holding(past, at) : -1));
  const plannedAt = times.map((at) => (at < now ? -1 : stepAt(ahead, at)));
  const pick = (measured, planned) =>
    times.map((_, n) => (measuredAt[n] >= 0 ? measured(measuredAt[n]) : plannedAt[n] >= 0 ? planned(plannedAt[n]) : null));

  const base = pick((n) => view.past.base_load_w[n], (n) => view.ahead.base_load_expected_w[n]);
  const guard = pick(() => null, (n) => view.ahead.base_load_guard_w[n]);
  const reserve = guard.map((watts, n) => (watts == null ? 0 : Math.max(0, watts - (base[n] ?? 0))));
  const layers = sessionLayers(view, pick);
  const total = times.map((_, n) =>
    measuredAt[n] < 0 && plannedAt[n] < 0 ? null : layers.reduce((sum, layer) => sum + layer.power[n], (base[n] ?? 0) + reserve[n]));

  return {
    now, times, base, reserve, layers, limits, prices,
    total: toTheEnd(total),
    limit: toTheEnd(times.map((at) => limits.find(holdsAt(at))?.import_w ?? null)),
  };
}

// What is to be read at one time, for the legend.
export function readAt(layout, at) {
  const n = lastNotAfter(layout.times, at);
  const limit = layout.limits.find(holdsAt(at));
  const known = n >= 0 && n < layout.times.length - 1 && layout.total[n] != null;
  const powers = known ? layout.layers.map((layer) => ({ id: layer.id, power: layer.power[n] })) : [];
  const vehicles = powers.reduce((sum, { power }) => sum + power, 0);
  const limitW = limit?.import_w ?? null;
  return {
    at, known,
    measured: at < layout.now,
    limit: limitW,
    source: limit?.source ?? "not known",
    base: known ? layout.base[n] : null,
    reserve: known ? layout.reserve[n] : null,
    vehicles: known ? vehicles : null,
    charging: powers.filter(({ power }) => power > AWAKE_W).length,
    room: known && limitW != null ? limitW - layout.total[n] : null,
    price: layout.prices.find(holdsAt(at))?.price_per_kwh ?? null,
    powerOf: (id) => powers.find((one) => one.id === id)?.power ?? 0,
  };
}

// The sessions in the order in which they came, so that a vehicle's place in the stack does not change.
function sessionLayers(view, pick) {
  const measured = new Map(view.past.sessions.map((session) => [session.id, session]));
  const planned = new Map(view.sessions.map((session) => [session.id, session]));
  const came = (id) => (planned.has(id) ? Date.parse(planned.get(id).arrival) : Date.parse(view.past.at[measured.get(id).first]));
  const ids = [...new Set([...measured.keys(), ...planned.keys()])];
  ids.sort((one, other) => came(one) - came(other) || (one < other ? -1 : 1));
  return ids.map((id) => {
    const { first = 0, power_w = [] } = measured.get(id) ?? {};
    const plan = planned.get(id)?.plan_w ?? [];
    return { id, power: pick((n) => power_w[n - first] ?? 0, (n) => plan[n] ?? 0).map((watts) => watts ?? 0) };
  });
}

function edges(now, past, ahead, pieces) {
  const from = Math.min(now - DAY_MS, past[0] ?? now);
  const until = ahead.at(-1) ?? now + DAY_MS;
  const gaps = past.map((at) => at + HOLDS_MS).filter((at) => at < now);
  const all = [from, now, until, ...past, ...gaps, ...ahead.filter((at) => at > now), ...pieces.flatMap(({ start, end }) => [start, end])];
  return [...new Set(all.filter((at) => at >= from && at <= until))].sort((one, other) => one - other);
}

// The last value holds until the last time, where the line is to end.
const toTheEnd = (series) => [...series.slice(0, -1), series.at(-2) ?? null];

const withTimes = (piece) => ({ ...piece, start: Date.parse(piece.start), end: Date.parse(piece.end) });
const holdsAt = (at) => (piece) => piece.start <= at && at < piece.end;

function holding(past, at) {
  const n = lastNotAfter(past, at);
  return n >= 0 && at - past[n] < HOLDS_MS ? n : -1;
}

function stepAt(stepEdges, at) {
  const n = lastNotAfter(stepEdges, at);
  return n < stepEdges.length - 1 ? n : -1;
}

function lastNotAfter(sorted, at) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
