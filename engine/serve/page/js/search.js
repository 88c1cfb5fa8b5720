// From a question or a picture to results.

import * as address from "./address.js";
import * as answer from "./answer.js";
import { call, post } from "./api.js";
import { $, h, say, many } from "./dom.js";
import * as modes from "./modes.js";
import * as notice from "./notice.js";
import * as results from "./results.js";
import { state } from "./state.js";
import * as viewer from "./viewer.js";

const K = 12;
let turn = 0; // an older reply must not cover a newer one

export function view(name) {
  $("main").dataset.view = name;
  $("desk").hidden = name === "home";
}

/** Run what the form says. */
export async function run({ push = true, open = null } = {}) {
  const query = $("query").value.trim();
  if (!query) return;
  if (query !== state.query || state.picture) state.latency = {};
  state.query = query;
  usePicture(null);
  if (push) address.write(null, { push: true });
  await perform(
    () => post("/api/search", { query, k: K, ...modes.asRequest(state.mode) }),
    open,
  );
}

/** Pages like a file, or like a part of a page: {document, page, pages, name, box}. */
export async function like(source, label) {
  const isFile = source instanceof Blob;
  const ask = isFile
    ? () => {
        const body = new FormData();
        body.append("picture", source, "picture");
        return call(`/api/search/picture?k=${K}`, { method: "POST", body });
      }
    : () => {
        const { document, page, box } = source;
        return post("/api/search/region", { document, page, box, k: K });
      };
  state.query = "";
  state.latency = {};
  $("query").value = "";
  usePicture({ label, source, ask });
  address.write(null, { push: true });
  await perform(ask);
}

async function perform(ask, open = null) {
  const mine = ++turn;
  view("found");
  notice.clear();
  answer.close();
  if (!open) viewer.close({ quiet: true });
  state.chosen = -1;
  results.waiting();
  $("copy-as").hidden = true;
  try {
    const reply = await ask();
    if (mine !== turn) return;
    state.reply = reply;
    if (state.query) state.latency[state.mode] = reply.seconds;
    modes.draw(changeMode);
    $("copy-as").hidden = false;
    results.draw(reply);
    judge(reply);
    say(`${many(reply.hits.length, "page")} found`);
    show(reply, open);
  } catch (error) {
    if (mine !== turn) return;
    state.reply = null;
    results.empty();
    notice.problem(error, () => perform(ask, open));
  }
}

/** Open the page that the address names, else the best one where there is room beside the list. */
function show(reply, open) {
  if (open) {
    const place = reply.hits.findIndex((hit) => hit.document === open.document && hit.page === open.page);
    if (place >= 0) results.choose(place);
    else dispatchEvent(new CustomEvent("open-page", { detail: open }));
  } else if (reply.hits.length && matchMedia("(min-width: 861px)").matches) {
    results.choose(0, { focus: document.activeElement === $("query") });
  }
}

/** An honest word where the pages probably do not answer. */
function judge(reply) {
  if (!reply.hits.length || reply.found || !state.query) return;
  notice.show("Probably not in your documents. These are only the nearest pages.");
}

export function changeMode(mode) {
  state.mode = mode;
  if (state.query && !state.picture) run();
  else modes.draw(changeMode);
}

export function usePicture(picture) {
  if (state.picture?.url) URL.revokeObjectURL(state.picture.url);
  state.picture = picture;
  const place = $("with-picture");
  place.hidden = !picture;
  place.replaceChildren();
  if (!picture) return;
  if (picture.source instanceof Blob) {
    picture.url = URL.createObjectURL(picture.source);
    const shown = h("img", { src: picture.url, alt: "" });
    shown.addEventListener("error", () => shown.remove());
    place.append(shown);
  }
  place.append(picture.label, h("button", {
    type: "button", class: "quiet", "aria-label": "Search without the picture",
    onclick: () => { usePicture(null); $("query").focus(); },
  }, "×"));
}
