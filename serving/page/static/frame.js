// What all pages have: colours, language, key, and the mark of the page in the navigation.

import { forgetKey, keepKey, key } from "/static/api.js";
import { language, say } from "/static/words.js";

const YEAR_SECONDS = 31_536_000;
// What goes on once a key was typed; undefined: the page is loaded again.
let waiting;
const byId = (id) => document.getElementById(id);

// Prepares the frame; reload is called after a key was typed or forgotten.
export function prepareFrame(reload) {
  document.querySelector(`[data-page="${location.pathname}"]`)?.setAttribute("aria-current", "page");
  prepareTheme();
  byId("language").value = language;
  byId("language").addEventListener("change", (event) => {
    document.cookie = `language=${event.target.value}; path=/; max-age=${YEAR_SECONDS}; SameSite=Strict`;
    location.reload();
  });
  prepareKey(reload);
}

function prepareTheme() {
  const choice = byId("theme");
  choice.value = localStorage.getItem("theme") ?? "auto";
  choice.addEventListener("change", () => {
    if (choice.value === "auto") {
      localStorage.removeItem("theme");
      delete document.documentElement.dataset.theme;
    } else {
      localStorage.setItem("theme", choice.value);
      document.documentElement.dataset.theme = choice.value;
    }
  });
}

function prepareKey(reload) {
  const dialog = byId("key");
  const field = byId("key-field");
  const leave = (change) => () => {
    change();
    field.value = "";
    dialog.close();
    (waiting ?? reload)();
    waiting = undefined;
  };
  byId("key-button").addEventListener("click", () => askForKey());
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    leave(() => field.value.trim() && keepKey(field.value.trim()))();
  });
  dialog.querySelector("[data-action=forget]").addEventListener("click", leave(forgetKey));
  dialog.querySelector("[data-action=cancel]").addEventListener("click", () => dialog.close());
}

// Opens the dialog for a key. next: called with the key instead of a reload.
export function askForKey(next) {
  waiting = next;
  if (!byId("key").open) byId("key").showModal();
}

export function explainRefusal(error) {
  if (key()) byId("key").querySelector("p").textContent = say("key.wrong", { detail: error.message });
  askForKey();
}

export function showProgress(text) {
  byId("progress").textContent = text;
}
