// One chart per scenario: the vehicles of each strategy on top of the base load, under the limit.
const colours = ['#c0392b', '#e67e22', '#2980b9', '#27ae60', '#8e44ad', '#16a085', '#7f8c8d', '#2c3e50'];
scenarios.forEach((scenario, index) => {
  const place = document.getElementById(`day-${index}`);
  const shown = scenario.strategies.filter(({ day }) => day.length > 0);
  if (shown.length === 0) {
    place.textContent = 'No part of this scenario holds the day that is shown.';
    return;
  }
  const { day } = shown[0];
  const total = (steps) => steps.map((step) => step.vehicles_kw + step.base_kw);
  const line = (label, stroke, more) => ({ label, stroke, width: 1.5, value: (_, kw) => (kw == null ? '–' : `${kw.toFixed(1)} kW`), ...more });
  const series = [
    { value: (_, s) => (s == null ? '–' : new Date(s * 1000).toISOString().slice(0, 16).replace('T', ' ')) },
    line('limit', '#000', { dash: [6, 3] }),
    line('base load', '#999', { fill: '#9992' }),
    ...shown.map(({ strategy }, at) => line(strategy, colours[at % colours.length])),
  ];
  const data = [
    day.map((step) => Date.parse(step.start) / 1000),
    day.map((step) => step.limit_kw),
    day.map((step) => step.base_kw),
    ...shown.map((strategy) => total(strategy.day)),
  ];
  const size = () => ({ width: Math.max(320, place.clientWidth), height: 320 });
  const hours = (_, splits) => splits.map((s) => new Date(s * 1000).toISOString().slice(11, 16));
  const axes = [{ values: hours }, { label: 'kW at the connection, by UTC' }];
  const scales = { y: { range: (_, __, most) => [0, 1.05 * most] } };
  const chart = new uPlot({ ...size(), series, axes, scales }, data, place);
  addEventListener('resize', () => chart.setSize(size()));
});
