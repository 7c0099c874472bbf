/** Words and columns of the text answer: colour, wrapping, names that fit. */

export type Style = { bold(text: string): string; dim(text: string): string; warn(text: string): string };

export const styleOf = (color: boolean): Style => {
  const paint = (code: string) => (text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: paint("1"), dim: paint("2"), warn: paint("1;33") };
};

/** Text in lines of at most `width` columns, each after `indent`; words longer than a line stay whole. */
export function wrap(text: string, width: number, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(indent + line);
  return lines.join("\n");
}

/** The end of a text matters most in names of functions and files. */
export const fitEnd = (text: string, width: number): string => (text.length <= width ? text : `…${text.slice(text.length - width + 1)}`);

/** Columns of equal width; the first and last are left-aligned, those between right-aligned. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 || column === row.length - 1 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
}
