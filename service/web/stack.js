// Draws the stack: base load, what is reserved for it, then session upon session. What is planned is hatched, so that it
// differs from what was measured without colour too.

import uPlot from "./uPlot.esm.js";

export function drawStack(plot, { layout, colourOf, selected }, palette) {
  const { ctx, bbox } = plot;
  const { times, now, base, reserve, layers, prices } = layout;
  const xs = times.map((at) => plot.valToPos(at, "x", true));
  const y = (watts) => plot.valToPos(watts / 1000, "y", true);
  const nowAt = times.indexOf(now);

  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const bottom = new Float64Array(times.length);
  const lay = (power, colour, { planned, outline }) => {
    const hatched = hatch(ctx, colour, planned);
    for (const [from, until] of runs(power, nowAt)) {
      const path = area(xs, y, bottom, power, from, until);
      ctx.fillStyle = from >= nowAt ? hatched : colour;
      ctx.fill(path);
      if (outline) {
        ctx.strokeStyle = palette.surface;
        ctx.lineWidth = uPlot.pxRatio * 0.75;
        ctx.stroke(path);
      }
    }
    for (let n = 0; n < power.length; n += 1) bottom[n] += power[n] ?? 0;
  };

  lay(base, palette.base, { planned: 0.6 });
  lay(reserve, palette.base, { planned: 0.12 });
  for (const { id, power } of layers) {
    // One vehicle is found in forty by paling the others.
    ctx.globalAlpha = selected && selected !== id ? 0.22 : 1;
    lay(power, palette.sessions[colourOf(id) % palette.sessions.length], { planned: 0.45, outline: true });
  }
  ctx.globalAlpha = 1;
  drawPrices(plot, prices, palette);
  ctx.restore();
}

// Stretches in which there is something to draw, cut at now.
function* runs(power, nowAt) {
  let from = -1;
  for (let n = 0; n < power.length; n += 1) {
    const there = power[n] > 0 && n < power.length - 1;
    if (from >= 0 && (!there || n === nowAt)) {
      yield [from, n];
      from = -1;
    }
    if (there && from < 0) from = n;
  }
}

function area(xs, y, bottom, power, from, until) {
  const path = new Path2D();
  path.moveTo(xs[from], y(bottom[from]));
  for (let n = from; n < until; n += 1) {
    const top = y(bottom[n] + power[n]);
    path.lineTo(xs[n], top);
    path.lineTo(xs[n + 1], top);
  }
  for (let n = until - 1; n >= from; n -= 1) {
    const low = y(bottom[n]);
    path.lineTo(xs[n + 1], low);
    path.lineTo(xs[n], low);
  }
  path.closePath();
  return path;
}

// A pale tile with a diagonal stroke of the full colour.
function hatch(ctx, colour, alpha) {
  const side = 7 * uPlot.pxRatio;
  const tile = new OffscreenCanvas(side, side);
  const pen = tile.getContext("2d");
  pen.globalAlpha = alpha;
  pen.fillStyle = colour;
  pen.fillRect(0, 0, side, side);
  pen.globalAlpha = Math.min(1, alpha + 0.3);
  pen.strokeStyle = colour;
  pen.lineWidth = 1.25 * uPlot.pxRatio;
  pen.beginPath();
  for (const shift of [-side, 0, side]) {
    pen.moveTo(shift, side);
    pen.lineTo(shift + side, 0);
  }
  pen.stroke();
  return ctx.createPattern(tile, "repeat");
}

// A ribbon at the foot: the dearer, the darker. It shows why vehicles wait.
function drawPrices(plot, prices, palette) {
  const { ctx, bbox } = plot;
  const values = prices.map((piece) => piece.price_per_kwh);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  ctx.fillStyle = palette.price;
  for (const { start, end, price_per_kwh: price } of prices) {
    const [left, right] = [plot.valToPos(start, "x", true), plot.valToPos(end, "x", true)];
    ctx.globalAlpha = most > least ? 0.15 + (0.85 * (price - least)) / (most - least) : 0.5;
    ctx.fillRect(left, bbox.top + bbox.height - 5 * uPlot.pxRatio, right - left, 5 * uPlot.pxRatio);
  }
  ctx.globalAlpha = 1;
}
