/** The whole history of a target at a glance: its anomaly score, the threshold, anomalous windows, and the range shown below. */
import uPlot from "uplot";
import { withGaps } from "../align.ts";
import type { Anomaly } from "../api-types.ts";
import { formatNumber } from "../format.ts";
import type { Span } from "../range.ts";
import { onTheme, palette } from "../theme.ts";
import { listenKeys } from "./keys.ts";
import { drawFuture, drawMark, drawShades, sharedCursor, timeAxis } from "./options.ts";
import { shadesOf, type Shade } from "./shades.ts";
import { dragsAreNoClicks, placeWindowLinks } from "./windows.ts";

export type ScoreChart = {
  update(
    samples: readonly (readonly [number, number | null])[],
    anomalies: readonly Anomaly[],
    whole: Span,
    shown: Span,
    now: number,
  ): void;
  destroy(): void;
};

/** A drag on it chooses the range of the page. */
export function scoreChart(
  host: HTMLElement,
  onZoom: (span: Span) => void,
  onReset: () => void,
  onWindow: (id: string) => void,
): ScoreChart {
  let whole: Span = { from: 0, to: 1 };
  let shown: Span = { from: 0, to: 1 };
  let now = 0;
  let shades: Shade[] = [];
  let top = 1.6;
  const chart = new uPlot(
    {
      width: Math.max(host.clientWidth, 80),
      height: 104,
      ms: 1,
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: sharedCursor("overview"),
      scales: { x: { time: true, range: () => [whole.from, whole.to] }, y: { range: () => [0, top] } },
      axes: [
        timeAxis(),
        {
          stroke: () => palette().muted,
          grid: { show: false },
          ticks: { show: false },
          font: "11px system-ui, sans-serif",
          size: 62,
          gap: 6,
          space: 28,
          values: (_chart, splits) => splits.map((value) => `× ${value}`),
        },
      ],
      series: [{}, { stroke: () => palette().observed, width: 1.4, fill: () => palette().brush, points: { show: false } }],
      hooks: {
        drawClear: [(self) => drawFuture(self, now), (self) => drawShades(self, shades)],
        draw: [
          drawThreshold,
          (self) => drawBrush(self, shown),
          (self) => drawMark(self, now, "now"),
          (self) => placeWindowLinks(self, shades),
        ],
        setSelect: [
          (self) => {
            const { left, width } = self.select;
            if (width < 4) return;
            onZoom({ from: self.posToVal(left, "x"), to: self.posToVal(left + width, "x") });
            self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          },
        ],
      },
    },
    [[], []],
    host,
  );
  chart.over.addEventListener("dblclick", onReset);
  dragsAreNoClicks(chart);
  listenKeys(
    chart,
    () => shades,
    (shade) => onWindow(shade.id),
  );
  chart.over.setAttribute("role", "img");
  const resize = new ResizeObserver(() => {
    if (host.clientWidth > 0 && host.clientWidth !== chart.width) chart.setSize({ width: host.clientWidth, height: 104 });
  });
  resize.observe(host);
  const stopTheme = onTheme(() => chart.redraw(false, true));
  return {
    update(samples, nextAnomalies, nextWhole, nextShown, nextNow) {
      shades = shadesOf(nextAnomalies, () => true);
      whole = nextWhole;
      shown = nextShown;
      now = nextNow;
      const points = withGaps(samples);
      top = Math.max(1.6, ...points.map((point) => (point[1] ?? 0) * 1.12));
      chart.setData([points.map((point) => point[0]), points.map((point) => point[1])]);
      const last = samples.findLast((sample) => sample[1] !== null)?.[1];
      chart.over.setAttribute(
        "aria-label",
        `Anomaly score, newest × ${formatNumber(last ?? Number.NaN)} of threshold, ${shades.length} anomalous windows`,
      );
    },
    destroy() {
      resize.disconnect();
      stopTheme();
      chart.destroy();
    },
  };
}

function drawThreshold(chart: uPlot): void {
  const { ctx, bbox } = chart;
  const y = Math.round(chart.valToPos(1, "y", true));
  ctx.save();
  ctx.strokeStyle = palette().anomalyEdge;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

/** What the charts below do not show is veiled. */
function drawBrush(chart: uPlot, shown: Span): void {
  const { ctx, bbox } = chart;
  const clamp = (x: number): number => Math.min(Math.max(x, bbox.left), bbox.left + bbox.width);
  const left = clamp(chart.valToPos(shown.from, "x", true));
  const right = clamp(chart.valToPos(shown.to, "x", true));
  ctx.save();
  ctx.fillStyle = palette().surface;
  ctx.globalAlpha = 0.62;
  ctx.fillRect(bbox.left, bbox.top, left - bbox.left, bbox.height);
  ctx.fillRect(right, bbox.top, bbox.left + bbox.width - right, bbox.height);
  ctx.globalAlpha = 1;
  ctx.strokeStyle = palette().observed;
  ctx.lineWidth = devicePixelRatio;
  if (right > left) ctx.strokeRect(left, bbox.top + 0.5, right - left, bbox.height - 1);
  ctx.restore();
}
