// One chart per scenario: what the connection point drew under each strategy, over the base load, under the limit.
const colours = ['#c0392b', '#e67e22', '#b7950b', '#16a085', '#8e44ad', '#7f8c8d', '#2980b9', '#27ae60', '#2c3e50', '#d35400'];
days.forEach((day, index) => {
  const place = document.getElementById(`day-${index}`);
  if (day === null) {
    place.textContent = 'No part of this scenario holds the day that is shown.';
    return;
  }
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: day.time_zone, hour: '2-digit', minute: '2-digit' });
  const kw = (_, value) => (value == null ? '–' : `${value.toFixed(1)} kW`);
  const line = (label, stroke, more) => ({ label, stroke, width: 1.5, value: kw, ...more });
  const series = [
    { label: day.time_zone, value: (_, s) => (s == null ? '–' : clock.format(s * 1000)) },
    line('limit', '#000', { dash: [6, 3] }),
    line('base load', '#999', { fill: '#9993' }),
    ...day.lines.map(({ name, shown }, at) => line(name, colours[at % colours.length], { show: shown })),
  ];
  const data = [day.start_s, day.limit_kw, day.base_kw, ...day.lines.map((line) => line.kw)];
  const size = () => ({ width: Math.max(320, place.clientWidth), height: 320 });
  const tzDate = (s) => uPlot.tzDate(new Date(s * 1000), day.time_zone);
  const hours = (_, splits) => splits.map((s) => clock.format(s * 1000));
  const axes = [{ values: hours }, { label: 'kW at the connection', size: 64 }];
  const scales = { y: { range: (_, __, most) => [0, 1.05 * (most || 1)] } };
  const chart = new uPlot({ ...size(), tzDate, series, axes, scales }, data, place);
  addEventListener('resize', () => chart.setSize(size()));
});
