// Pictures: each `.plot` names its kind; it is drawn from the document when it comes near, again
// when light turns to dark, and all of them before printing.

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const paint = (found, sampler) => css("--c" + colourIndex(found, sampler));
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "x", "pentagon", "hexagram"];
const symbolOf = (found, sampler) => SYMBOLS[colourIndex(found, sampler)];
const GOOD = [[0, "#1f1147"], [0.2, "#4a2277"], [0.4, "#85318a"], [0.6, "#c8487a"], [0.8, "#f4835a"], [0.92, "#fdc374"], [1, "#fff3b8"]];
const UNSURE = { light: [[0, "#f4f2ee"], [1, "#3f4a6b"]], dark: [[0, "#211f28"], [1, "#aab8e6"]] };
const MOST_DOTS = 4000;

function withAlpha(colour, alpha) {
  const n = parseInt(colour.slice(1), 16);
  return `rgba(${n >> 16},${(n >> 8) & 255},${n & 255},${alpha})`;
}

function axis(title, more = {}) {
  return { title: { text: title, standoff: 8, font: { size: 13 } }, gridcolor: css("--line"), linecolor: css("--line"),
    zeroline: false, automargin: true, tickfont: { size: 12 }, ...more };
}

function layout(more = {}) {
  return { margin: { l: 52, r: 14, t: 10, b: 46 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, -apple-system, Segoe UI, Roboto, sans-serif", color: css("--soft"), size: 12 },
    hoverlabel: { bgcolor: css("--card"), bordercolor: css("--line"), font: { color: css("--ink"), size: 13 }, align: "left" },
    showlegend: false, hovermode: "closest", dragmode: false,
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, itemsizing: "constant" }, ...more };
}

// Numbers along an axis; a knob with words has its words.
const scaleOf = (knob) =>
  typeof knob.values[0] === "string" ? { type: "category" } : { type: knob.log ? "log" : "linear" };

// Ticks that people write: 0.02, 0.05, 0.1.
function ticks(knob) {
  if (!knob.log || typeof knob.values[0] === "string") return {};
  const [low, high] = [Math.min(...knob.values), Math.max(...knob.values)];
  const values = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
    for (const m of [1, 2, 5]) {
      const v = Number((m * 10 ** e).toPrecision(3));
      if (v >= low * 0.999 && v <= high * 1.001) values.push(v);
    }
  return { tickmode: "array", tickvals: values, ticktext: values.map(String) };
}

// The whole of a knob's values, with some air for the dots at its ends.
function extent(knob) {
  if (typeof knob.values[0] === "string") return {};
  const ends = [Math.min(...knob.values), Math.max(...knob.values)].map((v) => (knob.log ? Math.log10(v) : v));
  const air = 0.04 * (ends[1] - ends[0]);
  return { range: [ends[0] - air, ends[1] + air] };
}

const knobAxis = (knob, title = knob.name) => axis(title, { ...scaleOf(knob), ...ticks(knob), ...extent(knob), showgrid: false });

// Half of each interval, also where the scale cuts one of its ends off.
const halves = (slice) => slice.mean.map((m, i) => Math.max(slice.high[i] - m, m - slice.low[i]));

function rowsOf(slice) {
  const width = slice.axes[0].values.length;
  const rows = (flat) => slice.axes[1].values.map((_, j) => flat.slice(j * width, (j + 1) * width));
  return { mean: rows(slice.mean), half: rows(halves(slice)) };
}

const worthOf = (row) => row.estimate;
const diversityOf = (row) => row.diversity.estimate;
const varied = (found) => found.all_results.filter((row) => row.diversity && row.diversity.estimate.mean !== null && row.diversity.quality.mean !== null);
const told = (found) => found.all_results.filter((row) => row.estimate.mean !== null);

