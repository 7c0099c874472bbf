/** Linear up to here, then by the logarithm: what is a thousand times too high stands above what is ten times, and neither drowns the rest. */
const linearTo = 10;

/** x for |x| ≤ 10, beyond ±10 (1 + ln(|x| / 10)): 1000 becomes 56, the largest number 7,100. NaN stays NaN. */
export function logCap(x: number): number {
  const size = Math.abs(x);
  if (!(size > linearTo)) return x;
  return Math.sign(x) * linearTo * (1 + Math.log(Math.min(size, Number.MAX_VALUE) / linearTo));
}
