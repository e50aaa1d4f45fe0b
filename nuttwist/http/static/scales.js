// Axes: how far they go, and where their marks are.

const STEPS = [1, 2, 5, 10];

/** The smallest of 1, 2, 5 times a power of ten that is not below a value. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return STEPS.find((each) => each * power >= value * 0.999999) * power;
}

/** From 0 to a round number of the unit that is `base` to some power, with marks at even steps. */
export function linear(values, least, base = 1000) {
  const most = Math.max(least, ...values);
  const unit = base ** Math.floor(Math.log(most / 4) / Math.log(base));
  const step = roundUp(most / 4 / unit) * unit;
  const top = Math.ceil(most / step - 1e-9) * step;
  const marks = [];
  for (let at = 0; at <= top / step + 1e-9; at += 1) marks.push(at * step);
  return { marks, place: (value) => value / top };
}

/** Over whole decades, with a mark at each. */
export function logarithmic(values, [low, high]) {
  const positive = values.filter((each) => each > 0);
  const bottom = Math.floor(Math.log10(Math.min(low, ...positive)) + 1e-9);
  const top = Math.ceil(Math.log10(Math.max(high, ...positive)) - 1e-9);
  const marks = [];
  for (let power = bottom; power <= top; power += 1) marks.push(10 ** power);
  const place = (value) => (Math.log10(Math.max(value, 10 ** bottom)) - bottom) / (top - bottom);
  return { marks, place };
}
