// Numbers and times as people read them: kW, kWh, and the time zone of the site.

const LOCALE = "en-GB";
const HOUR_MS = 3_600_000;
const number = (digits) => new Intl.NumberFormat(LOCALE, { minimumFractionDigits: digits, maximumFractionDigits: digits });
const ONE = number(1);
const TWO = number(2);

// Without this, a value that rounds to nothing reads "-0.0".
const unsigned = (value, least) => (Math.abs(value) < least ? 0 : value);

export const kwNumber = (watts) => (watts == null ? "–" : ONE.format(unsigned(watts / 1000, 0.05)));
export const kw = (watts) => (watts == null ? "–" : `${kwNumber(watts)} kW`);
export const kwhNumber = (wattHours) => ONE.format(unsigned(wattHours / 1000, 0.05));
export const kwh = (wattHours) => `${kwhNumber(wattHours)} kWh`;
export const money = (amount, currency) => `${TWO.format(unsigned(amount, 0.005))} ${currency}`;
export const count = (items, one, many) => `${items} ${items === 1 ? one : many}`;

export function duration(ms) {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}

// Times of one site. Takes milliseconds or RFC 3339.
export function timesIn(timeZone) {
  const format = (options) => {
    const formatter = new Intl.DateTimeFormat(LOCALE, { timeZone, ...options });
    return (at) => formatter.format(new Date(at));
  };
  const time = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = format({ weekday: "short", day: "numeric", month: "short" });
  const zoneParts = new Intl.DateTimeFormat(LOCALE, { timeZone, timeZoneName: "short" });
  return {
    time,
    day,
    // The day is only named where it is not the one the reader thinks of.
    timeNear: (at, now) => (day(at) === day(now) ? time(at) : `${day(at)} ${time(at)}`),
    zone: (at) => zoneParts.formatToParts(new Date(at)).find((part) => part.type === "timeZoneName").value,
    dayAround: (at) => {
      const start = startOfDay(at, timeZone);
      // 36 hours after midnight is the next day, also where a day has 23 or 25 hours.
      return [start, startOfDay(start + 36 * HOUR_MS, timeZone)];
    },
  };
}

function startOfDay(at, timeZone) {
  const local = at + offset(at, timeZone);
  const midnight = local - (((local % (24 * HOUR_MS)) + 24 * HOUR_MS) % (24 * HOUR_MS));
  // The offset of midnight may differ from that of now.
  return midnight - offset(midnight - offset(at, timeZone), timeZone);
}

function offset(at, timeZone) {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
  }).formatToParts(new Date(at));
  const part = (type) => Number(parts.find((one) => one.type === type).value);
  const local = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return local - Math.floor(at / 1000) * 1000;
}