function hover(row) {
  const seen = row.objective === null ? "" : "<br>seen " + fixed(row.objective, 2) + " on " + row.sample_count + " texts";
  const failed = row.failure_rate ? ", " + percent(row.failure_rate) + " failed" : "";
  const worth = row.estimate;
  const ends = worth.low === null ? "" : " [" + fixed(worth.low, 2) + " to " + fixed(worth.high, 2) + "]";
  return "<b>" + row.sampler_type + "</b> " + label(row.config) + "<br>worth " + fixed(worth.mean, 2) + ends + seen + failed;
}

const dotSize = (row) => 5 + 3.2 * Math.sqrt(Math.min(row.sample_count, 40));

function dots(found, slice) {
  const [x, y] = slice.axes.map((knob) => knob.name);
  const mine = told(found).filter((row) => row.sampler_type === slice.sampler && row.parameters[x] !== undefined && row.parameters[y] !== undefined);
  const best = found.verdict ? found.verdict.best : "";
  const marks = (rows, marker) => ({ type: "scatter", mode: "markers", x: rows.map((r) => r.parameters[x]), y: rows.map((r) => r.parameters[y]),
    text: rows.map(hover), hovertemplate: "%{text}<extra></extra>", marker, cliponaxis: false });
  const common = mine.filter((row) => row.config !== best);
  return [
    marks(common, { size: common.map(dotSize), color: "rgba(255,255,255,.82)", line: { color: "rgba(20,10,50,.75)", width: 1.2 } }),
    marks(mine.filter((row) => row.config === best), { symbol: "star", size: 20, color: "#fff", line: { color: "#1f1147", width: 1.6 } }),
  ];
}

// One colour scale for all surfaces; the worst may lie below it, so that good ones differ visibly.
function colourRange(found) {
  const all = found.slices.filter((s) => s.axes.length === 2).flatMap((s) => s.mean);
  const top = Math.max(...all);
  return [Math.max(Math.min(...all, top - 0.5), top - 4), top];
}

