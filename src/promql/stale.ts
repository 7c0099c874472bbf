/** Prometheus' staleness marker: the last sample of a series that has ended. */
import { staleNaNBits } from "../lib/series.ts";

const bits = new BigUint64Array(1);
const value = new Float64Array(bits.buffer);

/** A NaN with the bits of the marker. */
export function staleMarker(): number {
  bits[0] = staleNaNBits;
  return value[0]!;
}

/** True for the marker, also where the processor has set its quiet bit on the way; an ordinary NaN has another payload. */
export function isStale(v: number): boolean {
  if (!Number.isNaN(v)) return false;
  value[0] = v;
  return (bits[0]! & 0xfff7ffffffffffffn) === staleNaNBits;
}
