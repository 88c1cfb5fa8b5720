// The question and the open page stand in the address: it can be shared, and Back works.

import { state } from "./state.js";

export function read() {
  const given = new URLSearchParams(location.search);
  const page = Number(given.get("page"));
  return {
    query: (given.get("q") ?? "").slice(0, 2000),
    mode: given.get("mode") ?? "hybrid",
    page: /^[0-9a-f]{32}$/.test(given.get("doc") ?? "") && page >= 1
      ? { document: given.get("doc"), page }
      : null,
  };
}

/** push: a new entry in the history, else the one that is there is changed. */
export function write(page, { push = false } = {}) {
  const told = new URLSearchParams();
  if (state.query) told.set("q", state.query);
  if (state.query && state.mode !== "hybrid") told.set("mode", state.mode);
  if (page) {
    told.set("doc", page.document);
    told.set("page", page.page);
  }
  const address = told.size ? `/?${told}` : "/";
  if (address === location.pathname + location.search) return;
  history[push ? "pushState" : "replaceState"](null, "", address);
}
