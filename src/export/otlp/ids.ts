/** Trace and span ids: hashes of what they identify, so that the same trace file gives the same ids. */

/** 32-bit FNV-1a over the text's UTF-16 units, with a final mix; `seed` makes independent lanes. */
function hash32(text: string, seed: number): number {
  let h = 0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1);
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function hex(text: string, lanes: number): string {
  let out = "";
  for (let lane = 1; lane <= lanes; lane++) out += hash32(text, lane).toString(16).padStart(8, "0");
  // All zeros mean "no id".
  return /[^0]/.test(out) ? out : out.slice(1) + "1";
}

/** 16 bytes in hex. */
export const traceId = (text: string): string => hex(text, 4);
/** 8 bytes in hex. */
export const spanId = (text: string): string => hex(`span/${text}`, 2);
