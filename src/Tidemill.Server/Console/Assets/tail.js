// Follows a topic: a button with data-tail opens that address as server-sent events and shows records as they come, the
// latest on top, until it is pressed again.
(() => {
  "use strict";
  const most = 200;
  const button = document.querySelector("[data-tail]");
  if (!button) return;
  const place = document.getElementById("tail");
  const state = document.getElementById("tail-state");
  let source = null;
  let body = null;

  function cell(row, text, kind) {
    const made = row.appendChild(document.createElement(kind === "row" ? "th" : "td"));
    if (kind === "row") made.scope = "row";
    else if (kind) made.className = kind;
    made.textContent = text;
    return made;
  }

  function table() {
    const made = document.createElement("table");
    const head = made.createTHead().insertRow();
    for (const name of ["Position", "Time (UTC)", "Key", "Value"]) {
      const title = head.appendChild(document.createElement("th"));
      title.scope = "col";
      title.textContent = name;
    }
    place.replaceChildren(made);
    return made.createTBody();
  }

  function text(bytes) {
    const whole = bytes.text ?? `${bytes.length} bytes: ${bytes.base64}`;
    return whole.length > 400 ? whole.slice(0, 400) + "…" : whole;
  }

  function show(record) {
    body = body ?? table();
    const row = body.insertRow(0);
    const link = document.createElement("a");
    link.href = `/topics/${encodeURIComponent(button.dataset.topic)}/${record.partition}/${record.offset}`;
    link.textContent = `${record.partition}/${record.offset}`;
    cell(row, "", "row").append(link);
    cell(row, new Date(record.timestamp).toISOString().replace("T", " ").slice(0, 19), "nowrap");
    cell(row, record.key ? text(record.key) : "–", "code key");
    cell(row, record.value ? text(record.value) : "(tombstone)", "code");
    while (body.rows.length > most) body.deleteRow(-1);
  }

  function stop(reason) {
    source?.close();
    source = null;
    button.setAttribute("aria-pressed", "false");
    button.textContent = "Follow";
    state.textContent = reason;
  }

  // The event's own error says nothing; the same request by fetch tells what was wrong with it.
  async function explain() {
    const response = await fetch(button.dataset.tail).catch(() => null);
    const problem = response && !response.ok ? await response.json().catch(() => null) : null;
    response?.body?.cancel().catch(() => {});
    stop(problem ? problem.detail : "The connection ended. Press Follow to go on.");
  }

  button.addEventListener("click", () => {
    if (source) return stop("Stopped.");
    source = new EventSource(button.dataset.tail);
    button.setAttribute("aria-pressed", "true");
    button.textContent = "Stop";
    state.textContent = "Waiting for records.";
    source.addEventListener("message", (event) => {
      const answer = JSON.parse(event.data);
      if (answer.record) show(answer.record);
      else if (answer.seen > 0) state.textContent = `${answer.seen} came${answer.skipped ? `, ${answer.skipped} too fast to show` : ""}.`;
    });
    source.addEventListener("error", explain);
  });
})();
