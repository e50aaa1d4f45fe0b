// All pools in a few numbers each.

import { bodyOf, byId, h, part, say, setAttribute } from "./dom.js";
import { standingOf } from "./states.js";
import { Table, column } from "./tables.js";
import { count, duration, exact } from "./units.js";

export const linkTo = (name) => `#pool=${encodeURIComponent(name)}`;

export class PoolsView {
  constructor() {
    const columns = [
      { title: "Pool", head: true, as: "subject", write: (cell, each) => this.#name(cell, each) },
      { title: "Servers", as: "state", write: standing },
      column("Requests/s", (each) => count(each.last.requests), "number", "over 5 seconds"),
      column("p50", (each) => duration(each.last.p50), "number", "of the last second with a reply"),
      column("p99", (each) => duration(each.last.p99), "number", "of the last second with a reply"),
      column("Errors/s", (each) => count(each.last.errors), "number", "answered by the proxy, over 5 seconds"),
      column("Clients", (each) => exact(each.clients), "number"),
    ];
    this.table = new Table("Pools", columns, (each) => each.name, "The proxy has no pools.", true);
    bodyOf("pools").append(this.table.element);
  }

  /** `chosen` is the name of the pool that is shown below. */
  show(pools, series, chosen) {
    this.chosen = chosen;
    byId("pools").hidden = pools.length === 1;
    this.table.show(pools.map((each) => ({ ...each, last: series.last(each.name) })));
  }

  #name(cell, { name }) {
    const link = cell.firstElementChild ?? cell.appendChild(h("a"));
    say(link, name);
    setAttribute(link, "href", linkTo(name));
    setAttribute(link, "aria-current", name === this.chosen ? "true" : null);
  }
}

function standing(cell, pool) {
  const { state, mark, word } = standingOf(pool);
  const shown = part(cell, "standing");
  setAttribute(shown, "class", `standing ${state}`);
  say(shown, `${mark} ${word}`);
}
