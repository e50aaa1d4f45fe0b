// Numbers as people read them.

const NONE = "–";

function known(value) {
  return value !== null && value !== undefined && Number.isFinite(value);
}

function digits(value) {
  if (value === 0) return "0";
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? trimmed(value.toFixed(1)) : trimmed(value.toFixed(2));
}

function trimmed(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function scaled(value, base, names) {
  let at = 0;
  while (at < names.length - 1 && value >= base * 0.9995) {
    value /= base;
    at += 1;
  }
  return `${digits(value)}${names[at]}`;
}

/** 812, 1.25k, 3M. */
export function count(value) {
  return known(value) ? scaled(value, 1000, ["", "k", "M", "G", "T"]) : NONE;
}

/** All digits, in groups of three. */
export function exact(value) {
  return known(value) ? String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f") : NONE;
}

export function bytes(value) {
  return known(value) ? scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB"]) : NONE;
}

/** Of seconds: 80 µs, 1.2 ms, 3 s. */
export function duration(value) {
  if (!known(value)) return NONE;
  if (value === 0) return "0 ms";
  if (value < 0.0009995) return `${digits(value * 1e6)} µs`;
  return value < 0.9995 ? `${digits(value * 1e3)} ms` : `${digits(value)} s`;
}

export function percent(part) {
  return known(part) ? `${(part * 100).toFixed(1)} %` : NONE;
}

/** Of seconds: 4 s, 3 min, 2 h 5 min, 3 d 4 h. */
export function age(value) {
  const whole = Math.max(0, Math.round(value));
  const [minutes, hours, days] = [60, 3600, 86400].map((each) => Math.floor(whole / each));
  if (days) return `${days} d ${hours % 24} h`;
  if (hours) return `${hours} h ${minutes % 60} min`;
  return minutes ? `${minutes} min` : `${whole} s`;
}

const two = (value) => String(value).padStart(2, "0");

/** Of seconds since 1970: 14:03:09, with the day before if that is not today's. */
export function clock(time) {
  const at = new Date(time * 1000);
  const hour = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  if (at.toDateString() === new Date().toDateString()) return hour;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${hour}`;
}
