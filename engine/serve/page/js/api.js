// The server, and how it says no.

export class Problem extends Error {
  constructor(message, type, status) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

async function reach(path, options) {
  try {
    return await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The server does not answer. Is it still running?", "gone", 0);
  }
}

async function refused(reply) {
  let told = {};
  try {
    told = (await reply.json()).error ?? {};
  } catch {
    // no JSON: the status has to do
  }
  const message = told.message ?? `The server replied ${reply.status}.`;
  if (reply.status === 401) dispatchEvent(new Event("token-needed"));
  return new Problem(message, told.type ?? "unknown", reply.status);
}

const asJson = (value) => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(value),
});

export async function call(path, options = {}) {
  const reply = await reach(path, options);
  if (!reply.ok) throw await refused(reply);
  return reply.status === 204 ? null : reply.json();
}

export const post = (path, value, options = {}) => call(path, { ...asJson(value), ...options });

/** Server-sent events of a reply, as [name, value]. Ends when the server ends it. */
export async function* events(path, { value, signal } = {}) {
  const reply = await reach(path, { ...(value ? asJson(value) : {}), signal });
  if (!reply.ok) throw await refused(reply);
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  while (true) {
    let piece;
    try {
      piece = await reader.read();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem("The connection was lost.", "gone", 0);
    }
    if (piece.done) return;
    held += piece.value;
    const whole = held.split("\n\n");
    held = whole.pop();
    for (const block of whole) {
      const name = /^event: (.*)$/m.exec(block);
      const data = /^data: (.*)$/m.exec(block);
      if (name && data) yield [name[1], JSON.parse(data[1])];
    }
  }
}

const pageOf = (page) => `/api/documents/${page.document}/pages/${page.page}`;
export const imageOf = (page) => `${pageOf(page)}/image`;
export const thumbnailOf = (page) => `${pageOf(page)}/thumbnail`;
export const heatmapOf = (page, query) =>
  call(`${pageOf(page)}/heatmap?query=${encodeURIComponent(query)}`);
export const regionsOf = (page, query) =>
  call(`${pageOf(page)}/regions?query=${encodeURIComponent(query)}`);