const PLOTS = {
  surface(found, index) {
    const slice = found.slices[index];
    const [x, y] = slice.axes;
    const [zmin, zmax] = colourRange(found);
    return {
      traces: [
        { type: "heatmap", x: x.values, y: y.values, z: rowsOf(slice).mean, zmin, zmax, zsmooth: "best", colorscale: GOOD,
          colorbar: { thickness: 10, outlinewidth: 0, title: { text: "worth", side: "right", font: { size: 12 } }, tickfont: { size: 11 } },
          hovertemplate: x.name + " %{x:.3~g}<br>" + y.name + " %{y:.3~g}<br>expected %{z:.2f}<extra></extra>" },
        ...dots(found, slice),
      ],
      layout: layout({ xaxis: knobAxis(x), yaxis: knobAxis(y) }),
    };
  },

  unsure(found, index) {
    const slice = found.slices[index];
    const [x, y] = slice.axes;
    const widths = found.slices.filter((s) => s.axes.length === 2).flatMap(halves);
    return {
      traces: [
        { type: "heatmap", x: x.values, y: y.values, z: rowsOf(slice).half, zmin: 0, zmax: Math.max(...widths), zsmooth: "best",
          colorscale: isDark() ? UNSURE.dark : UNSURE.light,
          colorbar: { thickness: 10, outlinewidth: 0, title: { text: "± 95 %", side: "right", font: { size: 12 } }, tickfont: { size: 11 } },
          hovertemplate: x.name + " %{x:.3~g}<br>" + y.name + " %{y:.3~g}<br>± %{z:.2f}<extra></extra>" },
        ...dots(found, slice),
      ],
      layout: layout({ xaxis: knobAxis(x), yaxis: knobAxis(y, "") }),
    };
  },

  curve(found, index) {
    const slice = found.slices[index];
    const knob = slice.axes[0];
    const colour = paint(found, slice.sampler);
    const mine = told(found).filter((row) => row.sampler_type === slice.sampler && row.parameters[knob.name] !== undefined && row.objective !== null);
    const [low, high] = worthRange(found);
    const words = typeof knob.values[0] === "string";
    const traces = words ? [
      { type: "scatter", mode: "markers", x: knob.values, y: slice.mean, marker: { color: colour, size: 9 },
        error_y: { type: "data", array: slice.high.map((h, i) => h - slice.mean[i]), arrayminus: slice.mean.map((m, i) => m - slice.low[i]), color: colour },
        hovertemplate: "%{x}<br>expected %{y:.2f}<extra></extra>" },
    ] : [
      { type: "scatter", mode: "lines", x: [...knob.values, ...[...knob.values].reverse()], y: [...slice.high, ...[...slice.low].reverse()],
        fill: "toself", fillcolor: withAlpha(colour, 0.18), line: { width: 0 }, hoverinfo: "skip" },
      { type: "scatter", mode: "lines", x: knob.values, y: slice.mean, line: { color: colour, width: 2.6 },
        hovertemplate: knob.name + " %{x:.3~g}<br>expected %{y:.2f}<extra></extra>" },
    ];
    traces.push({ type: "scatter", mode: "markers", x: mine.map((r) => r.parameters[knob.name]), y: mine.map((r) => r.objective),
      marker: { color: withAlpha(colour, 0.4), size: mine.map((r) => 0.7 * dotSize(r)), line: { width: 0 } }, text: mine.map(hover), hovertemplate: "%{text}<extra></extra>" });
    const shapes = [];
    const base = found.verdict && found.all_results.find((row) => row.config === found.verdict.baseline);
    if (base && base.estimate.mean !== null)
      shapes.push({ type: "line", xref: "paper", x0: 0, x1: 1, y0: base.estimate.mean, y1: base.estimate.mean, line: { color: css("--base"), width: 1.4, dash: "dash" } });
    return { traces, layout: layout({ shapes, xaxis: axis(knob.name, { ...scaleOf(knob), ...ticks(knob) }), yaxis: axis("worth", { range: [low, high] }), margin: { l: 46, r: 10, t: 8, b: 42 } }) };
  },

  entropy(found) {
    const rows = told(found).filter((row) => row.entropy !== null).slice(0, MOST_DOTS);
    const traces = scatter(found, rows, (row) => row.entropy);
    return { traces, layout: layout({ showlegend: true, xaxis: axis("effective entropy (nats): how open the next word is"), yaxis: axis("worth", { range: worthRange(found) }) }) };
  },

  openness(found) {
    const rows = varied(found).filter((row) => row.entropy !== null).slice(0, MOST_DOTS);
    return { traces: scatter(found, rows, (row) => row.entropy, true, diversityOf),
      layout: layout({ showlegend: true, xaxis: axis("effective entropy (nats): how open the next word is"), yaxis: axis("diversity") }) };
  },

  bestof(found) {
    const traces = [];
    for (const curve of found.best_of_n) {
      const colour = paint(found, curve.sampler);
      const known = curve.best.map((b, i) => [curve.sizes[i], b]).filter(([, b]) => b.mean !== null);
      const x = known.map(([n]) => n);
      traces.push({ type: "scatter", mode: "lines", showlegend: false, legendgroup: curve.sampler, x: [...x, ...[...x].reverse()], hoverinfo: "skip",
        y: [...known.map(([, b]) => b.high), ...known.map(([, b]) => b.low).reverse()], fill: "toself", fillcolor: withAlpha(colour, 0.12), line: { width: 0 } });
      traces.push({ type: "scatter", mode: "lines+markers", name: curve.sampler, legendgroup: curve.sampler, x, y: known.map(([, b]) => b.mean), line: { color: colour, width: 2.6 },
        marker: { color: colour, size: 7, symbol: symbolOf(found, curve.sampler) }, hovertemplate: curve.sampler + ": best of %{x} worth %{y:.2f}<extra></extra>" });
    }
    return { traces, layout: layout({ showlegend: true, xaxis: axis("N settings tried", { type: "log", tickmode: "array", tickvals: [1, 2, 3, 5, 8, 13, 20, 30, 50, 100], ticktext: ["1", "2", "3", "5", "8", "13", "20", "30", "50", "100"] }), yaxis: axis("worth of the best") }) };
  },

  settled(found) {
    const base = found.settled.some((m) => m.gain && m.gain.mean !== null);
    const moments = found.settled.filter((m) => !base || (m.gain && m.gain.mean !== null));
    const of = (m) => (base ? m.gain : m.objective);
    const x = moments.map((m) => m.texts);
    const colour = css("--accent");
    const changed = moments.filter((m, i) => i === 0 || m.config !== moments[i - 1].config);
    return {
      traces: [
        { type: "scatter", mode: "lines", x: [...x, ...[...x].reverse()], y: [...moments.map((m) => of(m).high), ...moments.map((m) => of(m).low).reverse()],
          fill: "toself", fillcolor: withAlpha(colour, 0.16), line: { width: 0 }, hoverinfo: "skip" },
        { type: "scatter", mode: "lines", x, y: moments.map((m) => of(m).mean), line: { color: colour, width: 2.6 },
          text: moments.map((m) => samplerOf(m.config) + " " + label(m.config)), hovertemplate: "after %{x} texts: %{text}<br>" + (base ? "gain %{y:+.2f}" : "worth %{y:.2f}") + "<extra></extra>" },
        { type: "scatter", mode: "markers", x: changed.map((m) => m.texts), y: changed.map((m) => of(m).mean),
          marker: { size: 11, color: changed.map((m) => paint(found, samplerOf(m.config))), line: { color: css("--card"), width: 2 } },
          text: changed.map((m) => samplerOf(m.config) + " " + label(m.config)), hovertemplate: "from %{x} texts on: %{text}<extra></extra>" },
      ],
      layout: layout({ xaxis: axis("texts"), yaxis: axis(base ? "gain over the baseline" : "worth", base ? { zeroline: true, zerolinecolor: css("--base") } : {}) }),
    };
  },

  speed(found) {
    const rows = told(found).filter((row) => row.writing_seconds && row.tokens).slice(0, MOST_DOTS);
    const x = (row) => row.tokens / row.writing_seconds;
    return { traces: [...scatter(found, rows, x, false), front(rows, x)], layout: layout({ showlegend: true, xaxis: axis("tokens a second"), yaxis: axis("worth", { range: worthRange(found) }) }) };
  },

  failures(found) {
    const reasons = new Map();
    const texts = new Map();
    for (const row of found.all_results) {
      const heat = typeof row.parameters.temperature === "number" ? row.parameters.temperature : null;
      if (heat === null) continue;
      texts.set(heat, (texts.get(heat) || 0) + row.sample_count);
      for (const [reason, n] of Object.entries(row.failures)) {
        if (!reasons.has(reason)) reasons.set(reason, new Map());
        reasons.get(reason).set(heat, (reasons.get(reason).get(heat) || 0) + n);
      }
    }
    const heats = [...texts.keys()].filter((heat) => texts.get(heat)).sort((a, b) => a - b);
    const names = heats.map(String);
    const traces = [...reasons].map(([reason, counts], i) => ({ type: "bar", name: reason, x: names,
      y: heats.map((heat) => (100 * (counts.get(heat) || 0)) / texts.get(heat)), marker: { color: css("--c" + ((i + 6) % 8)) },
      customdata: heats.map((heat) => [counts.get(heat) || 0, texts.get(heat)]),
      hovertemplate: reason + ": %{customdata[0]} of %{customdata[1]} texts at temperature %{x}<extra></extra>" }));
    return { traces, layout: layout({ barmode: "stack", showlegend: true, xaxis: axis("temperature", { type: "category" }), yaxis: axis("failed, % of texts", { rangemode: "tozero" }) }) };
  },
};

