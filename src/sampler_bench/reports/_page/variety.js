// The picture of quality against diversity: what heat buys, and what it costs.

const variety = (row) => row.diversity.estimate.mean;
const heatOf = (row) => (typeof row.parameters.temperature === "number" ? row.parameters.temperature : null);

// Quality on a scale that is stretched towards 10: good settings differ by tenths, broken ones by points.
const stretched = (quality) => -Math.log10(11 - Math.min(quality, 10));

function worthTicks(qualities) {
  const [low, high] = [Math.min(...qualities), Math.max(...qualities)].map(stretched);
  const air = 0.08 * Math.max(high - low, 0.02);
  const range = [low - 1.4 * air, high + 1.6 * air];
  const room = (range[1] - range[0]) / 9;
  const ticks = [];
  for (const step of [1, 0.5, 0.2, 0.1])
    for (let k = 0; k <= 10 / step && (ticks.length < 6 || step >= 0.5); k++) {
      const value = Number((k * step).toFixed(1));
      const at = stretched(value);
      if (at > range[0] && at < range[1] && ticks.every((tick) => Math.abs(stretched(tick) - at) > room)) ticks.push(value);
    }
  ticks.sort((a, b) => a - b);
  return { range, tickmode: "array", tickvals: ticks.map(stretched), ticktext: ticks.map(String) };
}

// From cold to hot.
function heatAxis(rows) {
  const heats = rows.map(heatOf).filter((heat) => heat !== null);
  const colours = isDark() ? ["#7aa5ff", "#b79bff", "#ff8fb8", "#ffab5e"] : ["#1f5fe0", "#7a3ff0", "#d02f74", "#e2520a"];
  return { colorscale: colours.map((colour, i) => [i / 3, colour]), cmin: heats.length ? Math.min(...heats) : 0, cmax: heats.length ? Math.max(...heats) : 1, showscale: new Set(heats).size > 1,
    colorbar: { thickness: 10, outlinewidth: 0, len: 0.9, title: { text: "temperature", side: "right", font: { size: 12 } }, tickfont: { size: 11 } } };
}

// One symbol a sampler, coloured by temperature; the legend's symbols have no colour of their own.
function heated(found, rows) {
  const traces = [];
  for (const sampler of new Set(rows.map((row) => row.sampler_type))) {
    const mine = rows.filter((row) => row.sampler_type === sampler);
    const symbol = symbolOf(found, sampler);
    traces.push({ type: "scatter", mode: "markers", name: sampler, x: [null], y: [null], marker: { symbol, color: css("--soft"), size: 10 } });
    traces.push({ type: "scatter", mode: "markers", name: sampler, showlegend: false, x: mine.map(variety), y: mine.map((row) => stretched(row.diversity.quality.mean)),
      marker: { symbol, color: mine.map(heatOf), coloraxis: "coloraxis", opacity: 0.9, size: mine.map((row) => Math.min(dotSize(row) + 1, 19)), line: { color: css("--card"), width: 1.2 } },
      text: mine.map((row) => hover(row) + "<br>diversity " + fixed(variety(row), 2) + " [" + fixed(row.diversity.estimate.low, 2) + " to " + fixed(row.diversity.estimate.high, 2) + "]"),
      hovertemplate: "%{text}<extra></extra>" });
  }
  return traces;
}

PLOTS.variety = (found) => {
  const rows = varied(found).slice(0, MOST_DOTS);
  const named = new Map(found.all_results.map((row) => [row.config, row]));
  const kept = (found.diversity ? found.diversity.front : []).map((config) => named.get(config)).filter(Boolean).sort((a, b) => variety(a) - variety(b));
  const ladder = rows.filter((row) => row.sampler_type === "temperature").sort((a, b) => heatOf(a) - heatOf(b));
  const line = (name, path, more) => ({ type: "scatter", mode: "lines", name, x: path.map(variety), y: path.map((row) => stretched(row.diversity.quality.mean)), hoverinfo: "skip", ...more });
  const traces = [
    line("no other beats these", kept, { line: { color: withAlpha(css("--ink"), 0.16), width: 13, shape: "spline", smoothing: 0.5 } }),
    ...(ladder.length > 2 ? [line("temperature alone", ladder, { line: { color: css("--soft"), width: 1.4, dash: "dot" } })] : []),
    ...heated(found, rows),
  ];
  const verdict = found.verdict || {};
  const note = (row, text, ax, ay) => ({ x: variety(row), y: stretched(row.diversity.quality.mean), text, ax, ay, showarrow: true, arrowhead: 0, arrowwidth: 1.2, arrowcolor: css("--soft"), font: { color: css("--ink"), size: 13 } });
  const annotations = [
    ...rows.filter((row) => row.config === verdict.best).map((row) => note(row, "<b>recommended</b>", -62, -30)),
    ...rows.filter((row) => row.config === verdict.baseline && row.config !== verdict.best).map((row) => note(row, "your baseline", -72, 44)),
    ...ladder.filter((row) => row.config !== verdict.baseline).map((row) => ({ x: variety(row), y: stretched(row.diversity.quality.mean), text: String(row.parameters.temperature), showarrow: false, yshift: -17, font: { color: css("--soft"), size: 11 } })),
  ];
  const y = worthTicks(rows.map((row) => row.diversity.quality.mean));
  return { traces, layout: layout({ showlegend: true, annotations, coloraxis: heatAxis(rows), xaxis: axis("diversity: how much texts on one prompt differ"), yaxis: axis("quality", y), legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 } }) };
};
