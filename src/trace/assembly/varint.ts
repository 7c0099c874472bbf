/** Varints from eight bytes at once, without a branch on their length. */

const STOP: u64 = 0x8080808080808080;

/** The bits that end varints: the top bit of every byte below 128. */
// @ts-ignore: decorator
@inline
export function stopsOf(word: u64): u64 {
  return ~word & STOP;
}

/** Length in bits of the varint that begins the word, by its {@link stopsOf}; 72 where its end is not in the word. */
// @ts-ignore: decorator
@inline
export function bitsOf(stops: u64): u64 {
  return (ctz(stops) & 0x78) + 8;
}

/** The bits of a word up to the first stop, put together. Nearly all are of four bytes at most. */
// @ts-ignore: decorator
@inline
export function valueOf(word: u64, stops: u64): u64 {
  let x = word & (stops ^ (stops - 1));
  if ((stops & 0x80808080) != 0) {
    let low = <u32>x;
    low = (low & 0x007f007f) | ((low >> 1) & 0x3f803f80);
    return <u64>((low & 0x3fff) | ((low >> 2) & 0x0fffc000));
  }
  x = (x & 0x007f007f007f007f) | ((x >> 1) & 0x3f803f803f803f80);
  x = (x & 0x00003fff00003fff) | ((x >> 2) & 0x0fffc0000fffc000);
  return (x & 0x000000000fffffff) | ((x >> 4) & 0x00fffffff0000000);
}

/** Where the last {@link longVarint} ended; 0 when it was none. */
export let longEnd: usize = 0;

/** A varint of any length, byte by byte. */
export function longVarint(from: usize, limit: usize): u64 {
  let value: u64 = 0;
  longEnd = 0;
  for (let i: usize = 0; i < 10 && from + i < limit; i++) {
    const byte = <u64>load<u8>(from + i);
    value |= (byte & 127) << (7 * <u64>i);
    if (byte < 128) {
      if (i == 9 && byte > 1) return 0;
      longEnd = from + i + 1;
      return value;
    }
  }
  return 0;
}
