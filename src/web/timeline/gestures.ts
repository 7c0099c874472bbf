/** Wheel, mouse, touch and keys on the timeline, turned into views. */
import type { Layout } from "./layout.ts";
import { clampView, panView, zoomView, type View } from "./view.ts";

export type GestureTarget = {
  view(): View;
  readonly bounds: View;
  gutter(): number;
  layout(): Layout;
  onView(view: View, change: "moving" | "done"): void;
  onSelection(selection: View | undefined): void;
  onHover(x: number, y: number): void;
  onLeave(): void;
};

/** Listens on the canvas until the signal aborts. */
export function listenGestures(canvas: HTMLCanvasElement, target: GestureTarget, signal: AbortSignal): void {
  const at = (x: number): number => {
    const view = target.view();
    return view.from + ((x - target.gutter()) / Math.max(1, canvas.clientWidth - target.gutter())) * (view.to - view.from);
  };
  const pointers = new Map<number, number>();
  let mode: "none" | "select" | "pan" = "none";
  let origin = 0;
  let originView: View = target.view();
  let pinch = 0;

  const wheel = (event: WheelEvent): void => {
    const { from, to } = target.view();
    // Nothing to zoom out of: the wheel scrolls the page.
    if (event.deltaY > 0 && event.deltaX === 0 && from === target.bounds.from && to === target.bounds.to) return;
    event.preventDefault();
    const size = event.deltaMode === 1 ? 16 : 1;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const delta = (Math.abs(event.deltaX) > 0 ? event.deltaX : event.deltaY) * size;
      target.onView(panView(target.view(), delta / canvas.clientWidth, target.bounds), "moving");
    } else {
      const factor = Math.exp(Math.max(-60, Math.min(60, event.deltaY * size)) * 0.0035);
      target.onView(zoomView(target.view(), factor, at(Math.max(event.offsetX, target.gutter())), target.bounds), "moving");
    }
  };
  const down = (event: PointerEvent): void => {
    if (event.button > 1) return;
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, event.offsetX);
    origin = event.offsetX;
    originView = target.view();
    mode = event.pointerType === "touch" || event.shiftKey || event.button === 1 ? "pan" : "select";
    if (pointers.size === 2) {
      const [a, b] = [...pointers.values()] as [number, number];
      pinch = Math.max(12, Math.abs(a - b));
      origin = (a + b) / 2;
    }
    target.onLeave();
  };
  const move = (event: PointerEvent): void => {
    if (!pointers.has(event.pointerId)) {
      target.onHover(event.offsetX, event.offsetY);
      return;
    }
    pointers.set(event.pointerId, event.offsetX);
    const inner = Math.max(1, canvas.clientWidth - target.gutter());
    if (pointers.size === 2) {
      const [a, b] = [...pointers.values()] as [number, number];
      const anchor = originView.from + ((origin - target.gutter()) / inner) * (originView.to - originView.from);
      target.onView(zoomView(originView, pinch / Math.max(12, Math.abs(a - b)), anchor, target.bounds), "moving");
    } else if (mode === "pan") {
      target.onView(panView(originView, (origin - event.offsetX) / inner, target.bounds), "moving");
    } else if (mode === "select" && Math.abs(event.offsetX - origin) > 3) {
      target.onSelection({ from: at(Math.max(origin, target.gutter())), to: at(Math.max(event.offsetX, target.gutter())) });
    }
  };
  const up = (event: PointerEvent): void => {
    if (!pointers.delete(event.pointerId)) return;
    if (mode === "select") {
      target.onSelection(undefined);
      const [from, to] = [at(Math.max(origin, target.gutter())), at(Math.max(event.offsetX, target.gutter()))];
      if (Math.abs(event.offsetX - origin) > 3)
        target.onView(clampView({ from: Math.min(from, to), to: Math.max(from, to) }, target.bounds), "done");
    } else if (mode === "pan") {
      if (Math.abs(event.offsetX - origin) > 3) target.onView(target.view(), "done");
      else target.onHover(event.offsetX, event.offsetY);
    }
    mode = "none";
  };
  const cancel = (event: PointerEvent): void => {
    pointers.delete(event.pointerId);
    mode = "none";
    target.onSelection(undefined);
  };
  const key = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = keyView(event.key, event.shiftKey, target.view(), target.bounds);
    if (event.key === "Escape") {
      mode = "none";
      target.onSelection(undefined);
    }
    if (next === undefined) return;
    event.preventDefault();
    target.onView(next, "moving");
  };
  canvas.addEventListener("wheel", wheel, { passive: false, signal });
  canvas.addEventListener("pointerdown", down, { signal });
  canvas.addEventListener("pointermove", move, { signal });
  canvas.addEventListener("pointerup", up, { signal });
  canvas.addEventListener("pointercancel", cancel, { signal });
  canvas.addEventListener("pointerleave", () => target.onLeave(), { signal });
  canvas.addEventListener("dblclick", (event) => target.onView(zoomView(target.view(), 0.25, at(event.offsetX), target.bounds), "done"), {
    signal,
  });
  canvas.addEventListener("keydown", key, { signal });
  // Zooming works wherever the reader is, unless in a control; the arrows belong to the page until the timeline has the focus.
  document.addEventListener("keydown", (event) => event.target === document.body && "+=-0".includes(event.key) && key(event), { signal });
}

/** The view a key leads to; undefined for keys that mean nothing here. */
export function keyView(key: string, shift: boolean, view: View, bounds: View): View | undefined {
  const middle = (view.from + view.to) / 2;
  const length = view.to - view.from;
  switch (key) {
    case "ArrowLeft":
      return panView(view, shift ? -0.8 : -0.15, bounds);
    case "ArrowRight":
      return panView(view, shift ? 0.8 : 0.15, bounds);
    case "ArrowUp":
    case "+":
    case "=":
      return zoomView(view, 0.6, middle, bounds);
    case "ArrowDown":
    case "-":
      return zoomView(view, 1 / 0.6, middle, bounds);
    case "0":
      return { from: bounds.from, to: bounds.to };
    case "Home":
      return clampView({ from: bounds.from, to: bounds.from + length }, bounds);
    case "End":
      return clampView({ from: bounds.to - length, to: bounds.to }, bounds);
    default:
      return undefined;
  }
}