// The configurations of each sampler as dots with their intervals' ends on hover.
function scatter(found, rows, x, bars = true, of = worthOf) {
  const samplers = [...new Set(rows.map((row) => row.sampler_type))];
  const few = rows.length <= 150;
  const range = of === diversityOf ? [-1, 2] : worthRange(found);
  const floor = range[0];
  const edge = floor + 0.02 * (range[1] - floor);
  const below = (row) => of(row).mean < floor;
  return samplers.map((sampler) => {
    const mine = rows.filter((row) => row.sampler_type === sampler);
    const colour = paint(found, sampler);
    const trace = { type: "scatter", mode: "markers", name: sampler, x: mine.map(x), y: mine.map((row) => below(row) ? edge : of(row).mean),
      marker: { color: withAlpha(colour, 0.85), symbol: mine.map((row) => below(row) ? "triangle-down-open" : symbolOf(found, sampler)), size: mine.map((row) => Math.min(dotSize(row), 17)), line: { color: css("--card"), width: 1 } },
      text: mine.map(hover), hovertemplate: "%{text}<extra></extra>" };
    if (bars && few) trace.error_y = { type: "data", array: mine.map((row) => below(row) ? 0 : (of(row).high ?? of(row).mean) - of(row).mean),
      arrayminus: mine.map((row) => below(row) ? 0 : of(row).mean - (of(row).low ?? of(row).mean)), color: withAlpha(colour, 0.28), thickness: 1.4, width: 0 };
    return trace;
  });
}

