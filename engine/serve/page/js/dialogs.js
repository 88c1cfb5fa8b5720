// What is asked or told over the page: the keys, the token, this search as code.

import { $, h } from "./dom.js";

const KEYS = [
  ["/", "go to the question"], ["Enter", "search"], ["Shift Enter", "ask for an answer"],
  ["j  k", "next and previous result"], ["n  p", "next and previous page"],
  ["h", "heat map on and off"], ["b", "region boxes on and off"],
  ["1 – 9", "heat map of one word"], ["0", "of all words"], ["[  ]", "weaker and stronger heat map"],
  ["+  -", "larger and smaller"], ["s", "search with a part of the page"], ["c", "copy the citation"],
  ["Esc", "close, or clear"], ["?", "these keys"],
];

function open(title, ...content) {
  const dialog = $("dialog");
  dialog.replaceChildren(h("h2", { id: "dialog-title" }, title), ...content);
  if (!dialog.open) dialog.showModal();
  return dialog;
}

const closing = () => h("button", { type: "button", onclick: () => $("dialog").close() }, "Close");

export function keys() {
  const rows = KEYS.flatMap(([key, told]) => [
    h("dt", {}, ...key.split("  ").flatMap((one) => [h("kbd", {}, one), " "])), h("dd", {}, told)]);
  open("Keyboard", h("dl", {}, ...rows), h("div", { class: "row" },
    h("a", { href: "/docs" }, "For programs: the HTTP interface"), closing()));
}

/** snippets: [name, text] each. */
export function code(snippets) {
  const text = h("pre", { tabindex: "0" });
  const tabs = snippets.map(([name, own]) => h("button", {
    type: "button", role: "tab", onclick: (event) => {
      text.textContent = own;
      for (const tab of tabs) tab.setAttribute("aria-selected", tab === event.currentTarget);
    } }, name));
  const copy = h("button", { type: "button", class: "go", onclick: async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(text); // without a secure address only hands may copy
      copy.textContent = "Press Ctrl C";
    }
  } }, "Copy");
  open("This search as code", h("div", { class: "tabs", role: "tablist" }, ...tabs), text,
    h("div", { class: "row" }, closing(), copy));
  tabs[0].click();
}

/** Asks for the server's token until `use` takes it. */
export function token(use) {
  const field = h("input", { type: "password", autocomplete: "current-password", "aria-label": "Token", required: true });
  const told = h("p", { role: "alert" });
  const form = h("form", { onsubmit: async (event) => {
    event.preventDefault();
    try {
      await use(field.value);
      $("dialog").close();
    } catch (error) {
      told.textContent = error.message;
    }
  } }, h("p", {}, "This server asks for its token."), field, told,
  h("div", { class: "row" }, h("button", { type: "submit", class: "go" }, "Open")));
  open("Token", form);
  field.focus();
}
