// The chart: uPlot does axes, scales, cursor and the limit line; the stack is drawn beneath it, layer by layer,
// because measured and planned power of one session want different fills.

import uPlot from "./uPlot.esm.js";
import { drawStack } from "./stack.js";

const HOUR_MS = 3_600_000;
const stepped = uPlot.paths.stepped({ align: 1 });
const inKw = (series) => series.map((watts) => (watts == null ? null : watts / 1000));

// Makes a chart in a place. `onRead` is called when the reader points at another time; it is told whether by key.
export function makeChart(place, { onRead }) {
  const chart = { layout: null, times: null, colourOf: null, selected: null, range: "day", zoom: null, reading: null };
  let plot;

  const shownTimes = () => {
    const { layout, times } = chart;
    if (chart.zoom) return chart.zoom;
    if (chart.range === "near") return [layout.now - 4 * HOUR_MS, layout.now + 4 * HOUR_MS];
    if (chart.range === "all") return [layout.times[0], layout.times.at(-1)];
    return times.dayAround(layout.now);
  };
  const apply = () => {
    const { times, limit, total } = chart.layout;
    const [min, max] = shownTimes();
    plot.batch(() => {
      plot.setData([times, inKw(total), inKw(limit)], false);
      plot.setScale("x", { min, max });
    });
  };
  const read = (at, byKey = false) => {
    chart.reading = at;
    onRead(byKey);
  };
  const make = () => {
    plot?.destroy();
    const palette = paletteOf(place);
    plot = new uPlot(options(palette, chart, size(place), {
      drawn: () => drawStack(plot, chart, palette),
      over: () => {
        drawNowAndLimits(plot, chart, palette);
        // For tests: what is on a canvas cannot be read from the document.
        place.dataset.drawn = String(Number(place.dataset.drawn ?? 0) + 1);
      },
      pointed: () => {
        const { left } = plot.cursor;
        // A time chosen by key stays that time: read back from its pixel it would be a little earlier.
        const same = chart.reading != null && Math.abs(plot.valToPos(chart.reading, "x") - left) < 1;
        if (left < 0) read(null);
        else if (!same) read(plot.posToVal(left, "x"));
      },
      zoomed: (zoom) => {
        chart.zoom = zoom;
        apply();
      },
    }), [[], [], []], place);
    apply();
  };

  const keyed = keysOf(chart, (at) => {
    plot.setCursor({ left: plot.valToPos(at, "x"), top: 0 }, false);
    read(at, true);
  }, () => {
    chart.zoom = null;
    plot.setCursor({ left: -10, top: -10 }, false);
    read(null, true);
    apply();
  });
  place.addEventListener("keydown", (event) => chart.layout && keyed(event));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot && make());
  new ResizeObserver(() => plot?.setSize(size(place))).observe(place);

  return {
    show(layout, times, colourOf) {
      Object.assign(chart, { layout, times, colourOf });
      if (plot) apply();
      else make();
    },
    select(id) {
      chart.selected = id;
      plot?.redraw(false);
    },
    setRange(range) {
      Object.assign(chart, { range, zoom: null });
      if (plot) apply();
    },
    get reading() {
      return chart.reading;
    },
  };
}

const size = (place) => ({ width: place.clientWidth, height: place.clientWidth < 600 ? 260 : 360 });

// Colours live in the style sheet, where light and dark are told apart.
function paletteOf(place) {
  const style = getComputedStyle(place);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour("ink"), muted: colour("muted"), lines: colour("lines"), surface: colour("surface"),
    base: colour("base"), limit: colour("limit"), price: colour("price"),
    sessions: Array.from({ length: 8 }, (_, n) => colour(`session-${n}`)),
    font: style.fontFamily,
  };
}

