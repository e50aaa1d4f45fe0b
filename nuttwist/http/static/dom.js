// Making and keeping elements. Text goes in as text only: keys and names come from anybody.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** An element; an attribute that is a function listens to the event of that name. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for a drawing. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

export function byId(id) {
  return document.getElementById(id);
}

/** The place in a section that its contents go to. */
export function bodyOf(id) {
  return byId(id).querySelector(".body");
}

/** Say something else, and touch nothing if it is the same. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node, name, value) {
  if (value === null || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** The child with a class, which is made when it is not there yet. */
export function part(node, name, tag = "span") {
  for (const each of node.children) if (each.classList.contains(name)) return each;
  const made = h(tag, { class: name });
  node.append(made);
  return made;
}

/**
 * Let the children of a node be those of a list. A child stays while its key does, so that focus and
 * pointer stay too.
 */
export function keyed(parent, items, keyOf, make, update) {
  const old = parent.keyedChildren ?? new Map();
  const wanted = new Set(items.map(keyOf));
  for (const [key, child] of old) if (!wanted.has(key)) child.remove();
  const now = new Map();
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const child = old.get(key) ?? make(item);
    now.set(key, child);
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
    update(child, item);
  }
  parent.keyedChildren = now;
}
