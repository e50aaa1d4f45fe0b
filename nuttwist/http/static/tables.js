// A table whose rows stay while their keys do. On a narrow screen each row becomes a card, in which
// the titles of the columns stand beside the values.

import { h, keyed, say, setAttribute } from "./dom.js";

export class Table {
  /**
   * A column has a `title`, maybe a class `as` and a `hint`, and `write(cell, item)`. `empty` says
   * what it means that there are no rows. One that scrolls has a bound to its height.
   */
  constructor(caption, columns, keyOf, empty, scrolls = false) {
    this.columns = columns;
    this.keyOf = keyOf;
    this.rows = h("tbody");
    this.empty = h("p", { class: "empty" }, empty);
    const titles = columns.map((each) =>
      h("th", { scope: "col", class: each.as ?? "", title: each.hint ?? null }, each.title),
    );
    this.table = h(
      "table",
      {},
      h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, ...titles)),
      this.rows,
    );
    const region = scrolls ? { class: "table scroll", role: "region", "aria-label": caption, tabindex: 0 } : { class: "table" };
    this.element = h("div", region, this.table, this.empty);
  }

  show(items, empty) {
    if (empty) say(this.empty, empty);
    this.table.hidden = !items.length;
    this.empty.hidden = items.length > 0;
    keyed(this.rows, items, this.keyOf, () => this.#row(), (row, item) => this.#write(row, item));
  }

  #row() {
    return h(
      "tr",
      {},
      ...this.columns.map(({ title, as = "", head }) =>
        h(head ? "th" : "td", { class: as, "data-title": title, scope: head ? "row" : null }),
      ),
    );
  }

  #write(row, item) {
    this.columns.forEach((column, at) => {
      const cell = row.children[at];
      column.write(cell, item);
      setAttribute(cell, "data-empty", cell.textContent === "" ? "" : null);
    });
  }
}

/** A column that is a text. */
export function column(title, text, as, hint) {
  return { title, as, hint, write: (cell, item) => say(cell, text(item)) };
}
