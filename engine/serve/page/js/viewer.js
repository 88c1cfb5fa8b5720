// One page, large.

import * as address from "./address.js";
import { heatmapOf, imageOf, regionsOf, thumbnailOf } from "./api.js";
import * as chips from "./chips.js";
import { $, h, say } from "./dom.js";
import { paint, unpack } from "./heat.js";
import * as notice from "./notice.js";
import * as regions from "./regions.js";
import { choose } from "./select.js";
import { state } from "./state.js";
import { toolbar } from "./toolbar.js";

export const look = { heat: true, boxes: true, word: null, opacity: 0.7, zoom: 1 };
let page = null; // what is open: {document, name, page, pages, width, height}
let parts = null; // its elements
let heat = null;
let cited = null; // a region that an answer points at
let turn = 0;
let giveUp = null; // choosing a region

export const opened = () => page;

/** Open a page. `region` is one that an answer cites. */
export async function open(wanted, { region = null } = {}) {
  const mine = ++turn;
  const same = page && page.document === wanted.document && page.page === wanted.page;
  const shape = page ?? { width: 3, height: 4, name: "", pages: 1 };
  page = { ...shape, ...wanted };
  cited = region;
  look.word = null;
  giveUp?.();
  draw();
  address.write(page);
  if (!same) say(`${page.name}, page ${page.page} of ${page.pages}`);
  const query = state.query;
  if (!query) return;
  try {
    const found = await heatmapOf(page, query);
    if (mine !== turn) return;
    heat = { ...found, levels: [found.whole, ...found.maps].map(unpack) };
    chips.draw(parts.chips, heat, look, repaint);
    repaint();
    if (cited) return; // it is the one place that counts
    const boxes = await regionsOf(page, query);
    if (mine === turn) regions.draw(parts.leaf, boxes, { shown: look.boxes });
  } catch (error) {
    if (mine === turn && error.status !== 409) notice.problem(error, () => open(wanted, { region }));
  } finally {
    if (mine === turn) parts?.leaf.removeAttribute("aria-busy");
  }
}

export function close({ quiet = false } = {}) {
  turn++;
  giveUp?.();
  const was = page;
  page = parts = heat = null;
  $("viewer").hidden = true;
  $("viewer").replaceChildren();
  document.body.classList.remove("reading");
  if (was && !quiet) {
    address.write(null);
    document.querySelector('.card[aria-current="true"]')?.focus();
  }
}

function draw() {
  heat = null;
  const image = h("img", { alt: `${page.name}, page ${page.page}`, src: thumbnailOf(page), draggable: "false" });
  const canvas = h("canvas", { "aria-hidden": "true" });
  const leaf = h("div", { class: "leaf", "aria-busy": state.query ? "true" : null }, image, canvas);
  parts = { leaf, canvas, chips: h("div", { class: "chips", role: "group", "aria-label": "Heat map of", hidden: !state.query }),
    stage: h("div", { class: "stage", tabindex: "0", "aria-label": "Page, scrollable" }, leaf) };
  sharpen(image);
  regions.draw(leaf, [], { cited, shown: true });
  $("viewer").replaceChildren(
    h("header", { class: "viewer-head" },
      h("h2", { title: page.name }, page.name), toolbar(page, look, acts)),
    parts.chips, parts.stage);
  $("viewer").hidden = false;
  if (matchMedia("(max-width: 860px)").matches) document.body.classList.add("reading");
  fit();
}

/** The small picture is there at once; the large one takes its place when it has come. */
function sharpen(image) {
  const mine = turn;
  const large = new Image();
  large.onload = () => {
    if (mine !== turn) return;
    Object.assign(page, { width: large.naturalWidth, height: large.naturalHeight });
    image.src = large.src;
    fit();
  };
  large.onerror = () => {
    if (mine === turn) notice.problem(new Error("The picture of this page could not be loaded."), () => open(page));
  };
  large.src = imageOf(page);
}

function fit() {
  if (!parts) return;
  const pad = 2 * parseFloat(getComputedStyle(parts.stage).paddingLeft);
  const across = parts.stage.clientWidth - pad;
  const ratio = page.width / page.height;
  // As wide as there is room for, but on a wide screen a tall page is not blown up.
  const wide = Math.min(across, Math.max(560, (innerHeight - 180) * ratio * 1.25));
  parts.leaf.style.width = `${wide * look.zoom}px`;
  parts.leaf.style.height = `${(wide * look.zoom) / ratio}px`;
}

function repaint() {
  if (!parts || !heat) return;
  chips.update(parts.chips, look);
  parts.canvas.hidden = !look.heat || !heat.rows;
  const place = look.word == null ? 0 : look.word + 1;
  if (heat.rows) paint(parts.canvas, heat.levels[place], heat.rows, heat.columns, look.opacity);
}

function retool() {
  $("viewer").querySelector(".viewer-tools")?.replaceWith(toolbar(page, look, acts));
}

/** What can be done with the open page, by button or key. */
export const acts = {
  turn(by) {
    const to = page && page.page + by;
    if (page && to >= 1 && to <= page.pages) open({ ...page, page: to });
  },
  heat() { look.heat = !look.heat; repaint(); retool(); },
  boxes() { look.boxes = !look.boxes; regions.show(parts?.leaf, look.boxes); retool(); },
  word(index) {
    if (!heat || (index != null && index >= heat.words.length)) return;
    look.word = index;
    look.heat = true;
    repaint();
    retool();
  },
  strength(by) { look.opacity = Math.min(1, Math.max(0, look.opacity + by)); repaint(); },
  zoom(factor) { look.zoom = factor ? Math.min(5, Math.max(0.5, look.zoom * factor)) : 1; fit(); },
  part() {
    if (giveUp) { giveUp(); return; }
    giveUp = choose(parts.leaf, (box) => {
      giveUp = null;
      retool();
      if (box) dispatchEvent(new CustomEvent("part", { detail: { ...page, box } }));
    });
    retool();
    say("Drag over a part of the page to search with it");
  },
  choosing: () => giveUp != null,
  close: () => close(),
  async copy() {
    if (!page) return;
    const text = `${page.name}, page ${page.page}`;
    try {
      await navigator.clipboard.writeText(text);
      say(`Copied: ${text}`);
    } catch {
      notice.show(text);
    }
  },
};

addEventListener("resize", () => fit());
