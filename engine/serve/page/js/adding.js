// Files on their way into the library: progress, failures, and a way to stop.

import { call, events } from "./api.js";
import { $, h, many, say } from "./dom.js";
import { refresh } from "./shelf.js";

const AT_ONCE = 64; // files in one request
const OVER = ["done", "stopped", "failed"];

export async function add(files) {
  const all = [...files];
  for (let from = 0; from < all.length; from += AT_ONCE) await send(all.slice(from, from + AT_ONCE));
}

async function send(files) {
  const card = h("div", { class: "job", role: "group" }, h("strong", {}, `Sending ${many(files.length, "file")}…`), h("progress", { "aria-label": "Sending" }));
  $("jobs").append(card);
  const body = new FormData();
  for (const file of files) body.append("files", file, file.name);
  try {
    follow(await call("/api/documents", { method: "POST", body }), card);
  } catch (error) {
    card.replaceChildren(head("Not added", () => card.remove()), h("p", {}, error.message));
  }
}

/** Jobs that were going on when the page was opened. */
export async function resume() {
  for (const job of await call("/api/jobs")) {
    if (OVER.includes(job.state)) continue;
    const card = h("div", { class: "job", role: "group" });
    $("jobs").append(card);
    follow(job, card);
  }
}

async function follow(job, card) {
  let last = job;
  let known = 0;
  draw(card, job);
  for (let tries = 0; tries < 5 && !OVER.includes(last.state); tries++) {
    try {
      for await (const [, told] of events(`/api/jobs/${job.id}/events`)) {
        last = told;
        tries = 0;
        draw(card, told);
        if (told.done_files !== known) { known = told.done_files; refresh(); }
      }
    } catch (error) {
      if (tries === 4) card.append(h("p", {}, error.message));
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
  await refresh();
  say(summary(last));
  if (last.state === "done" && !last.failures.length) setTimeout(() => card.remove(), 6000);
}

const head = (text, run, label = "×") =>
  h("div", { class: "job-head" }, h("strong", {}, text),
    h("button", { type: "button", class: "quiet", "aria-label": label === "×" ? "Put away" : label, onclick: run }, label));

function draw(card, job) {
  const over = OVER.includes(job.state);
  const stop = () => call(`/api/jobs/${job.id}`, { method: "DELETE" }).catch(() => {});
  const within = job.current ? job.current.page / job.current.pages : 0;
  const bar = h("progress", { max: job.files, "aria-label": "Documents done" });
  if (job.state === "adding") bar.value = Math.min(job.files, job.done_files + within);
  const rate = job.pages > 2 ? ` · ${(job.pages / job.seconds).toFixed(1)} pages/s` : "";
  const going = job.current
    ? `${job.current.name}: page ${job.current.page} of ${job.current.pages}${rate}`
    : job.state === "waiting" ? "Waiting for its turn" : "Opening…";
  card.replaceChildren(
    over ? head(summary(job), () => card.remove()) : head(`Adding ${many(job.files, "file")}`, stop, "Stop"),
    ...(over ? [] : [bar, h("p", {}, going)]),
    job.problem && h("p", {}, job.problem),
    job.failures.length ? h("ul", {}, ...job.failures.map((failure) =>
      h("li", {}, `${failure.name}${failure.page ? `, page ${failure.page}` : ""}: ${failure.reason}`))) : "");
}

function summary(job) {
  if (job.state === "stopped") return "Stopped; finished documents are kept";
  if (job.state === "failed") return "Not added";
  const parts = [];
  if (job.added.length) parts.push(`${many(job.added.length, "document")} added`);
  if (job.skipped.length) parts.push(`${job.skipped.length} there already`);
  if (job.failures.length) parts.push(`${job.failures.length} could not be read`);
  return parts.join(", ") || "Nothing to add";
}
