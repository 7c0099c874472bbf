/** A smaller input that fails in the same way: pieces, events and bytes are taken away as long as it still does. */
import { checkInput, type InputKind } from "./check.ts";
import { putTogether, takeApart, type Shape } from "./shape.ts";

/** Failures are of one kind when only numbers differ. */
export const kindOfFailure = (message: string): string => message.replaceAll(/-?\d+(\.\d+)?/g, "N").slice(0, 200);

async function failure(kind: InputKind, bytes: Uint8Array, seed: number): Promise<string | undefined> {
  try {
    await checkInput(kind, bytes, seed);
    return undefined;
  } catch (error) {
    return kindOfFailure(error instanceof Error ? error.message : String(error));
  }
}

/** @param most checks to spend. */
export async function minimise(kind: InputKind, input: Uint8Array, seed: number, most = 400): Promise<Uint8Array> {
  const wanted = await failure(kind, input, seed);
  if (wanted === undefined) return input;
  const best = { bytes: input, left: most };
  const holds = async (bytes: Uint8Array): Promise<boolean> => {
    if (best.left-- <= 0 || bytes.length >= best.bytes.length || (await failure(kind, bytes, seed)) !== wanted) return false;
    best.bytes = bytes;
    return true;
  };
  for (let before = input.length + 1; best.bytes.length < before && best.left > 0;) {
    before = best.bytes.length;
    if (kind === "trace") await withoutParts(() => takeApart(best.bytes), holds);
    for (let size = before >> 1; size > 0 && best.left > 0; size >>= 1)
      for (let at = 0; at < best.bytes.length && best.left > 0;)
        if (!(await holds(Uint8Array.from([...best.bytes.subarray(0, at), ...best.bytes.subarray(at + size)])))) at += size;
  }
  return best.bytes;
}

async function withoutParts(shapeOf: () => Shape, holds: (bytes: Uint8Array) => Promise<boolean>): Promise<void> {
  for (let at = shapeOf().pieces.length - 1; at >= 0; at--) {
    const shape = shapeOf();
    shape.pieces.splice(at, 1);
    await holds(putTogether(shape));
  }
  for (let at = 0; at < shapeOf().pieces.length; at++) {
    for (let size = 64; size > 0; size >>= 2) {
      for (let from = 0; ; from += size) {
        const shape = shapeOf();
        const piece = shape.pieces[at];
        if (piece?.kind !== "events" || from >= piece.events.length) break;
        piece.events.splice(from, size);
        if (await holds(putTogether(shape))) from -= size;
      }
    }
  }
}
