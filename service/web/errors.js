// Keeps what went wrong in the scripts where a test (and a curious operator) finds it. A classic script, loaded before
// the modules, so that it also hears of those that fail to load.
{
  const record = (what) => {
    const place = document.body ?? document.documentElement;
    place.dataset.errors = [place.dataset.errors, String(what)].filter(Boolean).join(" | ");
  };
  addEventListener("error", (event) => record(event.message ?? `${event.target.src ?? event.target.href} failed to load`), true);
  addEventListener("unhandledrejection", (event) => record(event.reason?.stack ?? event.reason));
  addEventListener("securitypolicyviolation", (event) => record(`${event.violatedDirective}: ${event.blockedURI}`));
}
