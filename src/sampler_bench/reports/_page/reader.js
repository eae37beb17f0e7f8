// The reader: two texts side by side. Texts are untrusted: they only ever become text nodes.

const ODD = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const LONG = 60000; // characters that are shown at once
const MOST_CELLS = 9e6; // of the table that finds what two texts share
const PAGE = 10; // found texts at once

// A sign for a character that cannot be seen, or that would steer the text around it.
function oddSign(character) {
  const code = character.charCodeAt(0);
  const sign = code < 32 ? String.fromCharCode(0x2400 + code) : code === 127 ? "␡" : "U+" + code.toString(16).toUpperCase().padStart(4, "0");
  return make("span", { class: "odd", title: "U+" + code.toString(16).toUpperCase().padStart(4, "0") }, sign);
}

// Text as nodes, odd characters made visible.
function asNodes(text) {
  const nodes = [];
  let last = 0;
  for (const match of text.matchAll(ODD)) {
    if (match.index > last) nodes.push(document.createTextNode(text.slice(last, match.index)));
    nodes.push(oddSign(match[0]));
    last = match.index + match[0].length;
  }
  if (last < text.length) nodes.push(document.createTextNode(text.slice(last)));
  return nodes;
}

// For each word of two texts, whether the other has it too (longest common subsequence); null
// where the texts are too long to be compared.
function compareWords(a, b) {
  const left = a.match(/\S+|\s+/g) || [];
  const right = b.match(/\S+|\s+/g) || [];
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start++;
  let end = 0;
  while (end < left.length - start && end < right.length - start && left[left.length - 1 - end] === right[right.length - 1 - end]) end++;
  const [n, m] = [left.length - start - end, right.length - start - end];
  if ((n + 1) * (m + 1) > MOST_CELLS) return null;
  const width = m + 1;
  const best = new Uint32Array((n + 1) * width);
  for (let i = n - 1; i >= 0; i--)
    for (let j = m - 1; j >= 0; j--)
      best[i * width + j] = left[start + i] === right[start + j] ? best[(i + 1) * width + j + 1] + 1 : Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);
  const shared = [left.map(() => true), right.map(() => true)];
  let [i, j] = [0, 0];
  while (i < n || j < m) {
    if (i < n && j < m && left[start + i] === right[start + j]) { i++; j++; }
    else if (j >= m || (i < n && best[(i + 1) * width + j] >= best[i * width + j + 1])) shared[0][start + i++] = false;
    else shared[1][start + j++] = false;
  }
  return [{ words: left, shared: shared[0] }, { words: right, shared: shared[1] }];
}

// Words as nodes, those that the other text lacks marked, neighbours in one mark.
function markedNodes(side) {
  const nodes = [];
  let run = "";
  let common = true;
  const flush = () => {
    if (run) nodes.push(...(common ? asNodes(run) : [make("mark", {}, ...asNodes(run))]));
    run = "";
  };
  side.words.forEach((word, k) => {
    const here = side.shared[k] || (!word.trim() && common);
    if (here !== common) flush();
    common = here;
    run += word;
  });
  flush();
  return nodes;
}

class Reader {
  constructor(found, texts) {
    this.study = found;
    this.state = { a: "", b: "", prompt: 0, cell: "", blind: false, scores: false, swapped: false };
    this.take(texts);
  }

  take(texts) {
    this.texts = [...(this.texts || []), ...texts];
    this.index = new Map(this.texts.map((text) => [this.key(text.config, text.prompt, this.cellOf(text)), text]));
    const order = new Map(this.study.all_results.map((row, i) => [row.config, i]));
    this.configs = [...new Set(this.texts.map((text) => text.config))].sort((x, y) => (order.get(x) ?? 1e9) - (order.get(y) ?? 1e9));
    this.prompts = [...new Set(this.texts.map((text) => text.prompt))].sort((x, y) => x - y);
    this.lower = null;
  }

  key(config, prompt, cell) { return config + "\n" + prompt + "\n" + cell; }
  cellOf(text) { return (text.fresh ? "f" : "") + text.repeat; }
  promptText(prompt) { return this.study.search_metadata.prompts[prompt] ?? "prompt " + (prompt + 1); }
  get(config) { return this.index.get(this.key(config, this.state.prompt, this.state.cell)); }

  // The cells of a prompt in which at least one of the two has a text: those with both first.
  cells() {
    const { a, b, prompt } = this.state;
    const found = new Map();
    for (const text of this.texts)
      if (text.prompt === prompt && (text.config === a || text.config === b))
        found.set(this.cellOf(text), (found.get(this.cellOf(text)) || new Set()).add(text.config));
    const sides = a === b ? 1 : 2;
    return [...found].map(([cell, configs]) => ({ cell, both: configs.size === sides }))
      .sort((x, y) => y.both - x.both || x.cell.startsWith("f") - y.cell.startsWith("f") || parseInt(x.cell.replace("f", "")) - parseInt(y.cell.replace("f", "")));
  }

