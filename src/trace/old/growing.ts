/** Columns that grow with what comes: doubled when full, never one object a row. */

export class GrowingUint32 {
  values: Uint32Array = new Uint32Array(256);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) this.values = grown(this.values, new Uint32Array(this.length * 2));
    this.values[this.length++] = value;
  }
}

export class GrowingFloat64 {
  values: Float64Array = new Float64Array(256);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) this.values = grown(this.values, new Float64Array(this.length * 2));
    this.values[this.length++] = value;
  }
}

/** `next` with the values of `old` at its beginning. */
export function grown<T extends Uint8Array | Int32Array | Uint32Array | Float64Array>(old: T, next: T): T {
  next.set(old);
  return next;
}
