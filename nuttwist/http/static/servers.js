// The servers of a pool, how they stand, and the buttons that steer them.

import { bodyOf, byId, h, keyed, part, say, setAttribute } from "./dom.js";
import { STATES } from "./states.js";
import { Table, column } from "./tables.js";
import { age, count, duration, exact, percent } from "./units.js";

const READ_ONLY =
  "Servers cannot be ejected or readmitted from here: the proxy was started without --http-token-file.";

export class ServersView {
  #now = 0;

  /** `steer(server, deed)` is called for a button. */
  constructor(steer) {
    this.steer = steer;
    this.strip = h("ul", { class: "strip", "aria-label": "All servers at a glance" });
    this.table = new Table("Servers", this.#columns(), (each) => each.key, "This pool has no servers.");
    bodyOf("servers").append(this.strip, this.table.element);
  }

  show(pool, recent, now, steerable) {
    this.#now = now;
    this.steerable = steerable;
    byId("steering").hidden = steerable;
    say(byId("steering"), READ_ONLY);
    const rows = pool.servers.map((each) => ({
      ...each,
      ...{ key: `${pool.name}\n${each.name}`, recent: recent.of(each.name), last: pool.live === 1 && each.state === "live" },
    }));
    this.table.show(rows);
    this.table.element.classList.toggle("many", rows.length > 12);
    this.strip.hidden = rows.length < 2;
    keyed(this.strip, rows, (each) => each.key, () => h("li"), (item, { name, state }) => {
      setAttribute(item, "class", state);
      setAttribute(item, "title", `${name}: ${STATES[state].word}`);
      say(item, STATES[state].mark);
    });
  }

  #columns() {
    const latency = "of the last 30 seconds; upper bounds";
    return [
      { title: "Server", head: true, as: "subject", write: named },
      { title: "State", as: "state", write: (cell, each) => this.#state(cell, each) },
      column("Share", (each) => percent(each.share), "number", "of all keys, at the moment"),
      column("Requests/s", (each) => count(each.recent.rate), "number", "over 5 seconds"),
      column("p50", (each) => duration(each.recent.p50), "number", latency),
      column("p99", (each) => duration(each.recent.p99), "number", latency),
      column("Queued", queued, "number", "requests waiting to be written, and for their replies"),
      column("Conns", (each) => exact(each.connections), "number", "connections to the server"),
      column("Lost", lost, "number", "connections that the server closed, that failed, that timed out"),
      { title: "Last error", as: "wide", write: (cell, each) => this.#error(cell, each) },
      { title: "", as: "deed", write: (cell, each) => this.#button(cell, each) },
    ];
  }

  #state(cell, { state, since, until }) {
    const shown = part(cell, "standing");
    setAttribute(shown, "class", `standing ${state}`);
    say(shown, `${STATES[state].mark} ${STATES[state].word}`);
    const out = since === null ? "" : `for ${age(this.#now - since)}`;
    const asked = until === null ? "" : `, asked again in ${age(until - this.#now)}`;
    say(part(cell, "more"), state === "live" ? "" : out + asked);
  }

  #error(cell, { last_error: error, failures }) {
    const running = failures ? ` (${failures} in a row)` : "";
    say(part(cell, "reason"), error ? `${error.reason}${running}` : "");
    say(part(cell, "more"), error ? `${age(this.#now - error.time)} ago` : "");
  }

  #button(cell, server) {
    cell.server = server;
    const button = cell.firstElementChild ?? cell.appendChild(h("button", { click: () => this.#pressed(cell) }));
    button.hidden = !this.steerable;
    const [word, aim] = deedOf(server);
    say(button, word);
    setAttribute(button, "title", aim);
    setAttribute(button, "aria-label", `${word} ${server.name}`);
  }

  #pressed(cell) {
    this.steer(cell.server, deedOf(cell.server)[0].toLowerCase());
  }
}

function deedOf({ state }) {
  return state === "live"
    ? ["Eject", "Take it out until it is readmitted by hand"]
    : ["Readmit", "Let it in again, without asking whether it is well"];
}

function named(cell, { name, address, weight }) {
  say(part(cell, "name"), name);
  const where = name === address ? "" : address;
  const heavy = weight === 1 ? "" : `weight ${weight}`;
  say(part(cell, "more"), [where, heavy].filter(Boolean).join(", "));
}

const queued = ({ queues }) => `${exact(queues.in_queue)} + ${exact(queues.out_queue)}`;

const lost = ({ losses }) => exact(losses.server_eof + losses.server_err + losses.server_timedout);
