// Lines over the last five minutes. Pointer or arrow keys read the values of one moment.

import { h, s, say, setAttribute } from "./dom.js";
import { clock } from "./units.js";

const SECONDS = 300;
const HEIGHT = 150;
const [LEFT, RIGHT, TOP, BOTTOM] = [54, 10, 8, 22];
const GAP = 3.5;

export class Chart {
  #data = { times: [], lines: {} };
  #at = null;
  #width = 0;

  /**
   * `lines` are `{ field, label, as }`, where `as` is a class that looks different from the others'
   * in more than colour; `text` makes a value readable; `scale` makes an axis for values.
   */
  constructor({ id, title, unit, lines, text, scale }) {
    Object.assign(this, { title, lines, text, scale });
    this.moment = h("span", { class: "moment" });
    this.values = new Map(lines.map((each) => [each.field, h("b")]));
    const legend = lines.map(({ field, label, as }) =>
      h("span", { class: `legend ${as}` }, sample(), h("span", {}, label), this.values.get(field)),
    );
    this.axes = s("g", { class: "axes" });
    this.paths = lines.map(({ as }) => s("path", { class: `line ${as}` }));
    this.cursor = s("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM });
    this.svg = s("svg", { "aria-hidden": "true", height: HEIGHT }, this.axes, this.cursor, ...this.paths);
    this.plot = h("div", { class: "plot", tabindex: 0, role: "img" }, this.svg);
    this.read = h("p", { class: "unseen", "aria-live": "polite" });
    this.element = h(
      "figure",
      { id, class: "chart" },
      h("figcaption", {}, h("h3", {}, title, " ", h("small", {}, unit)), this.moment),
      h("div", { class: "legends" }, ...legend),
      this.plot,
      this.read,
    );
    this.#listen();
  }

  #listen() {
    new ResizeObserver(() => this.#draw()).observe(this.plot);
    this.plot.addEventListener("pointermove", (event) => this.#point(event.offsetX));
    for (const name of ["pointerleave", "blur"]) this.plot.addEventListener(name, () => this.#move(null));
    this.plot.addEventListener("keydown", (event) => this.#key(event));
  }

  #point(x) {
    const { times } = this.#data;
    const wanted = this.#end() - SECONDS + ((x - LEFT) / (this.#width - LEFT - RIGHT)) * SECONDS;
    const distances = times.map((each) => Math.abs(each - wanted));
    if (times.length) this.#move(times[distances.indexOf(Math.min(...distances))]);
  }

  #key(event) {
    const { times } = this.#data;
    const at = this.#at === null ? times.length - 1 : times.indexOf(this.#at);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 30, PageDown: at + 30,
      Home: 0, End: times.length - 1 }[event.key];
    if (event.key === "Escape") this.#move(null);
    if (to === undefined || !times.length) return;
    event.preventDefault();
    this.#move(times[Math.max(0, Math.min(times.length - 1, to))]);
    say(this.read, `${this.moment.textContent}: ${this.#inWords()}`);
  }

  #move(time) {
    this.#at = time;
    this.#tell();
  }

  #end() {
    return this.#data.times.at(-1) ?? 0;
  }

  #x(time) {
    return LEFT + (1 - (this.#end() - time) / SECONDS) * (this.#width - LEFT - RIGHT);
  }

  /** `lines` has a list of values, or nulls, for each field. */
  show(times, lines) {
    this.#data = { times, lines };
    if (!times.includes(this.#at)) this.#at = null;
    this.#draw();
  }

  #draw() {
    this.#width = this.plot.clientWidth;
    if (!this.#width) return;
    setAttribute(this.svg, "width", this.#width);
    const { times, lines } = this.#data;
    const all = this.lines.flatMap(({ field }) => lines[field] ?? []).filter((each) => each !== null);
    const { marks, place } = this.scale(all);
    const y = (value) => TOP + (1 - place(value)) * (HEIGHT - TOP - BOTTOM);
    this.axes.replaceChildren(...this.#marks(marks, y), ...this.#minutes());
    this.lines.forEach(({ field }, at) =>
      setAttribute(this.paths[at], "d", this.#path(times, lines[field] ?? [], y)),
    );
    this.#tell();
  }

  #marks(marks, y) {
    return marks.flatMap((mark) => [
      s("line", { x1: LEFT, x2: this.#width - RIGHT, y1: y(mark), y2: y(mark) }),
      s("text", { x: LEFT - 6, y: y(mark) + 4, "text-anchor": "end" }, this.text(mark)),
    ]);
  }

  #minutes() {
    const step = (this.#width - LEFT - RIGHT) / 5;
    return [5, 4, 3, 2, 1, 0].map((minute) =>
      s(
        "text",
        { x: this.#width - RIGHT - minute * step, y: HEIGHT - 5, "text-anchor": minute ? "middle" : "end" },
        minute ? `−${minute}${minute === 5 || step > 70 ? " min" : ""}` : "now",
      ),
    );
  }

  #path(times, values, y) {
    let path = "";
    let last = -Infinity;
    times.forEach((time, at) => {
      if (values[at] === null || values[at] === undefined || time < this.#end() - SECONDS) return;
      const x = this.#x(time).toFixed(1);
      // A point without neighbours is a dot: a line of no length with round ends.
      path += `${time - last > GAP ? `M${x} ${y(values[at]).toFixed(1)}h0` : ""}L${x} ${y(values[at]).toFixed(1)}`;
      last = time;
    });
    return path;
  }

  #tell() {
    const { times, lines } = this.#data;
    const at = this.#at === null ? times.length - 1 : times.indexOf(this.#at);
    for (const { field } of this.lines) say(this.values.get(field), this.text(lines[field]?.[at] ?? null));
    say(this.moment, times.length ? (this.#at === null ? "latest" : clock(times[at])) : "");
    this.cursor.style.display = this.#at === null ? "none" : "";
    if (this.#at !== null) for (const end of ["x1", "x2"]) setAttribute(this.cursor, end, this.#x(this.#at));
    const help = "Left and right arrow keys read earlier moments.";
    setAttribute(this.plot, "aria-label", `${this.title}: ${this.#inWords()}. ${help}`);
  }

  #inWords() {
    return this.lines.map(({ field, label }) => `${label} ${this.values.get(field).textContent}`).join(", ");
  }
}

function sample() {
  return s("svg", { width: 22, height: 10, "aria-hidden": "true" }, s("path", { class: "line", d: "M2 5H20" }));
}
