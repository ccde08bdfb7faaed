// SPDX-License-Identifier: Apache-2.0
// Shows openapi.json: every operation with its parameters, body and answers.
"use strict";

const METHODS = ["get", "put", "post", "patch", "delete"];
let contract = null;

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function resolved(node) {
  while (node && node.$ref) {
    node = node.$ref.slice(2).split("/").reduce((part, key) => part[key], contract);
  }
  return node || {};
}

function nameOf(node) {
  return node && node.$ref ? node.$ref.split("/").pop() : "";
}

// A schema as an outline in which every member has its type; what contains itself is named only.
function outline(schema, depth, above) {
  const name = nameOf(schema);
  if (name && above.includes(name)) return name;
  const inner = resolved(schema), known = name ? [...above, name] : above;
  if (inner.oneOf || inner.anyOf) {
    return (inner.oneOf || inner.anyOf).map((each) => outline(each, depth, known)).join(" | ");
  }
  const types = [].concat(inner.type || "any");
  if (types.includes("object") && inner.properties) return members(inner, types, depth, known);
  if (types.includes("array")) return "[" + outline(inner.items || {}, depth, known) + "]";
  return inner.enum ? inner.enum.map((word) => JSON.stringify(word)).join(" | ") : types.join(" | ");
}

function members(schema, types, depth, above) {
  const pad = "  ".repeat(depth + 1), required = schema.required || [];
  const lines = Object.entries(schema.properties).map(([key, value]) => {
    const about = resolved(value).description;
    const note = about ? "   // " + about.replace(/\s+/g, " ").trim() : "";
    return pad + key + (required.includes(key) ? "" : "?") + ": "
      + outline(value, depth + 1, above) + note;
  });
  const orNull = types.includes("null") ? " | null" : "";
  return "{\n" + lines.join("\n") + "\n" + "  ".repeat(depth) + "}" + orNull;
}

function mediaOf(holder) {
  const found = Object.entries(resolved(holder).content || {})[0];
  return found ? { media: found[0], schema: found[1].schema } : null;
}

function parameters(item, operation) {
  const rows = [...(item.parameters || []), ...(operation.parameters || [])].map(resolved);
  if (!rows.length) return null;
  const table = element("table");
  for (const row of rows) {
    const line = table.insertRow();
    line.insertCell().append(element("code", row.name));
    line.insertCell().textContent = row.in + (row.required ? ", required" : "");
    line.insertCell().textContent = outline(row.schema, 0, []);
    line.insertCell().textContent = row.description || "";
  }
  return table;
}

function answers(operation) {
  const table = element("table");
  for (const [status, given] of Object.entries(operation.responses)) {
    const answer = resolved(given), line = table.insertRow(), body = mediaOf(given);
    line.insertCell().append(element("code", status));
    const cell = line.insertCell();
    cell.append(element("div", answer.description || ""));
    if (body && status.startsWith("2")) cell.append(element("pre", outline(body.schema, 0, [])));
  }
  return table;
}

function filled(box, item, operation) {
  const credentials = (operation.security || []).map((way) => Object.keys(way).join(" + "));
  box.append(element("p", "Credentials: " + (credentials.join(", or ") || "none")));
  if (operation.description) box.append(element("p", operation.description));
  const table = parameters(item, operation);
  if (table) box.append(element("h3", "Parameters"), table);
  const body = mediaOf(operation.requestBody);
  if (body) box.append(element("h3", "Body"), element("pre", outline(body.schema, 0, [])));
  box.append(element("h3", "Answers"), answers(operation));
}

function operationBox(path, method, item) {
  const operation = item[method], box = element("details"), summary = element("summary");
  summary.append(element("span", method.toUpperCase(), "method"), element("code", path),
    " " + operation.summary);
  box.append(summary);
  box.id = operation.operationId;
  box.dataset.words = [path, method, operation.summary, operation.operationId,
    ...Object.keys(operation.responses)].join(" ").toLowerCase();
  box.addEventListener("toggle", () => {
    if (box.open && box.children.length === 1) {
      const inner = element("div");
      filled(inner, item, operation);
      box.append(inner);
    }
  });
  return box;
}

function areaOf(path) {
  return path.replace(/^\/api\/v1\//, "").split(/[/.]/)[0] || "page";
}

function show() {
  const main = document.getElementById("contract"), areas = new Map();
  main.replaceChildren(element("p", contract.info.description, "intro"));
  for (const [path, item] of Object.entries(contract.paths)) {
    const boxes = METHODS.filter((method) => item[method])
      .map((method) => operationBox(path, method, item));
    areas.set(areaOf(path), [...(areas.get(areaOf(path)) || []), ...boxes]);
  }
  for (const [area, boxes] of [...areas].sort()) {
    const section = element("section");
    section.append(element("h2", area), ...boxes);
    main.append(section);
  }
}

function narrow(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const section of document.querySelectorAll("section")) {
    let any = false;
    for (const box of section.querySelectorAll("details")) {
      box.hidden = !words.every((word) => box.dataset.words.includes(word));
      any = any || !box.hidden;
    }
    section.hidden = !any;
  }
}

fetch("openapi.json").then((answer) => answer.json()).then((found) => {
  contract = found;
  show();
  const search = document.getElementById("search");
  search.addEventListener("input", () => narrow(search.value));
  const named = document.getElementById(location.hash.slice(1));
  if (named) {
    named.open = true;
    named.scrollIntoView();
  }
}).catch((error) => {
  document.getElementById("contract").textContent = "The contract cannot be read: " + error;
});
