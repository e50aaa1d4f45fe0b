// One pool in numbers and charts.

import { Chart } from "./charts.js";
import { byId, h, keyed, say, setAttribute } from "./dom.js";
import { linear, logarithmic } from "./scales.js";
import { standingOf } from "./states.js";
import { bytes, count, duration, exact } from "./units.js";

const CHARTS = {
  requests: {
    title: "Requests",
    unit: "per second",
    text: count,
    scale: (values) => linear(values, 4),
    lines: [{ field: "requests", label: "requests", as: "first" }],
  },
  latency: {
    title: "Latency",
    unit: "logarithmic",
    text: duration,
    scale: (values) => logarithmic(values, [0.0001, 0.01]),
    lines: [
      { field: "p50", label: "p50", as: "first" },
      { field: "p99", label: "p99", as: "second" },
    ],
  },
  errors: {
    title: "Errors",
    unit: "per second",
    text: count,
    scale: (values) => linear(values, 4),
    lines: [{ field: "errors", label: "errors", as: "second" }],
  },
  traffic: {
    title: "Traffic",
    unit: "per second, both ways",
    text: bytes,
    scale: (values) => linear(values, 4096, 1024),
    lines: [{ field: "bytes", label: "bytes", as: "first" }],
  },
};

export class Overview {
  constructor() {
    this.charts = Object.entries(CHARTS).map(([id, each]) => new Chart({ id: `chart-${id}`, ...each }));
    byId("charts").append(...this.charts.map((each) => each.element));
  }

  show(pool, series) {
    say(byId("pool-name"), pool.name);
    say(byId("pool-about"), about(pool));
    keyed(byId("tiles"), tiles(pool, series.last(pool.name)), (each) => each.title, made, written);
    for (const each of this.charts) each.show(series.times, series.of(pool.name));
  }
}

function about({ protocol, listen, distribution, hash, hash_tag: tag }) {
  const marked = tag === null ? "" : ` · hash tag ${tag}`;
  return `${protocol} · ${listen} · ${distribution} · ${hash}${marked}`;
}

function tiles(pool, last) {
  const { state, mark, word } = standingOf(pool);
  return [
    { title: "Servers", value: `${mark} ${word}`, state },
    { title: "Requests/s", value: count(last.requests) },
    { title: "p50", value: duration(last.p50) },
    { title: "p99", value: duration(last.p99) },
    { title: "Errors/s", value: count(last.errors), state: last.errors > 0 ? "ejected" : "" },
    { title: "Clients", value: exact(pool.clients) },
  ];
}

function made({ title }) {
  return h("div", {}, h("dt", {}, title), h("dd"));
}

function written(tile, { value, state }) {
  setAttribute(tile, "class", `tile ${state ?? ""}`);
  say(tile.lastElementChild, value);
}
