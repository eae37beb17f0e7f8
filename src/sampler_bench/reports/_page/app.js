// The page of a study: what is packed in it, presets, the ranking.

const BLOCKS = new Map();

async function unpack(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

// The text of one of the page's blocks, unpacked once.
function block(id) {
  if (!BLOCKS.has(id)) {
    const binary = atob($("block-" + id).textContent);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
    BLOCKS.set(id, unpack(bytes));
  }
  return BLOCKS.get(id);
}

const study = () => block("document").then(JSON.parse);
const STUDY = study();

// A number as Python writes it: ties go to the even digit, as they do in the other reports.
function fixed(value, digits) {
  if (value === null || value === undefined) return "not known";
  const exact = Math.abs(value).toFixed(60);
  const point = exact.indexOf(".") + 1 + digits;
  let shown = Math.abs(value).toFixed(digits);
  if (/^50*$/.test(exact.slice(point))) {
    const down = exact.slice(0, digits ? point : point - 1);
    if ("02468".includes(down[down.length - 1])) shown = down;
  }
  return (value < 0 || Object.is(value, -0) ? "−" : "") + shown;
}

const data = (value, digits) =>
  value === null || value === undefined
    ? document.createTextNode("not known")
    : make("data", { value: String(value) }, fixed(value, digits));

const percent = (value) => fixed(value * 100, 0) + "%";

function knobsOf(config) {
  return config.slice(config.indexOf(":") + 1).split(",").map((item) => item.split("="));
}

const samplerOf = (config) => config.slice(0, config.indexOf(":"));

function label(config) {
  const kept = knobsOf(config).filter(([name]) => name !== "max_tokens");
  return kept.map(([name, value]) => name + " " + value).join(" · ") || config;
}

// Which of the eight colours a sampler has everywhere on the page.
function colourIndex(found, sampler) {
  const seen = [...new Set(found.all_results.map((row) => row.sampler_type))].sort();
  const order = Object.keys(found.search_metadata.spec.space || {});
  for (const name of seen) if (!order.includes(name)) order.push(name);
  const i = order.indexOf(sampler);
  return i < 0 ? 7 : i % 8;
}

const samplerTag = (found, sampler) =>
  make("span", { class: "sampler c" + colourIndex(found, sampler) }, sampler);

function save(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  const link = make("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
  say("Saved: " + name);
}

// Presets for other tools.
const presets = () => block("presets").then(JSON.parse);

async function preset(config, format) {
  const found = await presets();
  const mine = (found.configs[config] || {})[format];
  return mine ? { ...mine, ...found.formats[format] } : null;
}

async function copyPreset(config, format) {
  const found = await preset(config, format);
  if (!found) return say("There is no " + format + " form of this setting here");
  const warned = found.losses.length ? " (mind what it cannot express, under Use it)" : "";
  await copy(found.text, label(config) + " for " + format + warned);
}

function fileName(config, suffix) {
  return config.replace(/[^A-Za-z0-9.+=,-]+/g, "_") + suffix;
}

function startExports() {
  const quick = $("quick-copy");
  if (quick) {
    quick.addEventListener("click", () => copyPreset(quick.dataset.config, $("quick-format").value));
  }
  const chosen = $("export-config");
  if (!chosen) return;
  const items = [...document.querySelectorAll(".formats li")];
  const refresh = async () => {
    const mine = (await presets()).configs[chosen.value] || {};
    for (const item of items) {
      const found = mine[item.dataset.format];
      const losses = item.querySelector(".losses");
      item.hidden = !found;
      losses.hidden = !found || !found.losses.length;
      losses.textContent = found ? found.losses.join(" ") : "";
      item.querySelector("pre").textContent = found ? found.text : "";
    }
  };
  for (const item of items) {
    item.addEventListener("click", async (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const format = item.dataset.format;
      if (button.dataset.do === "copy") return copyPreset(chosen.value, format);
      if (button.dataset.do === "save") {
        const found = await preset(chosen.value, format);
        return save(found.text, fileName(chosen.value, found.suffix));
      }
      const pre = item.querySelector("pre");
      pre.hidden = !pre.hidden;
      item.classList.toggle("open", !pre.hidden);
      button.setAttribute("aria-expanded", String(!pre.hidden));
      button.firstChild.textContent = pre.hidden ? "Show" : "Hide";
    });
  }
  chosen.addEventListener("change", refresh);
  document.querySelectorAll("[data-choose]").forEach((button) =>
    button.addEventListener("click", () => {
      chosen.value = button.dataset.choose;
      refresh();
      chosen.focus();
      chosen.scrollIntoView({ block: "center" });
    }),
  );
  refresh();
}

// The ranking: all of it, filtered.
function startRanking() {
  const table = $("rank-table");
  if (!table) return;
  const body = table.tBodies[0];
  const all = $("rank-all");
  let most = body.rows.length;
  const low = Number(table.dataset.low);
  const high = Number(table.dataset.high);
  const at = (x) => Math.min(Math.max((x - low) / Math.max(high - low, 1e-9), 0), 1) * 100;

  const interval = (found) => {
    const box = make("span", { class: "interval", "aria-hidden": "true" });
    if (found.low !== null && found.high !== null) {
      const left = at(found.low);
      const bar = make("i");
      bar.style.left = left + "%";
      bar.style.width = at(found.high) - left + "%";
      box.append(bar);
    }
    const dot = make("b");
    dot.style.left = at(found.mean) + "%";
    box.append(dot);
    return box;
  };

  const row = (found, result, place) => {
    const verdict = found.verdict || {};
    const winner = result.config === verdict.best;
    const base = result.config === verdict.baseline;
    const worth = result.estimate;
    const read = make("button", { type: "button", class: "link", "data-read": result.config, title: "Read its texts" });
    read.append(samplerTag(found, result.sampler_type), " ", label(result.config));
    const name = make("th", { scope: "row" }, read);
    if (winner || base) name.append(" ", make("em", {}, winner ? "recommended" : "baseline"));
    const ends = make("td", { class: "num" });
    if (worth.low === null) ends.append("not known");
    else ends.append(data(worth.low, 3), " to ", data(worth.high, 3));
    return make("tr", { class: winner ? "winner" : base ? "base" : null },
      make("td", {}, String(place)), name,
      make("td", { class: "wide" }, interval(worth)),
      make("td", { class: "num" }, data(worth.mean, 3)), ends,
      make("td", { class: "num" }, String(result.sample_count)),
      make("td", { class: "num" }, result.failure_rate ? percent(result.failure_rate) : "0"));
  };

  const draw = async () => {
    const found = await STUDY;
    const words = $("rank-find").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const sampler = $("rank-sampler").value;
    const matching = found.all_results.map((result, i) => [result, i + 1]).filter(([result]) =>
      result.estimate.mean !== null && (!sampler || result.sampler_type === sampler) &&
      words.every((word) => (result.config + " " + label(result.config)).toLowerCase().includes(word)));
    const shown = matching.slice(0, most);
    body.replaceChildren(...shown.map(([result, place]) => row(found, result, place)));
    $("rank-count").textContent = shown.length + " of " + matching.length + " shown";
  };
  $("rank-find").addEventListener("input", draw);
  $("rank-sampler").addEventListener("change", draw);
  if (all) {
    all.addEventListener("click", () => {
      most = Infinity;
      all.hidden = true;
      draw();
    });
  }
}

startExports();
startRanking();
