// SPDX-License-Identifier: Apache-2.0
// Tables of text that scripts make.

/** Fill a place with a table of these rows. */
export function fillTable(place, headings, rows) {
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const text of headings) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = text;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const text of row) line.insertCell().textContent = text;
  }
  place.replaceChildren(table);
}
