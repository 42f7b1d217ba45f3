// The view of a whole shop: total by month, and where the last forecast missed most.

import { pathOf } from "/static/api.js";
import { element, table } from "/static/dom.js";
import { chartAndTable, exportLinks, tile } from "/static/panels.js";
import { difference, fullMonth, percentDifference, range, say, sayCount, units } from "/static/words.js";

const pointsOf = (answer) => [
  ...answer.months.map(({ month: name, units: sold, last_year: lastYear, forecast }) => ({ month: name, sold, lastYear, earlier: forecast })),
  ...answer.forecasts.filter(({ month: name }) => !answer.months.some((sold) => sold.month === name))
    .map(({ month: name, units: forecast, last_year: lastYear }) => ({ month: name, sold: null, lastYear, forecast })),
];

function lastMonth(answer) {
  const last = answer.months.at(-1);
  if (!last) return null;
  const against = last.forecast === null ? say("shop.not_forecast")
    : say("shop.against", { units: units(last.forecast), difference: last.forecast ? percentDifference((last.units - last.forecast) / last.forecast) : "" });
  return tile(say("shop.sold", { month: fullMonth(last.month) }), units(last.units), against);
}

function comingMonth(forecast) {
  return tile(say("shop.next", { month: fullMonth(forecast.month) }), units(forecast.units), sayCount("shop.items", forecast.items),
    forecast.last_year !== null && say("pair.last_year", { units: units(forecast.last_year) }));
}

function misses(answer, addressOf) {
  if (!answer.misses.length) return element("section", { class: "card" }, element("p", {}, say("misses.none")));
  const title = say("misses.title", { month: fullMonth(answer.misses_month) });
  const headings = ["misses.item", "table.sold", "table.forecast", "misses.difference", "table.range"]
    .map((name, place) => ({ text: say(name), kind: ["name", "figure", "figure", "figure", "figure roomy"][place] }));
  const rows = answer.misses.map((miss) => {
    const isOutside = miss.p10 !== null && (miss.units < miss.p10 || miss.units > miss.p90);
    const link = element("a", { href: addressOf({ shop: answer.shop_id, item: miss.item_id }), "data-go": true }, miss.item_name ?? miss.item_id);
    return { kind: "", cells: [link, units(miss.units), units(miss.forecast), difference(miss.units - miss.forecast),
      [range(miss.p10, miss.p90), isOutside ? element("span", { class: "badge warn" }, say("misses.outside")) : null].filter(Boolean)] };
  });
  return element("section", { class: "card" }, element("h2", {}, title), table(title, headings, rows));
}

export function shopView(answer, addressOf) {
  const shop = answer.shop_name ?? answer.shop_id;
  return element("article", {},
    element("h1", { tabindex: -1 }, shop),
    element("p", { class: "ids" }, `${say("search.shop")} ${answer.shop_id} · ${say("shop.total")}`),
    element("div", { class: "tiles short" }, lastMonth(answer), answer.forecasts.map(comingMonth)),
    chartAndTable(pointsOf(answer), say("chart.of_shop", { shop }), false),
    misses(answer, addressOf),
    exportLinks(`/shops/${pathOf(answer.shop_id)}`));
}

