/** Stacks that outlive their generation: equal stacks of all generations get one number. */
import type { Frame, GenerationTables } from "../trace/model.ts";

/** Memory grows with the number of different stacks, not with the trace. */
export class Stacks {
  /** By number, leaf first; 0 is the empty stack. */
  readonly frames: (readonly Frame[])[] = [[]];
  private readonly byKey = new Map<string, number>([["", 0]]);
  private readonly byId = new Map<number, number>();
  private tables: GenerationTables | undefined;

  generation(tables: GenerationTables): void {
    this.tables = tables;
    this.byId.clear();
  }

  /** @param id stack id of the current generation. */
  of(id: number): number {
    if (id === 0 || this.tables === undefined) return 0;
    let number = this.byId.get(id);
    if (number === undefined) {
      const frames = this.tables.stack(id);
      const key = keyOf(frames);
      number = this.byKey.get(key);
      if (number === undefined) {
        number = this.frames.push(frames) - 1;
        this.byKey.set(key, number);
      }
      this.byId.set(id, number);
    }
    return number;
  }
}

/**
 * PCs name places of one binary, so equal PCs are equal stacks; `go tool trace` holds them for equal in the same way,
 * so that a frame without a place (PC 0) at the root is no frame.
 */
function keyOf(frames: readonly Frame[]): string {
  const last = frames.findLastIndex((frame) => frame.pc !== 0n);
  return frames
    .slice(0, last + 1)
    .map((frame) => frame.pc.toString(36))
    .join(",");
}
