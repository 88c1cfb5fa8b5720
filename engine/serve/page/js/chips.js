// The words of the question, each with its own map, and how strongly maps are drawn.

import { h } from "./dom.js";
import { legend } from "./heat.js";

/** heat: a HeatmapReply; look: {word, opacity}, changed here; onchange is told afterwards. */
export function draw(place, heat, look, onchange) {
  const words = [["All words", null, "0"], ...heat.words.map((word, i) => [word, i, i < 9 ? `${i + 1}` : ""])];
  const scale = h("canvas", { "aria-hidden": "true" });
  legend(scale);
  const opacity = h("input", {
    type: "range", min: 0, max: 100, "aria-label": "Strength of the heat map",
    oninput: (event) => { look.opacity = event.target.value / 100; onchange(); },
  });
  const buttons = words.map(([word, index, key]) =>
    h("button", {
      type: "button", "data-word": index ?? "all",
      title: index == null ? "Evidence for the whole question" : `Weight ${Math.round(100 * heat.weights[index])} %`,
      onclick: () => { look.word = index; onchange(); },
    }, key && h("kbd", { "aria-hidden": "true" }, key), word));
  place.replaceChildren(
    h("span", { class: "words" }, ...buttons),
    h("span", { class: "legend" }, "little", scale, "much", opacity));
  update(place, look);
}

/** Show what is chosen; the buttons stay, so that neither focus nor a drag is lost. */
export function update(place, look) {
  for (const button of place.querySelectorAll("[data-word]")) {
    const own = button.dataset.word === String(look.word ?? "all");
    button.setAttribute("aria-pressed", String(own));
    if (own) button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  const opacity = place.querySelector("input");
  if (opacity) opacity.value = Math.round(look.opacity * 100);
}
