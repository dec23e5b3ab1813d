// Keeps a view fresh: asks when the server says that something changed, and each second where it cannot say so.

const POLL_MS = 1_000;
// An event may be lost on its way (a laptop that slept, a proxy that buffers), so a quiet stream is not trusted for long.
const QUIET_MS = 10_000;
const PATIENCE_MS = 10_000;

export function follow(url, { poll, onView, onLost }) {
  let timer;
  let asking = false;
  let again = false;
  let streaming = false;

  const ask = async () => {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    again = false;
    clearTimeout(timer);
    try {
      onView(await answer(url));
    } catch (error) {
      // What the service cannot help is a fault of the page, and is to be found as one.
      if (!(error instanceof NoAnswer)) reportError(error);
      onLost(error);
    } finally {
      asking = false;
      timer = setTimeout(ask, again ? 0 : streaming ? QUIET_MS : POLL_MS);
    }
  };

  if (!poll && "EventSource" in globalThis) {
    const events = new EventSource(`${url}/events`);
    events.addEventListener("open", () => (streaming = true));
    events.addEventListener("changed", ask);
    events.addEventListener("error", () => {
      streaming = false;
      ask();
    });
  }
  // A page that comes back to the front should not show what was true when it left.
  document.addEventListener("visibilitychange", () => document.hidden || ask());
  ask();
}

class NoAnswer extends Error {}

async function answer(url) {
  let response;
  try {
    response = await fetch(url, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new NoAnswer("the service does not answer");
  }
  const body = await response.json().catch(() => ({ detail: `its answer ${response.status} is not JSON` }));
  if (!response.ok || body.detail) throw new NoAnswer(body.detail ?? response.statusText);
  return body;
}
