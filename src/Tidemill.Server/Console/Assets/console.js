// Live pages without sockets: the server renders every page whole, and while the tab is visible this script asks for the
// same page each second and puts the regions marked data-live in place of the old ones where they differ.
(() => {
  "use strict";
  const period = 1000;
  const messages = document.getElementById("messages");

  function say(text, failed) {
    const line = document.createElement("p");
    line.textContent = text;
    if (failed) line.className = "failed";
    messages.replaceChildren(line);
    clearTimeout(say.timer);
    say.timer = setTimeout(() => messages.replaceChildren(), 8000);
  }

  // Between press and release the pressed element must stay, or the click would be lost.
  let pressed = null;
  document.addEventListener("pointerdown", (event) => { pressed = event.target; });
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => setTimeout(() => { pressed = null; }));

  // A region in use (focus inside, text selected, an open editor, a button going down) is left alone until it is free.
  function inUse(region) {
    const selection = document.getSelection();
    return (pressed && region.contains(pressed)) || region.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")
      || (selection && !selection.isCollapsed && region.contains(selection.anchorNode));
  }

  function keepOpen(from, to) {
    for (const open of from.querySelectorAll("details[open][id]")) to.querySelector("#" + CSS.escape(open.id))?.setAttribute("open", "");
  }

  function put(region, fresh) {
    if (region.innerHTML === fresh.innerHTML || inUse(region)) return;
    keepOpen(region, fresh);
    if (region.innerHTML === fresh.innerHTML) return;
    const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
    region.replaceChildren(...fresh.childNodes);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  async function refresh() {
    // A page that shows what somebody asked for names the address of its other regions: the question is not asked again.
    const address = document.querySelector("[data-refresh]")?.dataset.refresh ?? location.href;
    const response = await fetch(address, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(10000) });
    if (!response.ok) throw new Error("status " + response.status);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const region of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(region.id);
      if (fresh) put(region, fresh);
    }
    document.dispatchEvent(new Event("tidemill:refreshed"));
  }

  let lost = false;
  async function tick() {
    if (document.visibilityState === "visible" && document.querySelector("[data-live]")) {
      try {
        await refresh();
        if (lost) say("Connected again.");
        lost = false;
      } catch {
        if (!lost) say("The server does not answer. Trying on.", true);
        lost = true;
      }
    }
    setTimeout(tick, period);
  }

  async function send(url, body) {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = (response.headers.get("Content-Type") || "").includes("json") ? await response.json() : null;
    if (!response.ok) throw new Error(answer ? `${answer.detail} ${answer.remedy}` : `The server answered ${response.status}.`);
    return answer;
  }

  function describe(done, answer) {
    return done.replace(/\{(\w+)\}/g, (_, name) => (answer && answer[name] !== undefined ? answer[name] : ""));
  }

  // Shows an answer's columns and rows as a table.
  function showRows(place, answer) {
    place.replaceChildren();
    if (!answer || !answer.columns || answer.columns.length === 0) return;
    const table = place.appendChild(document.createElement("table"));
    const head = table.createTHead().insertRow();
    for (const column of answer.columns) {
      const cell = head.appendChild(document.createElement("th"));
      cell.scope = "col";
      cell.textContent = column;
    }
    const body = table.createTBody();
    for (const row of answer.rows) {
      const line = body.insertRow();
      for (const value of row) line.insertCell().textContent = value === null ? "NULL" : value;
    }
    for (const [at, title] of [...head.cells].entries()) {
      const isNumber = answer.rows.length > 0 && answer.rows.every((row) => /^-?[\d.,]+$|^none$/.test(row[at] ?? ""));
      if (isNumber) for (const cell of [title, ...[...body.rows].map((line) => line.cells[at])]) cell.className = "number";
    }
  }

  // "name: value", one a line.
  function pairs(text) {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return Object.fromEntries(lines.map((line) => {
      const colon = line.indexOf(":");
      return colon < 0 ? [line.trim(), ""] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }));
  }

  // A button's own data-api, data-done, data-confirm and data-result count before its form's.
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.dataset.api) return;
    event.preventDefault();
    const set = { ...form.dataset, ...event.submitter?.dataset };
    const ask = set.confirm;
    if (ask && !confirm(ask)) return;
    const body = JSON.parse(form.dataset.body || "{}");
    for (const field of form.querySelectorAll("[name]")) {
      const isNumber = field.type === "number" || field.dataset.kind === "number";
      if (field.value === "" && (isNumber || field.dataset.empty === "omit")) continue;
      if (field.type === "checkbox" && !field.checked) continue;
      body[field.name] = isNumber ? Number(field.value) : field.dataset.kind === "pairs" ? pairs(field.value) : field.value;
    }
    for (const drop of form.querySelectorAll("[data-drops]:checked")) delete body[drop.dataset.drops];
    const button = event.submitter;
    if (button) button.disabled = true;
    try {
      const answer = await send(set.api, body);
      say(describe(set.done || "Done.", answer));
      if (set.result) showRows(document.getElementById(set.result), answer);
      if (set.next) location.assign(describe(set.next, answer));
      else await refresh();
    } catch (error) {
      say(error.message, true);
    } finally {
      if (button) button.disabled = false;
    }
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("tidemill-theme", root.dataset.theme);
    document.dispatchEvent(new Event("tidemill:theme"));
  });

  // Ctrl+Enter sends the form that a text box belongs to.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) event.target.form.requestSubmit();
  });

  setTimeout(tick, period);
})();
