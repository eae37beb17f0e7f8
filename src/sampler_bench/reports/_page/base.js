"use strict";
// What every page has: making elements, saying, copying, the theme, the contents. No script here ever
// puts a text into the page other than as text (textContent), and nothing is fetched.

const $ = (id) => document.getElementById(id);

// An element with attributes and children; children that are no elements become text.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

let saidTimer = 0;
function say(text) {
  const said = $("said");
  said.textContent = text;
  said.classList.add("on");
  clearTimeout(saidTimer);
  saidTimer = setTimeout(() => said.classList.remove("on"), 2600);
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { class: "hidden", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) return say("This browser does not let pages copy; use Show, and copy by hand");
  }
  say("Copied: " + what);
}

// Light and dark: as the system says, until the button is pressed.
const DARK = matchMedia("(prefers-color-scheme: dark)");
function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  const button = $("theme");
  button.textContent = dark ? "Light" : "Dark";
  button.setAttribute("aria-pressed", String(dark));
  document.dispatchEvent(new Event("theme"));
}
const isDark = () => document.documentElement.dataset.theme === "dark";
setTheme(DARK.matches);
DARK.addEventListener("change", (event) => setTheme(event.matches));
$("theme").addEventListener("click", () => setTheme(!isDark()));

// Where one is, in the contents.
function startContents() {
  const links = new Map([...document.querySelectorAll(".contents a")].map((a) => [a.hash.slice(1), a]));
  const seen = new Map();
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) seen.set(entry.target.id, entry.isIntersecting);
    const here = [...links.keys()].find((id) => seen.get(id));
    links.forEach((link, id) => id === here ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current"));
  }, { rootMargin: "-10% 0px -70% 0px" });
  links.forEach((_, id) => watcher.observe($(id)));
  if (innerWidth <= 1000) document.querySelector(".contents details").open = false;
}

// A button with `data-copy` copies what it names.
for (const button of document.querySelectorAll("[data-copy]"))
  button.addEventListener("click", () => copy(button.dataset.copy, button.dataset.what || button.dataset.copy));

startContents();
