/** Elements without a framework. No inline styles or handlers in markup: the page runs under `default-src 'self'`. */
type Child = Node | string | number | null | undefined | false | readonly Child[];
type Handler = (event: never) => void;
type Props = Readonly<Record<string, string | number | boolean | undefined | Handler>>;

/** `h("a", { class: "x", href: "/", onclick: f }, "text", child)`; false and undefined leave a property or child out. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key.replace(/^on/, ""), value as unknown as EventListener);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

function append(parent: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(parent, child as readonly Child[]);
    else parent.append(child instanceof Node ? child : String(child as string | number));
  }
}

const paths = {
  sun: "M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M4.9 4.9l1.8 1.8M17.3 17.3l1.8 1.8M4.9 19.1l1.8-1.8M17.3 6.7l1.8-1.8",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  zoomIn: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM21 21l-5-5M8 11h6M11 8v6",
  zoomOut: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM21 21l-5-5M8 11h6",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  expand: "M14 4h6v6M10 20H4v-6M20 4l-7 7M4 20l7-7",
  alert: "M12 3.5 2.5 20h19L12 3.5ZM12 10v4.5M12 17.2v.3",
  check: "M4.5 12.5l5 5 10-11",
  upload: "M12 20V9M7 13l5-5 5 5M5 4h14",
  close: "M6 6l12 12M18 6 6 18",
  trace: "M3 6h8M7 12h10M13 18h8",
} as const;

/** A line icon in the colour of its text; decoration only, the control beside it carries the words. */
export function icon(name: keyof typeof paths): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", paths[name]);
  svg.append(path);
  return svg;
}

/**
 * Replaces the children only when the key changed since the last call, so that a refresh does not flicker.
 * Keyboard focus inside moves to the new control of the same purpose (address, label or words).
 */
export function renderKeyed(element: Element, key: string, make: () => readonly Child[]): void {
  if (rendered.get(element) === key) return;
  rendered.set(element, key);
  const focused = element.contains(document.activeElement) ? purpose(document.activeElement!) : undefined;
  element.replaceChildren();
  append(element, make());
  if (focused === undefined) return;
  const again = [...element.querySelectorAll<HTMLElement>("a, button, summary")].find((one) => purpose(one) === focused);
  again?.focus({ preventScroll: true });
}
const purpose = (control: Element): string =>
  `${control.tagName} ${control.getAttribute("href") ?? control.getAttribute("aria-label") ?? control.textContent}`;
const rendered = new WeakMap<Element, string>();
