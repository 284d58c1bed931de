// Live updates, copy buttons and keys for lists. Pages read and forms work without this file.
"use strict";

(() => {
  const POLL_MS = 4000;

  // A region that is marked live is fetched again when the server says that something changed.
  const live = document.querySelector("[data-live]");
  let version = null;

  const busy = () => {
    const at = document.activeElement;
    return at !== null && live.contains(at) && at.matches("input, textarea, select, summary, button");
  };

  const refresh = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (!answer.ok || answer.redirected) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-live]");
    if (fresh === null) return false;
    live.replaceChildren(...fresh.childNodes);
    copyButtons(live);
    return true;
  };

  const poll = async () => {
    try {
      if (document.hidden || busy()) return;
      const answer = await fetch(live.dataset.live, { cache: "no-store" });
      if (!answer.ok || answer.redirected) return;
      const next = (await answer.json()).version;
      if (version === null || (next !== version && (await refresh()))) version = next;
    } catch {
      // The server is away: the next poll tries again.
    } finally {
      setTimeout(poll, POLL_MS);
    }
  };

  const copyButtons = (root) => {
    for (const box of root.querySelectorAll(".code-box")) {
      const button = box.querySelector(".copy");
      const code = box.querySelector("pre");
      if (button === null || code === null || navigator.clipboard === undefined) continue;
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(code.textContent);
        const label = button.textContent;
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = label; }, 1500);
      });
    }
  };

  // In a list: j and k go from row to row, Enter opens, / goes to the search field.
  const keys = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
    if (event.key === "/") {
      const search = document.querySelector('input[type="search"]');
      if (search === null) return;
      event.preventDefault();
      search.focus();
      return;
    }
    const step = { j: 1, k: -1 }[event.key];
    const rows = [...document.querySelectorAll("main td a.primary")];
    if (step === undefined || rows.length === 0) return;
    const at = rows.indexOf(document.activeElement);
    const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1);
    rows[next].focus();
  };

  document.addEventListener("keydown", keys);
  copyButtons(document);
  if (live !== null) poll();
})();
