/**
 * Writes protobuf messages (wire format: protobuf.dev/programming-guides/encoding) into one growing buffer, without an object a field.
 * Nested messages are written in place: one byte is kept for the length, and the message moves up where that is too little (128 bytes or more).
 */
const encoder = new TextEncoder();

export class ProtoWriter {
  private buffer = new Uint8Array(64 * 1024);
  private at = 0;

  get length(): number {
    return this.at;
  }

  /** What was written since the last call, as a copy. */
  take(): Uint8Array {
    const bytes = this.buffer.slice(0, this.at);
    this.at = 0;
    return bytes;
  }

  /** uint64, int64, enum or bool; whole numbers from −2^53 to 2^53. */
  varint(field: number, value: number): void {
    this.reserve(20);
    this.raw(field * 8);
    if (value >= 0) this.raw(value);
    else this.rawBig(BigInt.asUintN(64, BigInt(value)));
  }

  bigVarint(field: number, value: bigint): void {
    this.reserve(20);
    this.raw(field * 8);
    this.rawBig(BigInt.asUintN(64, value));
  }

  /** fixed64 of a whole number below 2^53. */
  fixed64(field: number, value: number): void {
    this.reserve(20);
    this.raw(field * 8 + 1);
    const high = Math.floor(value / 2 ** 32);
    for (let half = 0; half < 2; half++) {
      const bits = half === 0 ? value >>> 0 : high;
      for (let shift = 0; shift < 32; shift += 8) this.buffer[this.at++] = (bits >>> shift) & 255;
    }
  }

  string(field: number, text: string): void {
    this.reserve(20 + text.length * 3);
    this.raw(field * 8 + 2);
    if (text.length < 43) {
      // At most 127 bytes: the length takes one.
      const { written } = encoder.encodeInto(text, this.buffer.subarray(this.at + 1));
      this.buffer[this.at] = written;
      this.at += 1 + written;
      return;
    }
    const bytes = encoder.encode(text);
    this.raw(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** A packed repeated field of whole numbers ≥ 0. */
  packed(field: number, values: readonly number[]): void {
    const mark = this.begin(field);
    this.reserve(values.length * 10);
    for (const value of values) this.raw(value);
    this.end(mark);
  }

  /** Begins a nested message; give what it returns to {@link end}. */
  begin(field: number): number {
    this.reserve(20);
    this.raw(field * 8 + 2);
    const mark = this.at;
    this.at++;
    return mark;
  }

  /** Ends the message that began at `mark`. */
  end(mark: number): void {
    const length = this.at - mark - 1;
    if (length < 128) {
      this.buffer[mark] = length;
      return;
    }
    const width = length < 2 ** 14 ? 2 : length < 2 ** 21 ? 3 : length < 2 ** 28 ? 4 : 5;
    this.reserve(width);
    this.buffer.copyWithin(mark + width, mark + 1, this.at);
    this.at = mark;
    this.raw(length);
    this.at += length;
  }

  private raw(value: number): void {
    let rest = value;
    // Bit operations hold 31 bits; above, arithmetic.
    while (rest > 0x7fffffff) {
      this.buffer[this.at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    for (; rest > 127; rest >>>= 7) this.buffer[this.at++] = (rest & 127) | 128;
    this.buffer[this.at++] = rest;
  }

  private rawBig(value: bigint): void {
    let rest = value;
    for (; rest > 127n; rest >>= 7n) this.buffer[this.at++] = Number(rest & 127n) | 128;
    this.buffer[this.at++] = Number(rest);
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.at + bytes));
    grown.set(this.buffer.subarray(0, this.at));
    this.buffer = grown;
  }
}
