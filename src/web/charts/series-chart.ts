/** One series: observed line, what was expected, the forecast with its bands, anomalous windows, now. */
import uPlot from "uplot";
import { alignSeries, chartColumns, valueRange, type ChartColumn, type ChartData } from "../align.ts";
import type { SeriesData } from "../api-types.ts";
import { onTheme, palette } from "../theme.ts";
import type { Span } from "../range.ts";
import { listenKeys } from "./keys.ts";
import { drawFuture, drawMark, drawShades, sharedCursor, timeAxis, valueAxis } from "./options.ts";
import { shadesOf, type Shade } from "./shades.ts";
import { chartWords, markOf, type Mark } from "./reading.ts";
import { chartTooltip } from "./tooltip.ts";
import { dragsAreNoClicks, placeWindowLinks } from "./windows.ts";

export type SeriesChart = {
  /** Shows other data in place; the chart is not made anew. */
  update(data: SeriesData, span: Span, now: number): void;
  setHeight(height: number): void;
  destroy(): void;
};

export type ChartOptions = {
  readonly title: string;
  readonly unit: string;
  readonly height: number;
  readonly syncKey: string;
  /** Series key: windows to which it contributed are shaded stronger. */
  readonly isContributor: (labels: Readonly<Record<string, string>>) => boolean;
  readonly onZoom: (span: Span) => void;
  readonly onReset: () => void;
  /** Opens an anomalous window by its id. */
  readonly onWindow: (id: string) => void;
};

const at = (column: ChartColumn): number => chartColumns.indexOf(column) + 1;

/** Makes the chart in `host`, which must be in the document and have a width. */
export function seriesChart(host: HTMLElement, options: ChartOptions): SeriesChart {
  let data: ChartData = alignSeries({ samples: [], past: [], forecast: null });
  let span: Span = { from: 0, to: 1 };
  let mark: Mark | undefined;
  let shades: Shade[] = [];
  let height = options.height;
  const tooltip = chartTooltip(options.unit);

  const hidden = { points: { show: false }, width: 0, stroke: "transparent" } as const;
  const chart = new uPlot(
    {
      width: Math.max(host.clientWidth, 80),
      height,
      ms: 1,
      padding: [8, 16, 0, 0],
      legend: { show: false },
      cursor: sharedCursor(options.syncKey),
      scales: {
        x: { time: true, range: () => [span.from, span.to] },
        y: { range: () => valueRange(data, span.from, span.to) },
      },
      axes: [timeAxis(), valueAxis(options.unit)],
      series: [
        {},
        hidden,
        hidden,
        { stroke: () => palette().expected, width: 1, dash: [2, 3], points: { show: false } },
        hidden,
        hidden,
        hidden,
        hidden,
        { stroke: () => palette().forecast, width: 1.75, dash: [6, 4], points: { show: false } },
        { stroke: () => palette().observed, width: 1.6, points: { show: false, size: 5, filter: isolatedPoints } },
      ],
      bands: [
        { series: [at("pastUpper"), at("pastLower")], fill: () => palette().pastBand },
        { series: [at("upper95"), at("lower95")], fill: () => palette().band95 },
        { series: [at("upper80"), at("lower80")], fill: () => palette().band80 },
      ],
      hooks: {
        drawClear: [(self) => mark !== undefined && drawFuture(self, mark.at), (self) => drawShades(self, shades)],
        draw: [(self) => mark !== undefined && drawMark(self, mark.at, mark.word), (self) => placeWindowLinks(self, shades)],
        setSelect: [
          (self) => {
            const { left, width } = self.select;
            if (width < 4) return;
            options.onZoom({ from: self.posToVal(left, "x"), to: self.posToVal(left + width, "x") });
            self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          },
        ],
        setCursor: [(self) => tooltip.show(self, data, shades)],
      },
    },
    toColumns(data),
    host,
  );
  chart.over.addEventListener("dblclick", options.onReset);
  tooltip.attach(chart);
  dragsAreNoClicks(chart);
  listenKeys(
    chart,
    () => shades,
    (shade) => options.onWindow(shade.id),
  );
  chart.over.setAttribute("role", "img");
  const resize = new ResizeObserver(() => {
    if (host.clientWidth > 0 && (host.clientWidth !== chart.width || height !== chart.height)) {
      chart.setSize({ width: host.clientWidth, height });
    }
  });
  resize.observe(host);
  const stopTheme = onTheme(() => chart.redraw(false, true));

  return {
    update(next, nextSpan, nextNow) {
      data = alignSeries(next);
      span = nextSpan;
      mark = markOf(next, nextSpan, nextNow);
      shades = shadesOf(next.anomalies, (anomaly) => anomaly.contributions.some((part) => options.isContributor(part.labels)));
      chart.setData(toColumns(data));
      chart.over.setAttribute("aria-label", chartWords(options.title, options.unit, next, nextSpan));
    },
    setHeight(next) {
      height = next;
      chart.setSize({ width: host.clientWidth, height });
    },
    destroy() {
      resize.disconnect();
      stopTheme();
      chart.destroy();
    },
  };
}

const toColumns = (data: ChartData): uPlot.AlignedData =>
  [data.x, ...chartColumns.map((column) => data.columns[column])] as uPlot.AlignedData;

/** A sample between two holes would not show in a line: it gets a dot. */
function isolatedPoints(chart: uPlot, seriesIndex: number): number[] | null {
  const column = chart.data[seriesIndex]!;
  const found: number[] = [];
  let before: number | null = null;
  let previous = -1;
  let gapBefore = true;
  for (let index = 0; index < column.length; index++) {
    const value = column[index];
    if (value === undefined) continue;
    if (value === null) {
      if (previous >= 0 && before !== null && gapBefore) found.push(previous);
      before = null;
      gapBefore = true;
      continue;
    }
    gapBefore = before === null;
    before = value;
    previous = index;
  }
  if (before !== null && gapBefore) found.push(previous);
  return found.length === 0 ? null : found;
}
