// A part of the page, chosen by dragging over it.

import { h } from "./dom.js";

const LEAST = 0.015; // of the page; less was a slip of the hand

/** Calls `done` with a box in fractions of the leaf, or with null; returns how to give up. */
export function choose(leaf, done) {
  const frame = h("div", { class: "chosen", hidden: true });
  leaf.append(frame);
  leaf.classList.add("choosing");
  let start = null;
  let box = null;

  const at = (event) => {
    const edge = leaf.getBoundingClientRect();
    const inside = (value) => Math.min(1, Math.max(0, value));
    return [inside((event.clientX - edge.left) / edge.width), inside((event.clientY - edge.top) / edge.height)];
  };
  const down = (event) => {
    event.preventDefault();
    start = at(event);
    leaf.setPointerCapture(event.pointerId);
  };
  const move = (event) => {
    if (!start) return;
    const [x, y] = at(event);
    box = { x0: Math.min(x, start[0]), y0: Math.min(y, start[1]), x1: Math.max(x, start[0]), y1: Math.max(y, start[1]) };
    frame.hidden = false;
    Object.assign(frame.style, {
      left: `${100 * box.x0}%`, top: `${100 * box.y0}%`,
      width: `${100 * (box.x1 - box.x0)}%`, height: `${100 * (box.y1 - box.y0)}%`,
    });
  };
  const end = (result) => {
    leaf.classList.remove("choosing");
    frame.remove();
    leaf.removeEventListener("pointerdown", down);
    leaf.removeEventListener("pointermove", move);
    leaf.removeEventListener("pointerup", up);
    done(result);
  };
  const up = () => {
    const large = box && box.x1 - box.x0 > LEAST && box.y1 - box.y0 > LEAST;
    end(large ? box : null);
  };
  leaf.addEventListener("pointerdown", down);
  leaf.addEventListener("pointermove", move);
  leaf.addEventListener("pointerup", up);
  return () => end(null);
}
