// Elements built from data: texts are always texts, never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export const element = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

export const drawn = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

// Builds a table in a frame of its own, which scrolls where a screen is narrow.
export function table(caption, headings, rows) {
  const head = headings.map(({ text, kind }) => element("th", { scope: "col", class: kind }, text));
  const body = rows.map(({ cells, kind }) =>
    element("tr", { class: kind }, cells.map((cell, place) =>
      element(place ? "td" : "th", { class: headings[place].kind, scope: place ? null : "row" }, cell))));
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    element("table", { "aria-label": caption },
      element("thead", {}, element("tr", {}, head)),
      element("tbody", {}, body)));
}
