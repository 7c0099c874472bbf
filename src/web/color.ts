/** Stable colours: the same function has the same colour in every trace, at every zoom, on every reader's screen. */

/** Hues chosen to stay apart for common colour-vision deficiencies; the two themes differ in lightness only. */
const hues = [212, 28, 152, 280, 190, 330, 95, 248, 48, 172, 305, 12];

export type Ink = { readonly fill: string; readonly text: string };

/** FNV-1a, 32 bit. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash ^= text.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/** Fill and readable text of a goroutine's entry function. The runtime's own goroutines are grey, its GC workers amber. */
export function functionInk(name: string, dark: boolean): Ink {
  if (name.startsWith("runtime.gcBgMarkWorker")) return dark ? ink("hsl(40 70% 52%)", "#1b1300") : ink("hsl(40 88% 62%)", "#2a1c00");
  if (/^runtime(\.|\/)/.test(name) && name !== "runtime.main")
    return dark ? ink("hsl(220 9% 46%)", "#ffffff") : ink("hsl(220 10% 68%)", "#12161d");
  const hash = hashText(name);
  const hue = hues[hash % hues.length]!;
  const shift = ((hash >>> 8) % 3) * 5;
  return dark ? ink(`hsl(${hue} 54% ${74 - shift}%)`, "#0b0e13") : ink(`hsl(${hue} 64% ${78 - shift}%)`, "#10141b");
}

const ink = (fill: string, text: string): Ink => ({ fill, text });

/** The part of a Go function name that people read: path of the package left out. `github.com/a/b/c.(*T).M` → `c.(*T).M`. */
export function shortFunction(name: string): string {
  const bracket = name.indexOf("[");
  const head = bracket < 0 ? name : name.slice(0, bracket);
  const slash = head.lastIndexOf("/");
  return slash < 0 ? name : name.slice(slash + 1);
}
