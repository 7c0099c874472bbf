/** Moments of the wall clock as RFC 3339 writes them, zone included. A file of its own, so that reading one loads nothing else. */
const rfc3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2})?)(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/** Milliseconds since 1970 with their fraction; undefined when the text has another form, NaN when there is no such moment. */
export function rfc3339Millis(text: string): number | undefined {
  const found = rfc3339.exec(text);
  if (found === null) return undefined;
  const [, day, time, fraction, zone] = found;
  // Date.parse stops at milliseconds; the fraction may go on.
  return Date.parse(`${day}T${time}${zone!.toUpperCase()}`) + Number(fraction ?? 0) * 1000;
}
