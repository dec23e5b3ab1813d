// The list of sites, kept fresh by asking for itself: the server has already written all that is to be shown.

import { byId } from "./dom.js";

const EVERY_MS = 5_000;

async function refresh() {
  const notice = byId("notice");
  try {
    const response = await fetch(location.href);
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("sites");
    // Links keep the focus while nothing has changed.
    if (fresh && fresh.innerHTML !== byId("sites").innerHTML) byId("sites").replaceWith(document.adoptNode(fresh));
    notice.hidden = true;
  } catch (error) {
    notice.textContent = `No fresh data (${error.message}). Trying again.`;
    notice.hidden = false;
  }
  setTimeout(refresh, EVERY_MS);
}

setTimeout(refresh, EVERY_MS);
