// The little that is needed to write the document. Text is always text: no markup is ever made from data.

export const byId = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value == null) continue;
    if (key === "class") made.className = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child != null && child !== false));
  return made;
}

// Writes children only when what they show has changed, so that selections, focus and screen readers stay undisturbed.
export function fill(parent, model, children) {
  const key = JSON.stringify(model);
  if (parent.shownModel === key) return;
  parent.shownModel = key;
  parent.replaceChildren(...children(model));
}
