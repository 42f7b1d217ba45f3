// Words of the page's language, and numbers and dates as the language writes them.

export const language = document.documentElement.lang;
// Of several regions with the language, the browser's own: 3 Nov 2015 or Nov 3, 2015.
const region = navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;

const catalogue = await (await fetch(`/static/words/${language}.json`)).json();
const plurals = new Intl.PluralRules(language);
const wholeNumbers = new Intl.NumberFormat(region, { maximumFractionDigits: 0 });
const oneDecimal = new Intl.NumberFormat(region, { maximumFractionDigits: 1 });
const signed = new Intl.NumberFormat(region, { maximumFractionDigits: 1, signDisplay: "exceptZero" });
const percents = new Intl.NumberFormat(region, { style: "percent", maximumFractionDigits: 1 });
const signedPercents = new Intl.NumberFormat(region, {
  style: "percent", maximumFractionDigits: 0, signDisplay: "exceptZero",
});
const relative = new Intl.RelativeTimeFormat(region, { numeric: "auto" });
const inUtc = { timeZone: "UTC" };
const shortMonth = new Intl.DateTimeFormat(region, { ...inUtc, month: "short", year: "numeric" });
const axisMonth = new Intl.DateTimeFormat(region, { ...inUtc, month: "short", year: "2-digit" });
const longMonth = new Intl.DateTimeFormat(region, { ...inUtc, month: "long", year: "numeric" });
const day = new Intl.DateTimeFormat(region, { dateStyle: "medium" });
const minute = new Intl.DateTimeFormat(region, { dateStyle: "medium", timeStyle: "short" });

const DAY = 86_400_000;
export const NOTHING = "–";

// Returns the words of a key, with values in the place of {name}.
export function say(key, values = {}) {
  const text = catalogue[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

// Returns the words of a key for a count, by the language's plural forms.
export function sayCount(key, count) {
  const form = `${key}.${plurals.select(count)}`;
  return say(form in catalogue ? form : `${key}.other`, { count: wholeNumbers.format(count) });
}

// Returns the words of a rung; a rung without words is shown by its own name.
export function sayRung(rung) {
  return `rung.${rung}` in catalogue ? say(`rung.${rung}`) : say("rung.other", { rung });
}

// Returns the words of a reason code; a retailer's own code is shown as it is.
export const sayReason = (code) => (`reason.${code}` in catalogue ? say(`reason.${code}`) : code.replaceAll("_", " "));

export function units(number) {
  if (number === null || number === undefined) return NOTHING;
  return (Math.abs(number) >= 1000 ? wholeNumbers : oneDecimal).format(number);
}

export const count = (number) => wholeNumbers.format(number);
export const difference = (number) => signed.format(number);
export const percent = (share) => (share === null ? NOTHING : percents.format(share));
export const percentDifference = (share) => signedPercents.format(share);
export const month = (text) => shortMonth.format(Date.parse(`${text}-01`));
export const monthOnAxis = (text) => axisMonth.format(Date.parse(`${text}-01`));
export const fullMonth = (text) => longMonth.format(Date.parse(`${text}-01`));
export const date = (text) => day.format(Date.parse(text));
export const time = (text) => minute.format(Date.parse(text));

export function range(low, high) {
  return low === null || high === null ? NOTHING : `${units(low)} – ${units(high)}`;
}

// Returns how long ago an instant was: today, yesterday, 5 days ago, 3 months ago.
export function ago(text) {
  const days = Math.round((Date.parse(text) - Date.now()) / DAY);
  if (days > -60) return relative.format(days, "day");
  return days > -730 ? relative.format(Math.round(days / 30.44), "month") : relative.format(Math.round(days / 365.25), "year");
}
