/** CPU profile samples of an old-format trace. They are ordered by the time they were taken at, whatever buffer they lie in. */
import { idOrNone } from "../varint.ts";
import { GrowingFloat64 } from "./growing.ts";

export class OldSamples {
  /** Ticks. */
  time: Float64Array = new Float64Array(0);
  proc: Float64Array = new Float64Array(0);
  goroutine: Float64Array = new Float64Array(0);
  stack: Float64Array = new Float64Array(0);
  readonly #rows = new GrowingFloat64();

  get count(): number {
    return this.#rows.length / 4;
  }

  add(time: number, proc: number, goroutine: number, stack: number): void {
    this.#rows.push(time);
    // The reference keeps 32 bits of it.
    this.#rows.push(idOrNone(proc) | 0);
    this.#rows.push(goroutine);
    this.#rows.push(stack);
  }

  /** Makes the columns, in order of time. @param slotOf slot of a goroutine by its id: that is what the column has. */
  sort(slotOf: (id: number) => number): void {
    const rows = this.#rows.values;
    const order = Uint32Array.from({ length: this.count }, (_, i) => i).sort((a, b) => rows[a * 4] - rows[b * 4] || a - b);
    const column = (which: number): Float64Array => Float64Array.from(order, (row) => rows[row * 4 + which]);
    this.time = column(0);
    this.proc = column(1);
    this.goroutine = column(2).map(slotOf);
    this.stack = column(3);
  }
}