  cellName(cell) { return cell.startsWith("f") ? "fresh seed " + (Number(cell.slice(1)) + 1) : "repeat " + (Number(cell) + 1); }

  start() {
    const verdict = this.study.verdict || {};
    const has = (config) => config && this.configs.includes(config);
    this.state.a = has(verdict.best) ? verdict.best : this.configs[0];
    this.state.b = has(verdict.baseline) && verdict.baseline !== this.state.a ? verdict.baseline : this.configs.find((c) => c !== this.state.a) || this.state.a;
    this.state.prompt = this.prompts[0];
    this.wire();
    if (!this.fromLink()) this.firstCell();
    this.draw();
    this.find();
  }

  firstCell() {
    let cells = this.cells();
    if (!cells.length) {
      const other = this.prompts.find((prompt) => this.texts.some((t) => t.prompt === prompt && (t.config === this.state.a || t.config === this.state.b)));
      if (other !== undefined) this.state.prompt = other;
      cells = this.cells();
    }
    if (!cells.some((one) => one.cell === this.state.cell)) this.state.cell = cells.length ? cells[0].cell : "";
  }

  change(changes) {
    Object.assign(this.state, changes);
    this.firstCell();
    if (this.state.blind && ("prompt" in changes || "cell" in changes || "blind" in changes)) this.state.swapped = Math.random() < 0.5;
    if (!this.state.blind) this.state.swapped = false;
    this.draw();
  }

  // Forward and back through the cells of all prompts.
  step(by) {
    const cells = this.cells();
    const at = cells.findIndex((one) => one.cell === this.state.cell) + by;
    if (cells[at]) return this.change({ cell: cells[at].cell });
    const [here, n] = [this.prompts.indexOf(this.state.prompt), this.prompts.length];
    let next = [];
    for (let k = 1; k <= n && !next.length; k++) {
      this.state.prompt = this.prompts[(here + k * by + n) % n];
      next = this.cells();
    }
    this.change({ prompt: this.state.prompt, cell: next.length ? next[by > 0 ? 0 : next.length - 1].cell : "" });
  }

  link() {
    const { a, b, prompt, cell } = this.state;
    return "#read=" + encodeURIComponent(a) + "&with=" + encodeURIComponent(b) + "&prompt=" + (prompt + 1) + "&text=" + cell;
  }

  fromLink() {
    if (!location.hash.startsWith("#read=")) return false;
    const wanted = new URLSearchParams(location.hash.slice(1));
    const a = wanted.get("read");
    if (!this.configs.includes(a)) { say("That text is not in this page" + ($("beside") ? "; it may be in the file beside it" : "")); return false; }
    const b = wanted.get("with");
    Object.assign(this.state, { a, b: this.configs.includes(b) ? b : a, prompt: Number(wanted.get("prompt")) - 1, cell: wanted.get("text") || "" });
    if (!this.prompts.includes(this.state.prompt)) this.state.prompt = this.prompts[0];
    this.firstCell();
    $("reader").scrollIntoView();
    return true;
  }

