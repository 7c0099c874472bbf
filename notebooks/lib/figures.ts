/** Small figures for the notebooks: SVG and HTML as text, the same bytes for the same numbers. */

/** Okabe and Ito's palette: told apart by colour-blind readers too. */
export const palette = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#999999", "#f0e442"];

export type Curve = { name: string; values: readonly number[]; color?: string };
export type Axes = {
  title: string;
  xLabel: string;
  yLabel: string;
  x: readonly number[];
  curves: readonly Curve[];
  height?: number;
  /** Logarithmic y axis; values ≤ 0 are left out. */
  log?: boolean;
  /** Drawn as a shaded column behind the curves, in units of x. */
  marks?: readonly { from: number; to: number }[];
};

const width = 760;
const left = 64;
const right = 12;
const top = 46;
const bottom = 42;

/** Curves over x. */
export function lines(axes: Axes): string {
  return chart(
    axes,
    axes.curves.map((curve) => curve.values),
    (plot) =>
      axes.curves
        .map((curve, i) => {
          let path = "";
          let pen = "M";
          for (const [k, value] of curve.values.entries()) {
            if (!Number.isFinite(value) || (axes.log === true && value <= 0)) {
              pen = "M";
              continue;
            }
            path += `${pen}${fix(plot.x(axes.x[k]!))} ${fix(plot.y(value))}`;
            pen = "L";
          }
          return `<path d="${path}" fill="none" stroke="${color(curve, i)}" stroke-width="1.5"/>`;
        })
        .join(""),
  );
}

/** Curves on top of each other: the height is their sum. */
export function stacked(axes: Axes): string {
  const sums: number[][] = [];
  for (const curve of axes.curves) {
    const below = sums.at(-1);
    sums.push(curve.values.map((value, k) => value + (below?.[k] ?? 0)));
  }
  return chart(axes, sums, (plot) =>
    axes.curves
      .map((curve, i) => {
        const upper = sums[i]!.map((value, k) => `${fix(plot.x(axes.x[k]!))} ${fix(plot.y(value))}`);
        const lower = axes.x.map((x, k) => `${fix(plot.x(x))} ${fix(plot.y(i === 0 ? 0 : sums[i - 1]![k]!))}`).reverse();
        return `<path d="M${[...upper, ...lower].join("L")}Z" fill="${color(curve, i)}" fill-opacity="0.85"/>`;
      })
      .join(""),
  );
}

/** One horizontal bar for each row, with its value written out. */
export function bars(figure: { title: string; rows: readonly { label: string; value: number; text: string }[] }): string {
  const label = 250;
  const height = 40 + figure.rows.length * 22;
  const largest = Math.max(...figure.rows.map((row) => row.value), Number.MIN_VALUE);
  const body = figure.rows.map((row, i) => {
    const y = 34 + i * 22;
    const length = (row.value / largest) * (width - label - 110);
    return (
      `<text x="${label - 6}" y="${y + 13}" text-anchor="end">${escape(row.label)}</text>` +
      `<rect x="${label}" y="${y + 2}" width="${fix(length)}" height="15" fill="${palette[0]}"/>` +
      `<text x="${fix(label + length + 5)}" y="${y + 13}">${escape(row.text)}</text>`
    );
  });
  return svg(height, figure.title, body.join(""));
}

export type Lane = { label: string; spans: readonly { start: number; end: number; color: string }[] };

/** Spans of time in rows; the legend names the colours. */
export function lanes(figure: {
  title: string;
  xLabel: string;
  from: number;
  to: number;
  lanes: readonly Lane[];
  legend: readonly { name: string; color: string }[];
}): string {
  const row = 22;
  const height = top + figure.lanes.length * row + bottom;
  const x = scale(figure.from, figure.to, left + 40, width - right);
  const body = figure.lanes.map((lane, i) => {
    const y = top + i * row;
    const spans = lane.spans
      .filter((span) => span.end > figure.from && span.start < figure.to)
      .map((span) => {
        const from = x(Math.max(span.start, figure.from));
        const to = x(Math.min(span.end, figure.to));
        return `<rect x="${fix(from)}" y="${y + 2}" width="${fix(Math.max(to - from, 0.4))}" height="${row - 4}" fill="${span.color}"/>`;
      });
    return `<text x="${left + 34}" y="${y + 15}" text-anchor="end">${escape(lane.label)}</text>${spans.join("")}`;
  });
  const floor = top + figure.lanes.length * row;
  return svg(height, figure.title, body.join("") + xAxis(x, figure.from, figure.to, floor, figure.xLabel, height) + legend(figure.legend));
}

/** An HTML table; numbers to the right. */
export function table(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const numeric = columns.map((_, i) => rows.every((row) => typeof row[i] === "number"));
  const align = (i: number): string => (numeric[i] ? ' style="text-align:right"' : ' style="text-align:left"');
  const head = columns.map((name, i) => `<th${align(i)}>${escape(name)}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((cell, i) => `<td${align(i)}>${escape(show(cell))}</td>`).join("")}</tr>`);
  return `<table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>`;
}

