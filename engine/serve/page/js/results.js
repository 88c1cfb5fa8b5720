// The list of pages that were found.

import { thumbnailOf } from "./api.js";
import { $, h, many, milliseconds } from "./dom.js";
import { state } from "./state.js";
import * as viewer from "./viewer.js";

const NAMES = { visual: "looks", code: "code", text: "words", rerank: "reread" };

export function waiting() {
  const card = () => h("li", { class: "card skeleton" },
    h("span", { class: "thumb" }), h("span", { class: "lines" }, ...[70, 35, 90, 80].map((wide) => {
      const line = h("span", {}, " ");
      line.style.width = `${wide}%`;
      line.style.height = ".8rem";
      return line;
    })));
  $("results").setAttribute("aria-busy", "true");
  $("results").replaceChildren(
    h("p", { class: "found-head" }, "Looking…"),
    h("ol", { class: "cards", "aria-hidden": "true" }, card(), card(), card()));
}

export function empty() {
  $("results").removeAttribute("aria-busy");
  $("results").replaceChildren();
}

export function draw(reply) {
  empty();
  if (!reply.hits.length) {
    $("results").append(nothing());
    return;
  }
  const scope = reply.pages === reply.of ? many(reply.of, "page") : `${reply.pages} of ${many(reply.of, "page")}`;
  const slow = reply.waited > 0.1 ? `, after waiting ${milliseconds(reply.waited)}` : "";
  $("results").append(
    h("p", { class: "found-head", title: reply.plan },
      h("span", {}, `The ${reply.hits.length} best of ${scope}`),
      h("span", {}, milliseconds(reply.seconds) + slow)),
    h("ol", { class: "cards" }, ...reply.hits.map(card)));
}

function nothing() {
  return h("div", { class: "nothing" },
    h("h2", {}, "No page holds these words"),
    h("p", {}, "Try other words, or let quire look at the pages instead of their text."),
    h("button", { type: "button", onclick: () => dispatchEvent(new CustomEvent("mode", { detail: "visual" })) },
      "Find by looks"));
}

function card(hit, place) {
  const picture = h("img", { alt: "", loading: "lazy", decoding: "async", src: thumbnailOf(hit) });
  picture.addEventListener("load", () => picture.classList.add("there"));
  const share = h("i");
  share.style.width = `${Math.round(8 + 92 * hit.share)}%`;
  const reasons = Object.entries(hit.reasons).map(([name, { rank }]) => `${NAMES[name] ?? name} #${rank}`);
  const about = [`page ${hit.page} of ${hit.pages}`, ...reasons].join(" · ");
  return h("li", {},
    h("button", {
      type: "button", class: "card", "data-place": place,
      "aria-label": `${place + 1}. ${hit.name}, page ${hit.page} of ${hit.pages}`,
      onclick: () => choose(place),
    },
    h("span", { class: "thumb" }, picture),
    h("span", {},
      h("span", { class: "card-name" }, hit.name),
      h("span", { class: "card-place" }, about),
      hit.section && h("span", { class: "card-place" }, hit.section),
      snippet(hit),
      h("span", { class: "share", title: `score ${hit.score.toFixed(3)}, beside the others of this search` }, share))));
}

function snippet(hit) {
  if (!hit.snippet) return h("span", { class: "card-text none" }, "No text layer; found by its looks.");
  const parts = [];
  let from = 0;
  const letters = [...hit.snippet]; // as the server counts them, not in UTF-16 units
  for (const { start, end } of hit.marks) {
    parts.push(letters.slice(from, start).join(""), h("mark", {}, letters.slice(start, end).join("")));
    from = end;
  }
  return h("span", { class: "card-text" }, ...parts, letters.slice(from).join(""));
}

/** Open the hit at a place; `step` from the open one with `by`. */
export function choose(place, { focus = false } = {}) {
  const hit = state.reply?.hits[place];
  if (!hit) return;
  show(place, focus);
  viewer.open(hit);
}

function show(place, focus) {
  state.chosen = place;
  for (const node of document.querySelectorAll(".card[data-place]")) {
    const own = Number(node.dataset.place) === place;
    node.setAttribute("aria-current", own);
    if (own) node.scrollIntoView({ block: "nearest" });
    if (own && focus) node.focus({ preventScroll: true });
  }
}

export function step(by) {
  const last = (state.reply?.hits.length ?? 0) - 1;
  choose(Math.min(last, Math.max(0, state.chosen + by)), { focus: true });
}