// The rows that no other row beats on both axes, joined.
function front(rows, x) {
  const sorted = [...rows].sort((a, b) => x(b) - x(a) || b.estimate.mean - a.estimate.mean);
  const kept = [];
  for (const row of sorted) if (!kept.length || row.estimate.mean > kept[kept.length - 1].estimate.mean) kept.push(row);
  return { type: "scatter", mode: "lines", name: "front", x: kept.map(x), y: kept.map((row) => row.estimate.mean),
    line: { color: css("--soft"), width: 1.4, dash: "dot", shape: "hv" }, hoverinfo: "skip" };
}

// One scale for all pictures of worth: room for the good half twice over; broken settings lie below.
function worthRange(found) {
  const rows = told(found);
  const means = rows.map((row) => worthOf(row).mean).sort((a, b) => a - b);
  if (!means.length) return [0, 10];
  const ends = (row) => [worthOf(row).low ?? worthOf(row).mean, worthOf(row).high ?? worthOf(row).mean];
  const middle = means[means.length >> 1];
  const good = rows.filter((row) => worthOf(row).mean >= middle);
  const top = Math.min(10.1, Math.max(...good.map((row) => ends(row)[1])));
  const spread = Math.max(top - Math.min(...good.map((row) => ends(row)[0])), 0.4);
  const low = Math.max(top - 2.2 * spread, Math.min(means[0], ...rows.map((row) => ends(row)[0])), 0);
  return [low - 0.04 * (top - low), top + 0.04 * (top - low)];
}

let plotly = null;
function loadPlotly() {
  plotly ??= block("plotly").then((text) => {
    const script = document.createElement("script");
    script.textContent = text; // runs by its hash alone
    document.head.append(script);
    return window.Plotly;
  });
  return plotly;
}

async function drawPlot(place) {
  const [Plotly, found] = [await loadPlotly(), await STUDY];
  const { traces, layout } = PLOTS[place.dataset.plot](found, Number(place.dataset.index));
  place.classList.remove("waiting");
  if (!place.dataset.drawn) place.textContent = "";
  await Plotly.react(place, traces, layout, { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false });
  place.dataset.drawn = document.documentElement.dataset.theme;
}

function startPlots() {
  const places = [...document.querySelectorAll(".plot")];
  if (!places.length) return;
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watcher.unobserve(entry.target);
      drawPlot(entry.target);
    }
  }, { rootMargin: "600px 0px" });
  for (const place of places) {
    place.classList.add("waiting");
    place.textContent = "Drawing …";
    watcher.observe(place);
  }
  document.addEventListener("theme", () => places.filter((p) => p.dataset.drawn).forEach(drawPlot));
  addEventListener("beforeprint", () => places.forEach(drawPlot));
  (window.requestIdleCallback || setTimeout)(() => loadPlotly());
}

addEventListener("load", startPlots);
