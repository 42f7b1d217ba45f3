// What the page's views consist of: tiles, a chart with its table, exports, and states.

import { download, key } from "/static/api.js";
import { Chart, legend } from "/static/chart.js";
import { element, table } from "/static/dom.js";
import { month, range, say, units } from "/static/words.js";

const SPANS = { year: 12, years: 24, all: Infinity };

export const tile = (label, number, ...notes) =>
  element("div", { class: "tile" }, element("h3", {}, label), element("p", { class: /^[\d–-]/.test(number) ? "number" : "number words" }, number),
    notes.filter(Boolean).map((note) => element("p", { class: "note" }, note)));

// Puts a chart, a choice of how many months it shows, and the table of the same numbers beside each other.
export function chartAndTable(points, label, columns) {
  const holder = element("div", { class: "chart-holder" });
  const sold = points.filter((point) => point.sold !== null).length;
  const show = (span) => {
    const shown = points.slice(Math.max(0, sold - SPANS[span]));
    holder.replaceChildren(new Chart(shown, label).frame);
  };
  const choice = element("fieldset", { class: "spans" }, element("legend", { class: "hidden" }, say("chart.months")),
    Object.keys(SPANS).map((span) => element("label", {},
      element("input", { type: "radio", name: "span", value: span, checked: span === "years", onchange: () => show(span) }), say(`chart.${span}`))));
  const has = (name) => points.some((point) => point[name] !== null && point[name] !== undefined);
  const series = [["sold", "sold"], ["forecast", "forecast"], ["planner", "planner"], ["band", "low"], ["earlier", "earlier"], ["last_year", "lastYear"]];
  show("years");
  return element("div", { class: "split" },
    element("section", { class: "card" }, element("div", { class: "bar" }, legend(series.filter(([, name]) => has(name)).map(([name]) => name)), choice), holder),
    element("section", { class: "card numbers" }, numbers(points, columns, has)));
}

// A planner's number stands behind the model's, which stays.
function forecastCell(point) {
  const hasPlanner = point.planner !== null && point.planner !== undefined;
  return hasPlanner ? [units(point.forecast), " → ", element("b", { class: "planner" }, units(point.planner))] : units(point.forecast);
}

function numbers(points, isRanged, has) {
  const withRange = isRanged && (has("low") || has("earlierLow"));
  const headings = ["month", "sold", "forecast", withRange && "range", "last_year"].filter(Boolean)
    .map((name, place) => ({ text: say(`table.${name}`), kind: place ? "figure" : "" }));
  const rows = [...points].reverse().map((point) => {
    const isComing = point.sold === null;
    const low = isComing ? point.low : point.earlierLow;
    const high = isComing ? point.high : point.earlierHigh;
    const name = isComing ? [month(point.month), " ", element("span", { class: "badge" }, say("table.coming"))] : month(point.month);
    const cells = [name, units(point.sold), isComing ? forecastCell(point) : units(point.earlier)];
    if (withRange) cells.push(range(low ?? null, high ?? null));
    return { kind: isComing ? "coming" : "", cells: [...cells, units(point.lastYear)] };
  });
  return table(say("table.numbers"), headings, rows);
}

// Links to a shop's forecasts as files. A link sends no key: where one is kept, the page loads the file.
export function exportLinks(path) {
  return element("section", { class: "card exports" }, element("h2", {}, say("export.title")), ["csv", "xlsx"].map((kind) =>
    element("a", { class: "button", href: `${path}/forecasts.${kind}`, download: true, onclick: (event) => {
      if (!key()) return;
      event.preventDefault();
      download(`${path}/forecasts.${kind}`);
    } }, say(`export.${kind}`))));
}

export const message = (title, text, ...more) =>
  element("section", { class: "card message" }, element("h1", { tabindex: -1 }, title), element("p", {}, text), more);

// Explains why there is nothing to show, and what can be done.
export function failure(error, retry) {
  const again = element("button", { type: "button", class: "primary", onclick: retry }, say("state.retry"));
  const titles = { 404: "state.unknown", 503: "state.not_ready", 401: "state.locked", 403: "state.locked" };
  const text = error.status === 0 ? say("state.offline") : error.message;
  const hint = error.status === 404 ? element("p", {}, say("state.unknown_hint")) : again;
  const box = message(say(titles[error.status] ?? "state.failed"), text, hint);
  box.setAttribute("role", "alert");
  return box;
}

