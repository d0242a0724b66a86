namespace Tidemill.IntegrationTests.Console;

/// <summary>What can be checked of a page by rule: language, title, one h1 and no skipped level, landmarks, names, labels, ids,
/// contrast.</summary>
internal static class AccessibilityCheck
{
    /// <summary>Returns one sentence a fault.</summary>
    public const string Script = """
        () => {
          const faults = [];
          const all = (s) => [...document.querySelectorAll(s)].filter((e) => e.checkVisibility());
          const name = (e) => (e.getAttribute("aria-label") || (e.getAttribute("aria-labelledby") || "").split(" ").map((i) => document.getElementById(i)?.textContent || "").join("")
            || [...(e.labels || [])].map((l) => l.textContent).join("") || e.textContent || e.title || "").trim();
          if (!document.documentElement.lang) faults.push("no language");
          if (!document.title.trim()) faults.push("no title");
          for (const landmark of ["main", "nav", "header"]) if (all(landmark).length !== 1) faults.push(`${all(landmark).length} ${landmark}`);
          const levels = all("h1,h2,h3").map((h) => Number(h.tagName[1]));
          if (levels.filter((l) => l === 1).length !== 1 || levels[0] !== 1) faults.push("not one h1 first");
          levels.forEach((l, i) => { if (i && l > levels[i - 1] + 1) faults.push("heading level skipped"); });
          for (const e of all("a, button, input, select, textarea, summary, [role=region], [role=img], section")) if (!name(e)) faults.push("no name: " + e.outerHTML.slice(0, 100));
          for (const e of all("input, select, textarea")) if (!e.labels.length && !e.getAttribute("aria-label")) faults.push("no label: " + e.name);
          for (const table of all("table")) if ([...table.querySelectorAll("th")].some((th) => !th.scope) || !table.tHead) faults.push("table without scoped headers");
          const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
          for (const id of ids.filter((id, i) => ids.indexOf(id) !== i)) faults.push("id twice: " + id);
          const rgb = (c) => c.match(/[\d.]+/g).map(Number);
          const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
          const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] === 1) return c.slice(0, 3); } return [255, 255, 255]; };
          for (const e of all("p, td, th, a, dt, dd, h1, h2, button:not(:disabled), label, summary, .muted")) {
            if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
            const [a, b] = [light(rgb(getComputedStyle(e).color).slice(0, 3)), light(behind(e))].sort((x, y) => y - x);
            if ((a + .05) / (b + .05) < 4.5) faults.push(`contrast ${((a + .05) / (b + .05)).toFixed(2)}: ${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 30)}`);
          }
          return [...new Set(faults)];
        }
        """;
}
