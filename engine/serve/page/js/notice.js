// One line above the results: what went wrong, or what to make of them.

import { $, h } from "./dom.js";

export function show(text, { bad = false, action = null } = {}) {
  const notice = $("notice");
  notice.className = bad ? "notice bad" : "notice";
  notice.replaceChildren(
    h("p", {}, text),
    ...(action ? [h("button", { type: "button", onclick: action.run }, action.label)] : []),
  );
  notice.hidden = false;
}

export function clear() {
  $("notice").hidden = true;
  $("notice").replaceChildren();
}

export function problem(error, again) {
  show(error.message, { bad: true, action: again && { label: "Try again", run: again } });
}
