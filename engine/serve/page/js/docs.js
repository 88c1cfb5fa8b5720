// The HTTP interface, drawn from its own description.

import { call } from "./api.js";
import { $, h } from "./dom.js";
import * as theme from "./theme.js";

theme.apply();

function shapeOf(schema, all, depth = 0) {
  if (!schema) return "nothing";
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return depth > 3 ? name : shapeOf(all[name], all, depth + 1);
  }
  if (schema.anyOf) return schema.anyOf.map((one) => shapeOf(one, all, depth)).join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === "array") return `[${shapeOf(schema.items, all, depth)}]`;
  if (schema.type !== "object" || !schema.properties) return schema.type ?? "any";
  const pad = "  ".repeat(depth + 1);
  const needed = schema.required ?? [];
  const fields = Object.entries(schema.properties).map(
    ([name, own]) => `${pad}${name}${needed.includes(name) ? "" : "?"}: ${shapeOf(own, all, depth + 1)}`);
  return `{\n${fields.join("\n")}\n${"  ".repeat(depth)}}`;
}

const bodyOf = (content) => Object.values(content ?? {})[0]?.schema;

function route(path, method, told, all) {
  const parameters = (told.parameters ?? []).map(({ name, in: where, schema }) => `${name} (${where}): ${shapeOf(schema, all)}`);
  const asked = bodyOf(told.requestBody?.content);
  const [status, reply] = Object.entries(told.responses).find(([code]) => code < 300) ?? ["", {}];
  return h("details", {},
    h("summary", {}, h("code", { class: "method" }, method.toUpperCase()), h("code", {}, path), h("span", {}, told.summary)),
    told.description && h("p", {}, told.description),
    parameters.length ? h("pre", {}, parameters.join("\n")) : "",
    asked ? h("pre", {}, `takes ${shapeOf(asked, all)}`) : "",
    h("pre", {}, `${status} ${shapeOf(bodyOf(reply.content), all)}`));
}

async function start() {
  try {
    const told = await call("/openapi.json");
    $("about").textContent = told.info.description.replaceAll("`", "");
    for (const [path, methods] of Object.entries(told.paths)) {
      for (const [method, own] of Object.entries(methods)) {
        $("routes").append(route(path, method, own, told.components?.schemas ?? {}));
      }
    }
  } catch (error) {
    $("about").textContent = error.message;
  }
}

start();
