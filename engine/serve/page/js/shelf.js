// What is in the library, and what could not be read.

import { call, thumbnailOf } from "./api.js";
import { $, h, many, mark, say } from "./dom.js";
import * as notice from "./notice.js";
import { state } from "./state.js";
import { view } from "./search.js";
import * as viewer from "./viewer.js";

const KINDS = { pdf: "PDF", image: "picture", office: "Office document", html: "web page", markdown: "Markdown", svg: "drawing", text: "text", code: "code" };

export async function refresh() {
  try {
    draw(await call("/api/documents"));
  } catch (error) {
    notice.problem(error, refresh);
  }
}

export function opening(text) {
  $("shelf").replaceChildren(h("div", { class: "opening", role: "status" }, text, h("i")));
}

function draw(told) {
  state.count = told.documents.length;
  $("count").textContent = told.documents.length
    ? `${many(told.documents.length, "document")} · ${many(told.pages, "page")}` : "";
  $("shelf").replaceChildren(
    ...(told.documents.length
      ? [h("h2", {}, "Your documents", h("small", {}, `${told.documents.length}`)),
         h("ul", { class: "documents" }, ...told.documents.map(row))]
      : [nothing()]),
    failures(told.failures) ?? "");
}

function nothing() {
  return h("div", { class: "empty" }, mark(),
    h("h2", {}, "An empty quire"),
    h("p", {}, "Drop PDFs, pictures, slides or scans anywhere on this page. They stay on this machine, and are read as you would read them: by what is on the page."),
    h("button", { type: "button", class: "go", onclick: () => $("files").click() }, "Choose files"));
}

function row(document) {
  const first = { document: document.id, name: document.name, page: 1, pages: document.pages };
  const picture = h("img", { alt: "", loading: "lazy", src: thumbnailOf(first) });
  picture.addEventListener("error", () => picture.remove());
  const titled = document.title && !document.name.startsWith(document.title) ? `${document.title} · ` : "";
  const removal = h("button", { type: "button", class: "quiet delete", "aria-label": `Remove ${document.name}`, onclick: () => sure(document) });
  removal.dataset.document = document.id;
  tell(removal);
  return h("li", {},
    h("span", { class: "mini" }, picture),
    h("button", { type: "button", class: "open", onclick: () => { view("found"); viewer.open(first); } },
      h("span", { class: "doc-name" }, document.name),
      h("span", { class: "doc-about" }, `${titled}${many(document.pages, "page")} · ${KINDS[document.kind] ?? document.kind}`)),
    removal);
}

const SURE = 4000; // milliseconds in which the second press counts
let asked = null; // the document whose button was pressed once; a list that is drawn anew keeps it

function tell(button) {
  button.textContent = button.dataset.document === asked ? "Really remove?" : "Remove";
}

function tellAll() {
  document.querySelectorAll("#shelf .delete").forEach(tell);
}

/** The same button asks once more before anything is gone. */
function sure(one) {
  if (asked === one.id) {
    asked = null;
    remove(one);
    return;
  }
  asked = one.id;
  tellAll();
  setTimeout(() => { if (asked === one.id) { asked = null; tellAll(); } }, SURE);
}

async function remove(document) {
  try {
    await call(`/api/documents/${document.id}`, { method: "DELETE" });
    say(`${document.name} is removed`);
    await refresh();
  } catch (error) {
    notice.problem(error);
  }
}

function failures(found) {
  if (!found.length) return null;
  return h("details", { class: "failures" },
    h("summary", {}, `${many(found.length, "file or page", )} could not be read`.replace("file or pages", "files or pages")),
    h("ul", {}, ...found.map((failure) => h("li", {},
      failure.page ? `${failure.name}, page ${failure.page}` : failure.name,
      h("span", { class: "why" }, `${failure.kind}: ${failure.reason}`)))));
}
