// Planners' numbers beside the model's: shown, put and withdrawn.

import { get, key, send } from "/static/api.js";
import { element } from "/static/dom.js";
import { askForKey } from "/static/frame.js";
import { date, fullMonth, say, sayReason, units } from "/static/words.js";

// Returns the numbers of planners for a pair, by month: from the ledger itself, so that a number is
// shown as soon as it is kept, whichever worker of the server answers.
export async function loadOverrides(shop, item, signal) {
  const query = new URLSearchParams({ shop_id: shop, item_id: item, limit: 1000 });
  const answer = await get(`/overrides?${query}`, signal);
  return new Map(answer.overrides.map((override) => [override.month, override]));
}

export const noteOf = (override) =>
  say("override.note", { units: units(override.units), reason: sayReason(override.reason), author: override.author,
    date: date(override.recorded_at), comment: override.comment ? `: ${override.comment}` : "" });

const labelled = (name, control, ...more) =>
  element("div", { class: "field" }, element("label", { for: control.id }, say(`override.${name}`)), control, more);

const select = (id, options) =>
  element("select", { id, required: true }, options.map(([value, text]) => element("option", { value }, text)));

// Builds the form for a number of one's own; changed() is called after the server took it.
export function overrideForm(answer, reasons, changed) {
  const month = select("override-month", answer.forecasts.map((forecast) => [forecast.month, fullMonth(forecast.month)]));
  const number = element("input", { id: "override-units", type: "number", step: "any", required: true, inputmode: "decimal" });
  const reason = select("override-reason", reasons.map((code) => [code, sayReason(code)]));
  const comment = element("input", { id: "override-comment", maxlength: 500, autocomplete: "off" });
  const verdict = element("p", { role: "status", class: "soft" });

  async function put(row) {
    if (!key()) {
      verdict.textContent = say("override.needs_key");
      askForKey(() => key() && put(row));
      return;
    }
    try {
      await send("PUT", "/overrides", [{ shop_id: answer.shop_id, item_id: answer.item_id, month: month.value, ...row }]);
      await changed();
    } catch (error) {
      verdict.textContent = error.faults[0]?.text ?? error.message;
    }
  }

  const withdraw = element("button", { type: "button", onclick: () => put({ units: null }) }, say("override.withdraw"));
  const form = element("form", { class: "override", onsubmit: (event) => {
    event.preventDefault();
    put({ units: number.valueAsNumber, reason: reason.value, comment: comment.value.trim() || null });
  } }, labelled("month", month), labelled("units", number), labelled("reason", reason), labelled("comment", comment),
  element("p", { class: "actions" }, element("button", { class: "primary" }, say("override.save")), withdraw));
  return element("section", { class: "card" }, element("h2", {}, say("override.title")), element("p", { class: "soft" }, say("override.text")), form, verdict);
}
