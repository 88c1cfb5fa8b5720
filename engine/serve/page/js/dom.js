// Elements without markup: text is always text, whatever a file, page or model says.

export const $ = (id) => document.getElementById(id);

/** An element; props that begin with "on" are listeners, the others attributes. */
export function h(name, props = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, value);
  }
  node.append(...children.flat(2).filter((child) => child != null && child !== false));
  return node;
}

/** The drawing of the header, for empty places. */
export const mark = () => document.querySelector(".brand svg").cloneNode(true);

/** Tell those who cannot see it. */
export function say(text) {
  $("said").textContent = text;
}

export const many = (n, one) => `${n.toLocaleString("en")} ${one}${n === 1 ? "" : "s"}`;
export const milliseconds = (seconds) =>
  seconds < 1 ? `${Math.max(1, Math.round(seconds * 1000))} ms` : `${seconds.toFixed(1)} s`;
