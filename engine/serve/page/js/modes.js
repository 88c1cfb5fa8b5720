// How pages are found, and how long each way took for this question.

import { $, h, milliseconds } from "./dom.js";
import { state } from "./state.js";

const MODES = [
  ["hybrid", "Looks and words", "by what pages look like and by their words"],
  ["visual", "Looks", "by what pages look like, also scans and charts"],
  ["text", "Words", "by the words of the text layer (BM25)"],
];
const REREAD = ["rerank", "Reread", "the best pages are read again by a reranker"];

export const known = (mode) => MODES.some(([name]) => name === mode) || mode === "rerank";

/** What a mode is in a request. */
export const asRequest = (mode) =>
  mode === "rerank" ? { mode: "hybrid", rerank: true } : { mode };

/** Made once, and changed in place after: who goes through them with arrow keys keeps the focus. */
export function draw(onchange) {
  const shown = state.health?.rerank ? [...MODES, REREAD] : MODES;
  if ($("modes").childElementCount !== shown.length) {
    $("modes").replaceChildren(...shown.map((mode) => radio(mode, onchange)));
  }
  for (const input of $("modes").querySelectorAll("input")) {
    const seconds = state.latency[input.value];
    input.checked = input.value === state.mode;
    input.nextElementSibling.querySelector("small").textContent = seconds == null ? "" : milliseconds(seconds);
  }
}

const radio = ([name, label, title], onchange) =>
  h("label", { class: "mode", title },
    h("input", { type: "radio", name: "mode", value: name, onchange: () => onchange(name) }),
    h("span", {}, label, h("small", {})));
