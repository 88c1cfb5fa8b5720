// One key for each thing that is done often. Never while somebody writes, or holds Ctrl.

import * as dialogs from "./dialogs.js";
import { $ } from "./dom.js";
import * as results from "./results.js";
import { acts, opened } from "./viewer.js";

const PAGE = {
  n: () => acts.turn(1),
  p: () => acts.turn(-1),
  h: () => acts.heat(),
  b: () => acts.boxes(),
  s: () => acts.part(),
  c: () => acts.copy(),
  "+": () => acts.zoom(1.25),
  "=": () => acts.zoom(1.25),
  "-": () => acts.zoom(1 / 1.25),
  "[": () => acts.strength(-0.1),
  "]": () => acts.strength(0.1),
  0: () => acts.word(null),
};
for (let i = 1; i <= 9; i++) PAGE[i] = () => acts.word(i - 1);

const ANYWHERE = {
  "/": () => { $("query").focus(); $("query").select(); },
  "?": () => dialogs.keys(),
  j: () => results.step(1),
  k: () => results.step(-1),
};

export function listen() {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("dialog").open) return;
    const writing = event.target.matches?.("input:not([type=radio], [type=range]), textarea");
    if (event.key === "Escape") {
      escape(writing);
      return;
    }
    if (writing) return;
    const act = ANYWHERE[event.key] ?? (opened() && PAGE[event.key]);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function escape(writing) {
  if (acts.choosing()) acts.part();
  else if (writing && $("query").value) $("query").value = "";
  else if (writing) $("query").blur();
  else if (opened()) acts.close();
}
