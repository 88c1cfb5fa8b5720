// Puts the parts together.

import * as adding from "./adding.js";
import * as address from "./address.js";
import * as answer from "./answer.js";
import { call, post } from "./api.js";
import * as dialogs from "./dialogs.js";
import { $ } from "./dom.js";
import * as drop from "./drop.js";
import * as keyboard from "./keyboard.js";
import * as modes from "./modes.js";
import * as notice from "./notice.js";
import * as search from "./search.js";
import * as shelf from "./shelf.js";
import { snippets } from "./snippets.js";
import { state } from "./state.js";
import * as theme from "./theme.js";
import * as viewer from "./viewer.js";

theme.apply();

async function start() {
  listen();
  await useToken();
  const health = await ready();
  if (!health) return;
  state.health = health;
  modes.draw(search.changeMode);
  if (!state.query && !state.picture) show(); // somebody may have been quicker
  await shelf.refresh();
  adding.resume().catch(() => {});
}

/** The token behind the # of the address that `quire serve` prints becomes a cookie. */
async function useToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return;
  history.replaceState(null, "", location.pathname + location.search);
  await post("/api/session", { token: given }).catch(() => {});
}

async function ready() {
  while (true) {
    let health;
    try {
      health = await call("/health");
    } catch (error) {
      shelf.opening(error.message);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      continue;
    }
    if (health.token_needed && !health.allowed) {
      askToken();
      return null;
    }
    if (health.state === "ready") return health;
    if (health.state === "failed") {
      $("shelf").replaceChildren();
      notice.problem(new Error(health.problem), () => location.reload());
      return null;
    }
    shelf.opening("Opening the library…");
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
}

function askToken() {
  if ($("dialog").open) return;
  dialogs.token(async (token) => {
    await post("/api/session", { token });
    location.reload();
  });
}

/** What the address says. */
function show() {
  const told = address.read();
  state.mode = modes.known(told.mode) ? told.mode : "hybrid";
  modes.draw(search.changeMode);
  if (told.query || state.query) $("query").value = told.query;
  if (told.query) {
    search.run({ push: false, open: told.page });
    return;
  }
  state.query = "";
  search.usePicture(null);
  search.view(told.page ? "found" : "home");
  notice.clear();
  $("results").replaceChildren();
  $("copy-as").hidden = true;
  answer.close();
  if (told.page) open(told.page);
  else viewer.close({ quiet: true });
}

/** A page by its address alone: its name and number of pages are to be had from the shelf. */
async function open(page) {
  const { documents } = await call("/api/documents");
  const known = documents.find(({ id }) => id === page.document);
  if (known) viewer.open({ ...page, name: known.name, pages: known.pages });
  else notice.show("This document is not in the library any more.");
}

async function ask() {
  const query = $("query").value.trim();
  if (!query) return $("query").focus();
  if (query !== state.query || !state.reply) await search.run();
  if (state.reply) answer.ask();
}

function listen() {
  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    search.run();
  });
  $("query").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.shiftKey) return;
    event.preventDefault();
    ask();
  });
  $("ask").addEventListener("click", ask);
  $("home").addEventListener("click", (event) => {
    event.preventDefault();
    history.pushState(null, "", "/");
    show();
    shelf.refresh();
  });
  $("add").addEventListener("click", () => $("files").click());
  $("files").addEventListener("change", (event) => {
    adding.add(event.target.files);
    event.target.value = "";
  });
  $("picture").addEventListener("click", () => $("seek").click());
  $("seek").addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (file) search.like(file, file.name.slice(0, 24));
    event.target.value = "";
  });
  $("theme").addEventListener("click", theme.change);
  $("help").addEventListener("click", dialogs.keys);
  $("copy-as").addEventListener("click", () => {
    const { mode } = modes.asRequest(state.mode);
    dialogs.code(snippets({ query: state.query, mode, k: 12, picture: state.picture }));
  });
  addEventListener("part", (event) => {
    const { name, page } = event.detail;
    search.like(event.detail, `part of ${name.slice(0, 16)}, p. ${page}`);
  });
  addEventListener("open-page", (event) => open(event.detail));
  addEventListener("mode", (event) => search.changeMode(event.detail));
  addEventListener("popstate", show);
  addEventListener("token-needed", askToken);
  keyboard.listen();
  drop.listen({
    onadd: (files) => adding.add(files),
    onseek: (file) => search.like(file, file.name.slice(0, 24)),
  });
}

start();