  wire() {
    const on = (id, event, act) => $(id).addEventListener(event, act);
    on("read-prompt", "change", (event) => this.change({ prompt: Number(event.target.value) }));
    on("read-cell", "change", (event) => this.change({ cell: event.target.value }));
    on("read-back", "click", () => this.step(-1));
    on("read-next", "click", () => this.step(1));
    on("read-blind", "change", (event) => this.change({ blind: event.target.checked, scores: false }));
    on("read-diff", "change", () => this.draw());
    on("read-scores", "click", () => this.change({ scores: !this.state.scores }));
    on("read-link", "click", () => this.copyLink());
    for (const side of ["a", "b"])
      $("side-" + side).querySelector("select").addEventListener("change", (event) => this.change({ [side]: event.target.value }));
    for (const id of ["find-words", "find-outcome", "find-sampler", "find-prompt"]) on(id, "input", () => this.find());
    on("found-more", "click", () => this.showFound(this.shown + PAGE));
    document.querySelectorAll("[data-vote]").forEach((button) => button.addEventListener("click", () => this.vote(button.dataset.vote)));
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-read]");
      if (button) this.open(button.dataset.read);
    });
    addEventListener("hashchange", () => this.fromLink() && this.draw());
    if ($("beside")) on("beside", "change", (event) => this.load(event.target.files[0]));
    on("reading", "keydown", (event) => this.press(event));
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox") return;
    const keys = { j: () => this.step(1), k: () => this.step(-1), s: () => this.change({ scores: !this.state.scores }),
      b: () => this.change({ blind: !this.state.blind, scores: false }),
      d: () => { $("read-diff").checked = !$("read-diff").checked; this.draw(); } };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  open(config) {
    if (!this.configs.includes(config)) return say("No text of this setting is in the page" + ($("beside") ? "; open the file beside it" : ""));
    const verdict = this.study.verdict || {};
    const other = config === verdict.baseline ? verdict.best : verdict.baseline;
    this.change({ a: config, b: this.configs.includes(other) ? other : this.state.b, blind: false });
    $("reader").scrollIntoView();
    $("side-a").querySelector("select").focus({ preventScroll: true });
  }

  async load(file) {
    try {
      const texts = JSON.parse(await new Response(file.stream().pipeThrough(new DecompressionStream("gzip"))).text());
      const known = new Set(this.index.keys());
      const fresh = texts.filter((text) => !known.has(this.key(text.config, text.prompt, this.cellOf(text))));
      this.take(fresh);
      this.draw();
      this.find();
      say(fresh.length + " texts added");
    } catch {
      say("That is not the file of texts of this page");
    }
  }

  async copyLink() {
    const link = this.link();
    history.replaceState(null, "", link);
    await copy(location.href, "a link to this text");
  }

  vote(choice) {
    const cell = this.state.prompt + " " + this.state.cell;
    if (!this.voted.has(cell)) {
      this.voted.add(cell);
      this.votes[choice === "=" ? "=" : (choice === "a") !== this.state.swapped ? "a" : "b"]++;
    }
    this.step(1);
  }

  // Votes are for one pair: another one begins at nothing.
  newPair() {
    const pair = this.state.a + "\n" + this.state.b;
    if (pair === this.pair) return;
    this.pair = pair;
    this.votes = { a: 0, b: 0, "=": 0 };
    this.voted = new Set();
  }

  // Drawing.
  draw() {
    const { state } = this;
    this.newPair();
    this.options($("read-prompt"), this.prompts.map((p) => [String(p), p + 1 + ". " + this.promptText(p)]), String(state.prompt));
    const cells = this.cells();
    this.options($("read-cell"), cells.map(({ cell, both }) => [cell, this.cellName(cell) + (both ? "" : " (one side only)")]), state.cell);
    $("read-blind").checked = state.blind;
    $("read-scores").textContent = state.scores ? "Hide scores" : "Show scores";
    $("read-scores").setAttribute("aria-expanded", String(state.scores));
    $("read-asked").replaceChildren(...asNodes(this.promptText(state.prompt)));
    const [left, right] = state.swapped ? [state.b, state.a] : [state.a, state.b];
    const texts = [this.get(left), this.get(right)];
    const compare = $("read-diff").checked && texts[0] && texts[1] && texts[0] !== texts[1];
    const marked = compare ? compareWords(texts[0].text.slice(0, LONG), texts[1].text.slice(0, LONG)) : null;
    if (compare && !marked) say("These texts are too long to mark their differences");
    this.side("a", left, texts[0], marked && marked[0]);
    this.side("b", right, texts[1], marked && marked[1]);
    $("read-vote").hidden = !state.blind;
    const { a, b } = this.votes;
    const said = a + b + this.votes["="];
    $("read-tally").textContent = !said ? "" : state.scores
      ? `${a} for ${samplerOf(state.a)} ${label(state.a)}, ${b} for ${samplerOf(state.b)} ${label(state.b)}, ${this.votes["="]} no difference`
      : said + (said === 1 ? " vote" : " votes") + "; Show scores tells for whom";
  }

  options(select, pairs, value) {
    const signature = JSON.stringify(pairs);
    if (select.dataset.signature !== signature) {
      select.replaceChildren(...pairs.map(([v, text]) => make("option", { value: v }, text)));
      select.dataset.signature = signature;
    }
    select.value = value;
  }

  side(name, config, text, marked) {
    const box = $("side-" + name);
    const select = box.querySelector("select");
    const hide = this.state.blind && !this.state.scores;
    if (hide) this.options(select, [["", name === "a" ? "Left: hidden" : "Right: hidden"]], "");
    else this.options(select, this.configs.map((c) => [c, samplerOf(c) + " · " + label(c)]), config);
    select.disabled = this.state.blind;
    const facts = [];
    if (text) {
      if (text.failure) facts.push(make("span", { class: "failed" }, "Failed: " + text.failure.reason + (text.failure.detail ? " (" + text.failure.detail + ")" : "")));
      if (text.cut) facts.push(make("span", {}, "cut off at the limit"));
      facts.push(make("span", {}, text.tokens + " tokens"));
      if (!hide) facts.push(make("span", {}, "seed " + text.seed));
    }
    box.querySelector(".facts").replaceChildren(...facts);
    const body = box.querySelector(".text");
    body.scrollTop = 0;
    if (!text) body.replaceChildren(make("p", { class: "absent" }, "This setting has no text for this prompt and repeat."));
    else if (!text.text) body.replaceChildren(make("p", { class: "absent" }, "The text is empty."));
    else this.fill(body, text, marked);
    this.judgments(box.querySelector(".marks-of"), text);
  }

  fill(body, text, marked) {
    const short = text.text.slice(0, LONG);
    const nodes = marked ? markedNodes(marked) : asNodes(short);
    body.replaceChildren(...nodes);
    if (text.text.length <= LONG) return;
    const rest = make("button", { type: "button" }, "Show the other " + (text.text.length - LONG).toLocaleString("en") + " characters");
    rest.addEventListener("click", () => rest.replaceWith(...asNodes(text.text.slice(LONG))));
    body.append("\n", rest);
  }

  judgments(box, text) {
    box.hidden = !this.state.scores || !text;
    if (box.hidden) return box.replaceChildren();
    const parts = [];
    for (const score of text.scores) {
      const rows = [["score", score.value], ...Object.entries(score.criteria)];
      parts.push(make("table", {}, make("caption", {}, score.judge), make("tbody", {},
        ...rows.map(([name, value]) => make("tr", {}, make("th", { scope: "row" }, name), make("td", { class: "num" }, data(value, 2)))))));
      if (score.comment) parts.push(make("p", {}, ...asNodes(score.comment)));
    }
    for (const reason of text.unscored) parts.push(make("p", {}, "Not judged by ", ...asNodes(reason)));
    if (text.failure) parts.push(make("p", {}, "Never judged: a rule found it bad."));
    if (text.thoughts) parts.push(make("details", {}, make("summary", {}, "What the model thought aloud"), make("div", { class: "text" }, ...asNodes(text.thoughts.slice(0, LONG)))));
    if (!parts.length) parts.push(make("p", {}, "No score yet."));
    box.replaceChildren(...parts);
  }

  // Finding.
  find() {
    this.lower ??= this.texts.map((text) => text.text.toLowerCase());
    this.options($("find-sampler"), [["", "all"], ...[...new Set(this.texts.map((t) => samplerOf(t.config)))].map((s) => [s, s])], $("find-sampler").value);
    this.options($("find-prompt"), [["", "all"], ...this.prompts.map((p) => [String(p), p + 1 + ". " + this.promptText(p).slice(0, 50)])], $("find-prompt").value);
    const words = $("find-words").value.trim().toLowerCase();
    const [outcome, sampler, prompt] = ["find-outcome", "find-sampler", "find-prompt"].map((id) => $(id).value);
    const right = { "": () => true, judged: (t) => t.scores.length > 0, failed: (t) => t.failure, cut: (t) => t.cut, unscored: (t) => !t.failure && !t.scores.length }[outcome];
    this.matching = this.texts.filter((text, i) => right(text) && (!sampler || samplerOf(text.config) === sampler) &&
      (!prompt || String(text.prompt) === prompt) && (!words || this.lower[i].includes(words)));
    this.words = words;
    this.showFound(PAGE);
  }

  showFound(most) {
    this.shown = most;
    $("find-count").textContent = this.matching.length + (this.matching.length === 1 ? " text" : " texts");
    $("found").replaceChildren(...this.matching.slice(0, most).map((text) => this.foundItem(text)));
    $("found-more").hidden = this.matching.length <= most;
  }

  foundItem(text) {
    const at = this.words ? Math.max(text.text.toLowerCase().indexOf(this.words) - 40, 0) : 0;
    const snippet = (at ? "… " : "") + text.text.slice(at, at + 160).replace(/\s+/g, " ");
    const button = make("button", { type: "button" },
      make("span", {}, samplerTag(this.study, samplerOf(text.config)), " " + label(text.config) + ", prompt " + (text.prompt + 1) + ", " + this.cellName(this.cellOf(text))),
      text.failure ? make("span", { class: "failed" }, " failed: " + text.failure.reason) : null,
      make("span", { class: "snippet" }, ...asNodes(snippet)));
    button.addEventListener("click", () => {
      const b = text.config === this.state.a ? this.state.b : this.state.a;
      this.change({ a: text.config, b, prompt: text.prompt, cell: this.cellOf(text), blind: false });
      history.replaceState(null, "", this.link());
      $("reading").scrollIntoView();
      $("side-a").querySelector("select").focus({ preventScroll: true });
    });
    return make("li", {}, button);
  }
}

async function startReader() {
  if (!$("reading")) return;
  const [found, texts] = [await STUDY, JSON.parse(await block("texts"))];
  if (!texts.length) return;
  new Reader(found, texts).start();
  $("reading").dataset.ready = "true";
}

startReader();
