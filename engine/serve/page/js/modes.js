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

export function draw(onchange) {
  const shown = state.health?.rerank ? [...MODES, REREAD] : MODES;
  $("modes").replaceChildren(
    ...shown.map(([name, label, title]) => {
      const seconds = state.latency[name];
      return h("label", { class: "mode", title },
        h("input", {
          type: "radio", name: "mode", value: name, checked: state.mode === name,
          onchange: () => onchange(name),
        }),
        h("span", {}, label, seconds != null && h("small", {}, milliseconds(seconds))));
    }),
  );
}
