// A chart of monthly units as SVG: sold, forecast with its range, earlier forecasts, last year.

import { drawn, element } from "/static/dom.js";
import { monthOnAxis, month, range, say, units } from "/static/words.js";

const MARGIN = { top: 12, right: 26, bottom: 26, left: 50 };
const MONTH_WIDTH = 58;

// Returns round numbers that divide the axis from 0 (or below) to the greatest value.
export function ticks(least, greatest, wanted = 5) {
  const span = Math.max(greatest - least, 1e-9);
  const power = 10 ** Math.floor(Math.log10(span / wanted));
  const step = power * ([1, 2, 5, 10].find((factor) => power * factor * wanted >= span) ?? 10);
  const first = Math.floor(least / step);
  const last = Math.ceil(greatest / step);
  return Array.from({ length: last - first + 1 }, (_, place) => (first + place) * step);
}

// Points: [{ month, sold, lastYear, forecast, low, high, earlier, earlierLow, earlierHigh }], by month.
export class Chart {
  constructor(points, label) {
    this.points = points;
    this.label = label;
    this.tip = element("div", { class: "tip", hidden: true, "aria-hidden": "true" });
    this.frame = element("div", { class: "plot" }, this.tip);
    this.frame.addEventListener("pointermove", (event) => this.point(event));
    this.frame.addEventListener("pointerleave", () => this.unpoint());
    new ResizeObserver(() => this.draw()).observe(this.frame);
  }

  x(place) {
    const width = this.width - MARGIN.left - MARGIN.right;
    return MARGIN.left + ((place + 0.5) * width) / this.points.length;
  }

  y(value) {
    const height = this.height - MARGIN.top - MARGIN.bottom;
    return MARGIN.top + height * (1 - (value - this.least) / (this.greatest - this.least));
  }

  draw() {
    this.width = this.frame.clientWidth;
    this.height = this.frame.clientHeight;
    if (!this.width) return;
    const values = this.points.flatMap((p) => [p.sold, p.lastYear, p.forecast, p.low, p.high, p.earlier, p.planner])
      .filter((value) => value !== null && value !== undefined);
    const marks = ticks(Math.min(0, ...values), Math.max(1, ...values));
    [this.least, this.greatest] = [marks[0], marks.at(-1)];
    this.svg?.remove();
    this.cursor = drawn("line", { class: "cursor", y1: MARGIN.top, y2: this.height - MARGIN.bottom, visibility: "hidden" });
    this.svg = drawn("svg", { role: "img", "aria-label": this.label, viewBox: `0 0 ${this.width} ${this.height}` },
      this.grid(marks), this.monthMarks(), this.band(), this.line("lastYear", "last-year"),
      this.whiskers(), this.line("sold", "sold"), this.forecastLine(),
      this.dots("earlier", "earlier", 4, true), this.dots("sold", "sold", 2.6), this.dots("forecast", "forecast", 4), this.dots("planner", "planner", 5.5, true), this.cursor);
    this.frame.prepend(this.svg);
  }

  grid(marks) {
    return drawn("g", { class: "grid" }, marks.map((value) => drawn("g", {},
      drawn("line", { x1: MARGIN.left, x2: this.width - MARGIN.right, y1: this.y(value), y2: this.y(value), class: value === 0 ? "zero" : null }),
      drawn("text", { x: MARGIN.left - 8, y: this.y(value) + 4, "text-anchor": "end" }, units(value)))));
  }

  monthMarks() {
    const every = Math.ceil((MONTH_WIDTH * this.points.length) / (this.width - MARGIN.left));
    const last = this.points.length - 1;
    return drawn("g", { class: "grid" }, this.points.map((point, place) => ((last - place) % every ? null :
      drawn("text", { x: this.x(place), y: this.height - 7, "text-anchor": "middle" }, monthOnAxis(point.month)))).filter(Boolean));
  }

  // Draws a line; a missing value interrupts the line.
  line(name, kind) {
    let isDrawing = false;
    const path = this.points.map((point, place) => {
      if (point[name] === null || point[name] === undefined) {
        isDrawing = false;
        return "";
      }
      const step = `${isDrawing ? "L" : "M"}${this.x(place)} ${this.y(point[name])}`;
      isDrawing = true;
      return step;
    }).join("");
    return drawn("path", { d: path, class: `line ${kind}` });
  }

  // The forecast's line begins at the last month sold, so that both read as one.
  forecastLine() {
    const first = this.points.findIndex((point) => point.forecast !== null && point.forecast !== undefined);
    const start = first > 0 ? this.points[first - 1].sold : null;
    const joined = this.points.map((point, place) => (place === first - 1 && start !== null ? start : point.forecast));
    const path = joined.map((value, place) => (value === null || value === undefined ? "" :
      `${place === 0 || joined[place - 1] === null || joined[place - 1] === undefined ? "M" : "L"}${this.x(place)} ${this.y(value)}`)).join("");
    return drawn("path", { d: path, class: "line forecast" });
  }