function options(palette, chart, { width, height }, { drawn, over, pointed, zoomed }) {
  const axis = {
    stroke: palette.muted, font: `12px ${palette.font}`,
    grid: { stroke: palette.lines, width: 1 }, ticks: { stroke: palette.lines, width: 1, size: 4 },
  };
  const { times } = chart;
  const midnight = (at) => times.time(at) === "00:00";
  return {
    width, height, ms: 1,
    padding: [18, 12, 0, 0],
    legend: { show: false },
    scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(5, (max ?? 0) * 1.12)] } },
    axes: [
      { ...axis, size: 32, splits: wholeHours(chart), values: (_, at) => at.map((one) => (midnight(one) ? times.day(one) : times.time(one))) },
      { ...axis, size: 60, values: (_, kilowatts) => kilowatts.map((one) => `${one} kW`) },
    ],
    series: [
      {},
      { stroke: palette.ink, width: 1.25, paths: stepped, points: { show: false } },
      { stroke: palette.limit, width: 2.5, paths: stepped, points: { show: false } },
    ],
    cursor: {
      y: false, points: { show: false },
      drag: { x: true, y: false, setScale: false },
      bind: { dblclick: () => () => zoomed(null) },
    },
    hooks: {
      drawAxes: [drawn],
      draw: [over],
      setCursor: [pointed],
      setSelect: [(plot) => {
        const { left, width: wide } = plot.select;
        if (wide < 5) return;
        zoomed([plot.posToVal(left, "x"), plot.posToVal(left + wide, "x")]);
        plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      }],
    },
  };
}

// Ticks on whole local hours, counted from the site's midnight, which also holds where a day has 23 or 25 hours.
function wholeHours(chart) {
  return (plot, _, min, max) => {
    const fitting = plot.bbox.width / uPlot.pxRatio / 64;
    const step = [0.25, 0.5, 1, 2, 3, 4, 6, 12, 24].find((hours) => (max - min) / (hours * HOUR_MS) <= fitting) ?? 24;
    const ticks = [];
    for (let day = chart.times.dayAround(min); day[0] <= max; day = chart.times.dayAround(day[1])) {
      for (let at = day[0]; at < day[1]; at += step * HOUR_MS) if (at >= min && at < max) ticks.push(at);
    }
    return ticks;
  };
}

function drawNowAndLimits(plot, { layout }, palette) {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  const x = (at) => plot.valToPos(at, "x", true);
  ctx.save();
  ctx.font = `600 ${12 * ratio}px ${palette.font}`;
  ctx.textBaseline = "bottom";
  ctx.textAlign = "left";
  ctx.fillStyle = palette.limit;
  // A halo keeps the figures readable over the stack.
  ctx.strokeStyle = palette.surface;
  ctx.lineWidth = 4 * ratio;
  ctx.lineJoin = "round";
  for (const { start, end, import_w: watts } of layout.limits) {
    if (watts == null) continue;
    const [left, right] = [Math.max(x(start), bbox.left), Math.min(x(end), bbox.left + bbox.width)];
    const words = `${Math.round(watts / 100) / 10} kW`;
    if (right - left > ctx.measureText(words).width + 10 * ratio) {
      const place = [left + 5 * ratio, plot.valToPos(watts / 1000, "y", true) - 3 * ratio];
      ctx.strokeText(words, ...place);
      ctx.fillText(words, ...place);
    }
  }
  const now = x(layout.now);
  if (now >= bbox.left && now <= bbox.left + bbox.width) {
    ctx.strokeStyle = ctx.fillStyle = palette.ink;
    ctx.lineWidth = 1.5 * ratio;
    ctx.beginPath();
    ctx.moveTo(now, bbox.top);
    ctx.lineTo(now, bbox.top + bbox.height);
    ctx.stroke();
    ctx.textAlign = "center";
    ctx.fillText("now", Math.max(now, bbox.left + 12 * ratio), bbox.top - 2 * ratio);
  }
  ctx.restore();
}

// Arrow keys go from value to value, with Shift from hour to hour; Home goes back to now, Escape out of a zoom too.
function keysOf(chart, go, leave) {
  return (event) => {
    const { times, now } = chart.layout;
    const at = chart.reading ?? now;
    const hour = event.shiftKey ? HOUR_MS : 0;
    const before = () => times.findLast((one) => one < at - (hour ? hour - 1 : 0)) ?? times[0];
    const after = () => times.find((one) => one > at + (hour ? hour - 1 : 0)) ?? times.at(-1);
    if (event.key === "ArrowLeft") go(before());
    else if (event.key === "ArrowRight") go(after());
    else if (event.key === "Escape" || event.key === "Home") leave();
    else return;
    event.preventDefault();
  };
}
