// What the page is about at the moment. Modules read it, and few write it.

export const state = {
  query: "", // the question that the results answer; "" for none
  picture: null, // what was searched with instead: {label, source, ask}
  mode: "hybrid",
  reply: null, // the last SearchReply
  chosen: -1, // which hit is open
  latency: {}, // mode -> seconds, for this query
  health: null,
};

export const current = () => state.reply?.hits[state.chosen] ?? null;