  band() {
    const known = this.points.map((point, place) => ({ ...point, place }))
      .filter((point) => point.low !== null && point.low !== undefined && point.high !== null);
    if (!known.length) return drawn("g");
    const before = this.points[known[0].place - 1];
    // The range opens at the last month sold; where that is missing, it has the width of a month.
    const start = before && before.sold !== null ? { place: known[0].place - 1, low: before.sold, high: before.sold }
      : { ...known[0], place: known[0].place - 0.4 };
    const end = { ...known.at(-1), place: known.at(-1).place + (known.length > 1 ? 0 : 0.4) };
    const edge = (name) => [start, ...known, end].map((point) => [this.x(point.place), this.y(point[name])]);
    const outline = [...edge("high"), ...edge("low").reverse()];
    return drawn("path", { class: "band", d: `M${outline.map((corner) => corner.join(" ")).join("L")}Z` });
  }

  whiskers() {
    return drawn("g", { class: "whiskers" }, this.points.map((point, place) =>
      (point.earlierLow === null || point.earlierLow === undefined ? null :
        drawn("line", { x1: this.x(place), x2: this.x(place), y1: this.y(point.earlierLow), y2: this.y(Math.min(point.earlierHigh, this.greatest)) }))).filter(Boolean));
  }

  dots(name, kind, radius, isDiamond = false) {
    return drawn("g", { class: `dots ${kind}` }, this.points.map((point, place) => {
      if (point[name] === null || point[name] === undefined) return null;
      const [x, y] = [this.x(place), this.y(point[name])];
      return isDiamond ? drawn("path", { d: `M${x} ${y - radius}L${x + radius} ${y}L${x} ${y + radius}L${x - radius} ${y}Z` })
        : drawn("circle", { cx: x, cy: y, r: radius });
    }).filter(Boolean));
  }

  point(event) {
    if (!this.svg) return;
    const left = event.clientX - this.frame.getBoundingClientRect().left;
    const width = this.width - MARGIN.left - MARGIN.right;
    const place = Math.floor(((left - MARGIN.left) * this.points.length) / width);
    const point = this.points[Math.min(Math.max(place, 0), this.points.length - 1)];
    const at = this.x(this.points.indexOf(point));
    this.cursor.setAttribute("x1", at);
    this.cursor.setAttribute("x2", at);
    this.cursor.setAttribute("visibility", "visible");
    this.tip.replaceChildren(element("strong", {}, month(point.month)), ...this.readings(point));
    this.tip.hidden = false;
    const isRight = at > this.width / 2;
    this.tip.style.left = `${isRight ? at - this.tip.offsetWidth - 12 : at + 12}px`;
  }

  readings(point) {
    return [["sold", units(point.sold), point.sold], ["forecast", units(point.forecast), point.forecast],
      ["planner", units(point.planner), point.planner],
      ["band", range(point.low ?? null, point.high ?? null), point.low], ["earlier", units(point.earlier), point.earlier],
      ["last_year", units(point.lastYear), point.lastYear]]
      .filter(([, , value]) => value !== null && value !== undefined)
      .map(([series, text]) => element("span", {}, `${say(`series.${series}`)}: `, element("b", {}, text)));
  }

  unpoint() {
    this.tip.hidden = true;
    this.cursor?.setAttribute("visibility", "hidden");
  }
}

const SWATCHES = {
  sold: () => [drawn("path", { class: "line sold", d: "M1 7H25" }), drawn("g", { class: "dots sold" }, drawn("circle", { cx: 13, cy: 7, r: 2.6 }))],
  forecast: () => [drawn("path", { class: "line forecast", d: "M1 7H25" }), drawn("g", { class: "dots forecast" }, drawn("circle", { cx: 13, cy: 7, r: 4 }))],
  band: () => [drawn("rect", { class: "band", x: 2, y: 1, width: 22, height: 12 })],
  earlier: () => [drawn("g", { class: "dots earlier" }, drawn("path", { d: "M13 2L18 7L13 12L8 7Z" }))],
  planner: () => [drawn("g", { class: "dots planner" }, drawn("path", { d: "M13 1L19 7L13 13L7 7Z" }))],
  last_year: () => [drawn("path", { class: "line last-year", d: "M1 7H25" })],
};

// Builds the legend of the series that a chart has.
export function legend(series) {
  return element("ul", { class: "legend" }, series.map((name) => element("li", {},
    drawn("svg", { viewBox: "0 0 26 14", "aria-hidden": "true" }, SWATCHES[name]()), say(`series.${name}`))));
}
