// The page at /status: what is served, how good forecasts were, uploads, trainings.

import { ApiError, get, key } from "/static/api.js";
import { element, table } from "/static/dom.js";
import { explainRefusal, prepareFrame, showProgress } from "/static/frame.js";
import { failure, tile } from "/static/panels.js";
import { ago, count, date, difference, fullMonth, month, NOTHING, percent, say, time } from "/static/words.js";

const REFRESH = 30_000;
const view = document.getElementById("view");

const headings = (...names) => names.map((name, place) => ({ text: say(name), kind: place ? "figure" : "" }));
const monthOf = (text) => (text === null ? NOTHING : fullMonth(text));
const badge = (text, isWarning) => element("span", { class: isWarning ? "badge warn" : "badge" }, text);

function section(name, columns, rows, note) {
  const title = say(name);
  const content = rows.length ? table(title, headings(...columns), rows.map((cells) => ({ cells }))) : element("p", {}, say("status.none"));
  return element("section", { class: "card" }, element("h2", {}, title), note && rows.length ? element("p", { class: "soft" }, note) : null, content);
}

function servedTiles({ served, last_closed: closed, open_month: open }) {
  const tiles = [tile(say("status.closed"), monthOf(closed)), tile(say("status.open"), monthOf(open))];
  if (!served) return element("div", { class: "tiles" }, tile(say("status.served"), NOTHING, say("status.nothing")), tiles);
  return element("div", { class: "tiles" },
    tile(say("status.served"), badge(say(served.stale ? "status.stale" : "status.fresh"), served.stale), say("status.version_text", { version: served.version })),
    tile(say("status.published"), date(served.published_at), ago(served.published_at)),
    tile(say("status.cutoff"), monthOf(served.cutoff)), tiles);
}

const versions = (rows) => section("status.versions", ["status.version", "status.cutoff", "status.published", "status.rows", "status.state"],
  rows.map((row) => [row.version, month(row.cutoff), date(row.published_at), count(row.rows),
    badge(say(`status.${row.status}_state`), row.status === "withdrawn")]));

const scores = (rows) => section("status.scores", ["table.month", "status.horizon", "status.wape", "status.naive", "status.bias", "status.coverage"],
  rows.map((row) => [month(row.month), count(row.horizon), percent(row.wape), percent(row.naive_wape), difference(row.bias), percent(row.coverage)]),
  say("status.scores_text"));

// Which version of the sales the served forecasts rest on, and the runs in between.
function trace(found) {
  const runs = found === null ? [] : found.runs;
  const note = found && found.sales_version !== null ? say("status.trace_text", { sales: count(found.sales_version) }) : say("status.trace_unknown");
  return section("status.trace", ["status.step", "status.time", "status.what", "status.state"],
    runs.map((run) => [run.command, time(run.started_at), Object.entries(run.writes).slice(0, 3).map(([name, version]) => `${name} ${version}`).join(", ") || NOTHING,
      badge(say(`run.${run.status.replace(" ", "_")}`), !["done", "running"].includes(run.status))]), note);
}

const uploads = (rows) => section("status.uploads", ["status.id", "status.what", "status.time", "status.accepted", "status.rejected", "status.state"],
  rows.map((row) => [row.id.slice(0, 8), row.what, time(row.first_used_at), count(row.accepted), count(row.rejected), badge(say(`progress.${row.state}`), row.state === "refused")]));

const trainings = (rows) => section("status.training", ["status.id", "status.time", "status.step", "status.state"],
  rows.map((row) => [row.id.slice(0, 8), row.started_at ? time(row.started_at) : NOTHING, row.step ?? NOTHING, badge(say(`progress.${row.state}`), row.state === "failed")]));

// Trainings are shown to holders of a key that may see them.
async function loadTrainings() {
  if (!key()) return null;
  try {
    return (await get("/train")).trainings;
  } catch (error) {
    if (error instanceof ApiError) return null;
    throw error;
  }
}

async function render() {
  if (!view.firstChild) showProgress(say("state.loading"));
  let content;
  try {
    const [status, runs] = await Promise.all([get("/status.json"), loadTrainings()]);
    const fault = status.fault ? element("p", { class: "banner" }, say("status.fault", { fault: status.fault })) : null;
    content = [fault, servedTiles(status), scores(status.scores), versions(status.versions), trace(status.trace), uploads(status.uploads), runs && trainings(runs)];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.needsKey) explainRefusal(error);
    content = [failure(error, render)];
  }
  showProgress("");
  view.replaceChildren(...content.filter(Boolean));
}

prepareFrame(render);
render();
setInterval(() => document.hidden || document.activeElement !== document.body || render(), REFRESH);
