// The circle of hashes, and how much of the keys each server has.

import { bodyOf, h, keyed, part, s, say, setAttribute } from "./dom.js";
import { percent } from "./units.js";
import { STATES } from "./states.js";

const [INNER, OUTER] = [62, 96];
const COLOURS = 8;

function spot(radius, slot, slots) {
  const angle = (slot / slots) * 2 * Math.PI;
  return `${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`;
}

function arc(from, to, slots) {
  // A whole circle would begin where it ends, and so be nothing.
  const end = to - from === slots ? to - 0.01 : to;
  const far = end - from > slots / 2 ? 1 : 0;
  return `M${spot(OUTER, from, slots)}A${OUTER} ${OUTER} 0 ${far} 1 ${spot(OUTER, end, slots)}`
    + `L${spot(INNER, end, slots)}A${INNER} ${INNER} 0 ${far} 0 ${spot(INNER, from, slots)}Z`;
}

/** For each owner the path of all that is its own. */
function pathsOf(wheel) {
  const paths = new Map();
  let from = 0;
  for (let to = 1; to <= wheel.length; to += 1) {
    if (to < wheel.length && wheel[to] === wheel[from]) continue;
    paths.set(wheel[from], (paths.get(wheel[from]) ?? "") + arc(from, to, wheel.length));
    from = to;
  }
  return paths;
}

const look = (at) => `owner c${at % COLOURS} t${Math.floor(at / COLOURS) % 3}`;

export class RingView {
  #held = null;
  #over = null;
  #drawn = "";
  #ring = null;

  constructor() {
    this.arcs = s("g");
    this.name = s("text", { class: "name", y: 0, "text-anchor": "middle" });
    this.more = s("text", { class: "more", y: 16, "text-anchor": "middle" });
    this.svg = s(
      "svg",
      { viewBox: "-104 -104 208 208", role: "img", class: "wheel" },
      this.arcs,
      s("path", { class: "start", d: "M0 -103V-97" }),
      this.name,
      this.more,
    );
    this.note = h("p", { class: "note" });
    this.list = h("ol", { class: "owners scroll", tabindex: 0, "aria-label": "Shares of the servers" });
    const meaning = h("p", { class: "note" }, "Shares of all keys; the mark is the share when all servers are live.");
    bodyOf("ring").append(this.note, h("div", { class: "ring" }, this.svg, this.list), meaning);
  }

  show(ring) {
    if (ring.pool !== this.#ring?.pool) this.#held = null;
    this.#ring = ring;
    this.svg.style.display = ring.wheel ? "" : "none";
    say(this.note, this.#about(ring));
    this.note.hidden = !this.note.textContent;
    const shape = JSON.stringify([ring.pool, ring.wheel]);
    if (ring.wheel && shape !== this.#drawn) this.#draw(ring);
    this.#drawn = shape;
    const rows = ring.servers.map((each, at) => ({ ...each, at }));
    keyed(this.list, rows, (each) => `${ring.pool}\n${each.name}`, () => this.#row(), write);
    this.#light();
  }

  #about(ring) {
    if (!ring.servers.some((each) => each.share > 0)) return "No server is in the ring: every request fails.";
    if (ring.wheel) return "";
    return ring.servers.length === 1
      ? "One server has all keys."
      : `With the distribution ${ring.distribution} there is no circle; the shares follow the weights.`;
  }

  #draw(ring) {
    const paths = [...pathsOf(ring.wheel)].map(([at, d]) => {
      const path = s("path", { d, class: at === null ? "owner nobody" : look(at) });
      path.server = ring.servers[at]?.name ?? null;
      path.addEventListener("pointerenter", () => this.#enter(path.server));
      path.addEventListener("pointerleave", () => this.#enter(null));
      return path;
    });
    this.arcs.replaceChildren(...paths);
    this.arcs.classList.toggle("fine", paths.length > 12);
  }

  #row() {
    const row = h("li", {}, h("button", { class: "owner-name" }, h("span", { class: "swatch" }), h("span")));
    const button = row.firstElementChild;
    button.addEventListener("click", () => {
      this.#held = this.#held === row.server ? null : row.server;
      this.#light();
    });
    row.addEventListener("pointerenter", () => this.#enter(row.server));
    row.addEventListener("pointerleave", () => this.#enter(null));
    return row;
  }

  #enter(server) {
    this.#over = server;
    this.#light();
  }

  #light() {
    const name = this.#over ?? this.#held;
    const server = this.#ring.servers.find((each) => each.name === name);
    for (const each of this.arcs.children) each.classList.toggle("dim", Boolean(server) && each.server !== name);
    for (const each of this.list.children) {
      each.classList.toggle("lit", each.server === name);
      setAttribute(each.firstElementChild, "aria-pressed", String(each.server === this.#held));
    }
    const inside = this.#ring.servers.filter((each) => each.share > 0).length;
    say(this.name, server ? shortened(server.name) : `${inside} of ${this.#ring.servers.length}`);
    say(this.more, server ? `${percent(server.share)}, ${server.points} points` : "servers in the ring");
    setAttribute(this.svg, "aria-label", `The ring: ${inside} of ${this.#ring.servers.length} servers are in it`);
  }
}

const shortened = (name) => (name.length > 18 ? `${name.slice(0, 17)}…` : name);

function write(row, { at, name, state, share, share_if_all_live: full }) {
  row.server = name;
  const [swatch, text] = row.firstElementChild.children;
  setAttribute(swatch, "class", `swatch ${look(at)}`);
  say(text, name);
  const mark = part(row, "mark");
  setAttribute(mark, "class", `mark ${state}`);
  say(mark, state === "live" ? "" : `${STATES[state].mark} ${STATES[state].word}`);
  say(part(row, "share"), percent(share));
  const bar = part(row, "bar");
  setAttribute(bar, "title", `${percent(full)} when all servers are live`);
  const filled = part(bar, "filled");
  setAttribute(filled, "class", `filled ${look(at)}`);
  filled.style.width = `${share * 100}%`;
  part(bar, "full").style.left = `${full * 100}%`;
}