type Plot = { x: (value: number) => number; y: (value: number) => number };

function chart(axes: Axes, drawn: readonly (readonly number[])[], draw: (plot: Plot) => string): string {
  const height = axes.height ?? 250;
  const all = drawn.flat().filter((value) => Number.isFinite(value) && (axes.log !== true || value > 0));
  const from = axes.x[0] ?? 0;
  const to = axes.x.at(-1) ?? 1;
  const floor = height - bottom;
  const x = scale(from, to, left, width - right);
  let y: (value: number) => number;
  let steps: number[];
  if (axes.log === true) {
    const low = Math.floor(Math.log10(Math.min(...all)));
    const high = Math.ceil(Math.log10(Math.max(...all)));
    const linear = scale(low, high, floor, top);
    y = (value) => linear(Math.log10(value));
    steps = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  } else {
    steps = ticks(0, Math.max(...all, 0));
    y = scale(0, Math.max(steps.at(-1)!, Number.MIN_VALUE), floor, top);
  }
  const grid = steps.map(
    (value) =>
      `<path d="M${left} ${fix(y(value))}H${width - right}" stroke="#ddd"/>` +
      `<text x="${left - 5}" y="${fix(y(value) + 4)}" text-anchor="end">${axes.log === true ? power(value) : show(value)}</text>`,
  );
  const marks = (axes.marks ?? []).map(
    (mark) =>
      `<rect x="${fix(x(mark.from))}" y="${top}" width="${fix(Math.max(x(mark.to) - x(mark.from), 1))}" height="${floor - top}" fill="#d55e00" fill-opacity="0.15"/>`,
  );
  const yLabel = `<text transform="translate(13 ${(top + floor) / 2}) rotate(-90)" text-anchor="middle">${escape(axes.yLabel)}</text>`;
  const names = legend(axes.curves.map((curve, i) => ({ name: curve.name, color: color(curve, i) })));
  return svg(
    height,
    axes.title,
    marks.join("") + grid.join("") + draw({ x, y }) + xAxis(x, from, to, floor, axes.xLabel, height) + yLabel + names,
  );
}

function xAxis(x: (value: number) => number, from: number, to: number, floor: number, label: string, height: number): string {
  const steps = ticks(from, to).filter((value) => value >= from && value <= to * (1 + 1e-9));
  const marks = steps.map(
    (value) =>
      `<path d="M${fix(x(value))} ${floor}v4" stroke="#444"/><text x="${fix(x(value))}" y="${floor + 17}" text-anchor="middle">${show(value)}</text>`,
  );
  const axis = `<path d="M${fix(x(from))} ${floor}H${width - right}" stroke="#444"/>`;
  return `${axis}${marks.join("")}<text x="${(left + width) / 2}" y="${height - 6}" text-anchor="middle">${escape(label)}</text>`;
}

function legend(entries: readonly { name: string; color: string }[]): string {
  if (entries.length < 2) return "";
  let x = left;
  return entries
    .map((entry) => {
      const at = x;
      x += 24 + entry.name.length * 6.6;
      return `<rect x="${fix(at)}" y="28" width="11" height="11" fill="${entry.color}"/><text x="${fix(at + 15)}" y="38">${escape(entry.name)}</text>`;
    })
    .join("");
}

function svg(height: number, title: string, body: string): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="sans-serif" font-size="12" fill="#222"><rect width="${width}" height="${height}" fill="#fff"/>` +
    `<text x="10" y="18" font-size="14" font-weight="bold">${escape(title)}</text>${body}</svg>`
  );
}

const color = (curve: Curve, i: number): string => curve.color ?? palette[i % palette.length]!;
const scale =
  (from: number, to: number, low: number, high: number) =>
  (value: number): number =>
    to === from ? low : low + ((value - from) / (to - from)) * (high - low);

/** About five round steps that cover [from, to]. */
function ticks(from: number, to: number): number[] {
  if (!(to > from)) return [from, from + 1];
  const rough = (to - from) / 5;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * size >= rough)! * size;
  const steps: number[] = [];
  for (let k = Math.floor(from / step); k * step < to + step; k++) steps.push(Number((k * step).toPrecision(12)));
  return steps;
}

const fix = (value: number): string => String(Number(value.toFixed(1)));
const power = (value: number): string =>
  value >= 0.01 && value <= 1000 ? String(Number(value.toPrecision(3))) : value.toExponential(0).replace("e+", "e");
const show = (cell: string | number): string =>
  typeof cell === "string" ? cell : Number.isInteger(cell) ? cell.toLocaleString("en-US") : String(Number(cell.toPrecision(4)));
const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
