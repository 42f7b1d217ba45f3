// The page at /: search, and the view that the address names (?shop=&item=).

import { ApiError, get, pathOf } from "/static/api.js";
import { Combobox } from "/static/combobox.js";
import { element } from "/static/dom.js";
import { explainRefusal, prepareFrame, showProgress } from "/static/frame.js";
import { loadOverrides, overrideForm } from "/static/overrides.js";
import { pairView } from "/static/pair.js";
import { failure, message } from "/static/panels.js";
import { shopView } from "/static/shop.js";
import { ago, date, fullMonth, say } from "/static/words.js";

const MOST_OPTIONS = 50;
const byId = (id) => document.getElementById(id);
const view = byId("view");
const place = () => Object.fromEntries(new URLSearchParams(location.search));
let running;

function addressOf({ shop, item }) {
  const query = new URLSearchParams(Object.entries({ shop, item }).filter(([, value]) => value));
  return query.size ? `?${query}` : "/";
}

function go(where) {
  history.pushState(null, "", addressOf(where));
  render(true);
}

const field = (name) => document.querySelector(`[data-combobox=${name}]`);

const shops = new Combobox(field("shop"), async (text, signal) => {
  const answer = await get(`/shops?${new URLSearchParams({ q: text, limit: MOST_OPTIONS })}`, signal);
  const options = answer.shops.map((shop) => ({ id: shop.shop_id, name: shop.name, note: shop.shop_id }));
  return { options, hasMore: answer.next !== null };
}, (shop) => go({ shop: shop?.id }));

const items = new Combobox(field("item"), async (text, signal) => {
  const query = new URLSearchParams({ q: text, limit: MOST_OPTIONS, ...(place().shop && { shop_id: place().shop }) });
  const answer = await get(`/items?${query}`, signal);
  const options = answer.items.map((item) => ({ id: item.item_id, name: item.name,
    note: [item.item_id, item.category_name].filter(Boolean).join(" · ") }));
  return { options, hasMore: answer.next !== null };
}, (item) => go({ shop: place().shop, item: item?.id }));

function showAge(answer) {
  byId("age").hidden = false;
  byId("age").textContent = say("age.text", { cutoff: fullMonth(answer.cutoff), version: answer.version,
    published: date(answer.published_at), age: ago(answer.published_at) });
  byId("stale").hidden = !answer.stale;
  byId("stale").textContent = answer.stale ? say("stale.text", { cutoff: fullMonth(answer.cutoff) }) : "";
}

async function startView(signal) {
  const answer = await get("/shops?limit=30", signal);
  const links = answer.shops.map((shop) => element("a", { href: addressOf({ shop: shop.shop_id }), "data-go": true }, shop.name ?? shop.shop_id));
  return message(say("start.title"), say("start.text"), element("nav", { class: "chips", "aria-label": say("start.shops") }, links));
}

async function load({ shop, item }, signal) {
  items.input.disabled = !shop;
  if (!shop) {
    shops.show("");
    items.show("");
    return startView(signal);
  }
  const path = `/shops/${pathOf(shop)}`;
  const answer = await get(item ? `${path}/items/${pathOf(item)}/history` : `${path}/summary`, signal);
  shops.show(answer.shop_name ?? answer.shop_id);
  items.show(item ? answer.item_name ?? answer.item_id : "");
  showAge(answer);
  if (!item) return shopView(answer, addressOf);
  const [overrides, status] = await Promise.all([loadOverrides(answer.shop_id, item, signal), get("/status.json", signal)]);
  const form = () => overrideForm(answer, status.override_reasons, () => render(true));
  return pairView(answer, overrides, { addressOf, form });
}

// Shows what the address names. hasMoved: the person went there, so that the focus follows.
async function render(hasMoved) {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  showProgress(say("state.loading"));
  view.setAttribute("aria-busy", "true");
  let content;
  try {
    content = await load(place(), signal);
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof ApiError)) throw error;
    content = failure(error, () => render(true));
    shops.show(place().shop ?? "");
    items.show(place().item ?? "");
    if (error.needsKey) explainRefusal(error);
  }
  showProgress("");
  view.removeAttribute("aria-busy");
  view.replaceChildren(content);
  const title = view.querySelector("h1");
  document.title = place().shop ? `${title.textContent} · shopcast` : say("app.title");
  if (hasMoved && document.activeElement === document.body) title.focus();
}

view.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-go]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  scrollTo(0, 0);
  render(true);
});
addEventListener("popstate", () => render(true));
byId("search").addEventListener("submit", (event) => event.preventDefault());
prepareFrame(() => render(true));
render(false);
