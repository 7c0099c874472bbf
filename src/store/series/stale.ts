/** The staleness marker as a JavaScript number. A number keeps a NaN's payload in a typed array; an array of numbers may set its quiet bit. */
import { staleNaNBits } from "../../lib/series.ts";

const bits = new BigUint64Array(1);
const number = new Float64Array(bits.buffer);
const words = new Uint32Array(bits.buffer);
const quietBit = 0x0008_0000;
const high = Number(staleNaNBits >> 32n);
const low = Number(staleNaNBits & 0xffff_ffffn);

/** Whether `value` is the staleness marker, its quiet bit set or not. */
export function isStale(value: number): boolean {
  if (!Number.isNaN(value)) return false;
  number[0] = value;
  return words[0] === low && (words[1]! & ~quietBit) === high;
}

/** Prometheus' staleness marker ("this series ended here"); test with {@link isStale}, never with ===. */
export function staleMarker(): number {
  bits[0] = staleNaNBits;
  return number[0]!;
}

/** Writes `value` so that a marker gets its exact bits. */
export function storeValue(values: Float64Array, index: number, value: number): void {
  if (Number.isNaN(value) && isStale(value)) new BigUint64Array(values.buffer, values.byteOffset)[index] = staleNaNBits;
  else values[index] = value;
}
