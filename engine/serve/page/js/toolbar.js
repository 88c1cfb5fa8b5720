// The buttons over an open page.

import { h } from "./dom.js";

export function toolbar(page, look, acts) {
  const button = (label, title, run, more = {}) =>
    h("button", { type: "button", title, "aria-label": title, onclick: run, ...more }, label);
  const toggle = (label, title, on, run) => button(label, title, run, { "aria-pressed": String(on) });
  return h("div", { class: "viewer-tools", role: "toolbar", "aria-label": "Page" },
    button("‹", "Previous page (p)", () => acts.turn(-1), { disabled: page.page <= 1 }),
    h("output", {}, `${page.page} / ${page.pages}`),
    button("›", "Next page (n)", () => acts.turn(1), { disabled: page.page >= page.pages }),
    h("span", { class: "apart" }),
    toggle("Heat", "Heat map (h)", look.heat, acts.heat),
    toggle("Boxes", "Region boxes (b)", look.boxes, acts.boxes),
    toggle("Select", "Search with a part of the page (s)", acts.choosing(), acts.part),
    h("span", { class: "apart wide" }),
    button("−", "Smaller (-)", () => acts.zoom(1 / 1.25), { class: "wide" }),
    button("+", "Larger (+)", () => acts.zoom(1.25), { class: "wide" }),
    button("Cite", "Copy the citation (c)", acts.copy, { class: "wide" }),
    button("×", "Close the page (Esc)", acts.close));
}
