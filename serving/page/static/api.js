// Requests to the API, with the key of this tab where a key was typed.

const KEY = "shopcast.key";

export const key = () => sessionStorage.getItem(KEY);
export const keepKey = (text) => sessionStorage.setItem(KEY, text);
export const forgetKey = () => sessionStorage.removeItem(KEY);

// An answer that is no success. Status 0: no answer came.
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? "");
    this.status = status;
    // What is wrong with each row that was sent.
    this.faults = problem?.verdicts?.errors ?? [];
    this.needsKey = status === 401 || status === 403;
  }
}

async function request(path, options = {}) {
  const headers = { ...options.headers, ...(key() && { Authorization: `Bearer ${key()}` }) };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0);
  }
  if (!answer.ok) throw new ApiError(answer.status, await answer.json().catch(() => null));
  return answer;
}

export const get = async (path, signal) => (await request(path, { signal })).json();

export const send = async (method, path, rows) =>
  (await request(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(rows) })).json();

// Saves a file that a plain link could not load, because links send no key.
export async function download(path) {
  const answer = await request(path);
  const name = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition") ?? "");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name ? decodeURIComponent(name[1]) : "";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export const pathOf = (...parts) => parts.map(encodeURIComponent).join("/");
