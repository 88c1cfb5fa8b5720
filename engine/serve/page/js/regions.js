// Boxes on a page: the places that speak most for the question, and those that an answer cites.

import { h } from "./dom.js";

/** cited: one more region, drawn apart from the others and scrolled to. */
export function draw(leaf, found, { cited = null, shown = true } = {}) {
  leaf.querySelectorAll(".region").forEach((old) => old.remove());
  found.forEach((region, i) => leaf.append(box(region, `${i + 1}`, false, shown)));
  if (!cited) return;
  const own = box(cited, "cited", true, true);
  leaf.append(own);
  requestAnimationFrame(() => own.scrollIntoView({ block: "center", inline: "nearest" }));
}

export function show(leaf, shown) {
  leaf?.querySelectorAll(".region:not(.cited)").forEach((node) => { node.hidden = !shown; });
}

function box(region, label, cited, shown) {
  const [x0, y0, x1, y1] = region.box;
  const kind = cited ? "region cited" : "region";
  const node = h("div", {
    class: x0 < 0.04 && !cited ? `${kind} inside` : kind,
    title: region.kind, role: "img", hidden: !shown,
    "aria-label": `${label}, ${region.kind}: ${(region.text || "no text").slice(0, 200)}`,
  }, h("b", {}, label));
  Object.assign(node.style, {
    left: `${100 * x0}%`, top: `${100 * y0}%`, width: `${100 * (x1 - x0)}%`, height: `${100 * (y1 - y0)}%`,
  });
  return node;
}
