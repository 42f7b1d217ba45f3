// The view of a shop and item.

import { pathOf } from "/static/api.js";
import { element } from "/static/dom.js";
import { noteOf } from "/static/overrides.js";
import { chartAndTable, exportLinks, tile } from "/static/panels.js";
import { date, fullMonth, say, sayCount, sayRung, units } from "/static/words.js";

const ACCURACY_MONTHS = 6;

function pointsOf(answer, overrides) {
  const sold = answer.months.map(({ month, units: sold, last_year: lastYear, forecast }) => ({ month, sold, lastYear,
    earlier: forecast?.units, earlierLow: forecast?.p10, earlierHigh: forecast?.p90 }));
  const coming = answer.forecasts.map((forecast) => ({ month: forecast.month, sold: null, lastYear: forecast.last_year,
    forecast: forecast.units, planner: overrides.get(forecast.month)?.units, low: forecast.p10, high: forecast.p90 }));
  const months = new Set(coming.map((point) => point.month));
  return [...sold.filter((point) => !months.has(point.month)), ...coming];
}

function tileOf(forecast, override) {
  const hasRange = forecast.p10 !== null && forecast.p90 !== null;
  return tile(say("pair.next", { month: fullMonth(forecast.month) }), units(forecast.units),
    hasRange && say("pair.range", { low: units(forecast.p10), high: units(forecast.p90) }),
    forecast.p95 !== null && say("pair.cover", { units: units(forecast.p95) }),
    forecast.last_year !== null && say("pair.last_year", { units: units(forecast.last_year) }),
    override && noteOf(override));
}

function accuracy(months) {
  const judged = months.filter((month) => month.forecast).slice(-ACCURACY_MONTHS);
  if (!judged.length) return null;
  const error = judged.reduce((sum, month) => sum + Math.abs(month.units - month.forecast.units), 0) / judged.length;
  return say("why.accuracy_text", { months: judged.length, error: units(error) });
}

function why(answer) {
  const [forecast] = answer.forecasts;
  const facts = [["why.history", sayRung(forecast.rung)], ["why.horizon", sayCount("why.horizon", forecast.horizon)],
    ["why.model", say("why.model_text", { model: forecast.model.slice(0, 8), date: date(forecast.generated_at) })],
    ["why.accuracy", accuracy(answer.months)]];
  return element("section", { class: "card why" }, element("h2", {}, say("why.title")),
    element("dl", {}, facts.filter(([, text]) => text).map(([name, text]) => element("div", {}, element("dt", {}, say(name)), element("dd", {}, text)))));
}

// Parts: addressOf(shop and item) → address; form() → the form for a number of one's own.
export function pairView(answer, overrides, { addressOf, form }) {
  const shop = answer.shop_name ?? answer.shop_id;
  const item = answer.item_name ?? answer.item_id;
  const path = `/shops/${pathOf(answer.shop_id)}`;
  const isForecast = answer.forecasts.length > 0;
  return element("article", {},
    element("p", { class: "crumbs" }, element("a", { href: addressOf({ shop: answer.shop_id }), "data-go": true }, shop), answer.category_name ? ` · ${answer.category_name}` : null),
    element("h1", { tabindex: -1 }, item),
    element("p", { class: "ids" }, `${say("search.shop")} ${answer.shop_id} · ${say("search.item")} ${answer.item_id}`),
    isForecast ? element("div", { class: "tiles" }, answer.forecasts.map((forecast) => tileOf(forecast, overrides.get(forecast.month)))) : element("p", { class: "banner" }, say("pair.none")),
    chartAndTable(pointsOf(answer, overrides), say("chart.of_pair", { item, shop }), true),
    isForecast ? element("div", { class: "pair-foot" }, why(answer), exportLinks(path)) : null,
    isForecast ? form() : null);
}
