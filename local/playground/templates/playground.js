// Brings the parts of a page that are marked data-live up to date when something has happened. A
// form is never touched, so nothing that somebody is typing gets lost.
"use strict";

const PAUSE_MS = 1500;
let seen = document.body.dataset.news;

async function look() {
  if (!document.hidden) {
    try {
      const { news } = await (await fetch("/news")).json();
      if (String(news) !== seen) {
        const answer = await fetch(location.href);
        if (answer.ok) {
          update(new DOMParser().parseFromString(await answer.text(), "text/html"));
        }
        seen = String(news);
      }
    } catch {
      // The stack has ended, or starts again; the page stays as it is.
    }
  }
  setTimeout(look, PAUSE_MS);
}

function update(page) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (fresh && !part.contains(document.activeElement) && fresh.innerHTML !== part.innerHTML) {
      part.replaceWith(fresh);
    }
  }
}

setTimeout(look, PAUSE_MS);
