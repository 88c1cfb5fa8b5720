// An answer, while it is being written. Every [n] opens the page at the place that it stands on.

import { Problem, events } from "./api.js";
import { $, h, milliseconds, say } from "./dom.js";
import { asRequest } from "./modes.js";
import { state } from "./state.js";
import * as viewer from "./viewer.js";

let stop = null;

export function close() {
  stop?.abort();
  stop = null;
  $("answer").hidden = true;
}

/** Ask what the results were searched for. */
export async function ask() {
  if (!state.query) return;
  stop?.abort();
  const own = (stop = new AbortController());
  const told = { pages: [], claims: [], open: "" };
  const ending = (text) => draw(told, { note: text });
  draw(told, { writing: true, note: "Reading the pages…" });
  try {
    const { mode } = asRequest(state.mode);
    const asked = { question: state.query, mode };
    for await (const [name, value] of events("/api/answer", { value: asked, signal: own.signal })) {
      if (name === "retrieved") told.pages = value.pages;
      if (name === "written") told.open += value.text;
      if (name === "checked") { told.claims.push(value); told.open = ""; }
      if (name === "error") throw new Problem(value.message, value.type, 0);
      if (name === "finished") { finish(told, value); return; }
      draw(told, { writing: true });
    }
    ending("The connection ended before the answer did.");
  } catch (error) {
    ending(error.name === "AbortError" ? "Stopped." : error.message);
  } finally {
    if (stop === own) stop = null;
  }
}

function finish(told, value) {
  told.claims = value.claims;
  told.open = "";
  const took = `in ${milliseconds(value.seconds)}.`;
  const by = value.generator === "extractive" ? `Quoted from the pages ${took}` : `Written by ${value.generator} ${took}`;
  const notes = {
    "not in your documents": `Not in your documents: ${value.note}.`,
    incomplete: `The answer broke off: ${value.note}.`,
    answered: by,
  };
  draw(told, { note: notes[value.outcome] ?? by });
  say(value.outcome === "answered" ? "The answer is written" : notes[value.outcome]);
}

function draw(told, { writing = false, note = "" }) {
  const place = $("answer");
  place.hidden = false;
  place.setAttribute("aria-busy", String(writing));
  place.replaceChildren(
    h("div", { class: "answer-head" },
      h("h2", {}, "Answer"),
      writing
        ? h("button", { type: "button", class: "quiet", onclick: () => stop?.abort() }, "Stop")
        : h("span", {},
            h("button", { type: "button", class: "quiet", onclick: ask }, "Again"),
            h("button", { type: "button", class: "quiet", "aria-label": "Close the answer", onclick: close }, "×"))),
    h("div", { class: "answer-text" },
      ...told.claims.map(claim),
      told.open && h("span", { class: "open" }, told.open),
      writing && h("span", { class: "caret", "aria-hidden": "true" })),
    sources(told) ?? "",
    note && h("p", { class: "answer-note" }, note));
}

function claim(one) {
  return h("span", { class: "claim" },
    h("span", { class: one.supported ? "" : "doubt" }, one.text),
    ...one.citations.map(cite),
    !one.supported && h("span", { class: "doubt-note" }, "not verified"));
}

function cite(citation) {
  const where = citation.document ? `${citation.name}, page ${citation.page}: ${citation.reason}` : citation.reason;
  return h("button", {
    type: "button", class: citation.verified ? "cite" : "cite unsure", title: where,
    "aria-label": `Citation ${citation.number}: ${where}`, disabled: !citation.document,
    onclick: () => viewer.open(
      { document: citation.document, name: citation.name, page: citation.page, pages: citation.pages },
      { region: citation.region }),
  }, `${citation.number}`);
}

function sources(told) {
  const cited = new Set(told.claims.flatMap((one) => one.citations.map(({ number }) => number)));
  const shown = told.pages.filter(({ number }) => cited.has(number));
  if (!shown.length) return null;
  return h("ul", { class: "sources" }, ...shown.map((page) =>
    h("li", {}, h("button", { type: "button", onclick: () => viewer.open(page) },
      `[${page.number}] ${page.name}, page ${page.page}`))));
}
