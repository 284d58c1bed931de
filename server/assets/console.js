// Live updates and copy buttons. Pages read and forms work without this file.
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

  copyButtons(document);
  if (live !== null) poll();
})();
