/** Exports of damaged traces: whatever reading delivers before the break is written in a valid form, and nothing but a ForetraceError comes out. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { otlpExporter } from "../../src/export/otlp/exporter.ts";
import { perfettoExporter } from "../../src/export/perfetto/exporter.ts";
import { pprofExporter } from "../../src/export/pprof/exporter.ts";
import { speedscopeExporter } from "../../src/export/speedscope/exporter.ts";
import { isForetraceError } from "../../src/lib/errors.ts";
import { traceFromText } from "../../src/trace/text/from-text.ts";
import { oldTrace } from "../helpers/fixtures.ts";
import { checkOtlp } from "./otlp-rules.ts";
import { readPerfetto } from "./perfetto-reader.ts";
import { exportedByAll } from "./run.ts";

const manyGenerations = join(import.meta.dirname, "../fixtures/traces/esbuild-0.28.2-go1.26.5-cpuprofile.trace.gz");
const clock = { wallAtOrigin: 10n ** 18n, source: "time given", errorMillis: undefined };

/** Slices that were written. */
async function exportAll(bytes: Uint8Array): Promise<number> {
  try {
    const [perfetto, otlp, speedscope] = await exportedByAll(bytes, [
      (target) => perfettoExporter("test", target),
      (target) => otlpExporter({ service: "test", clock }, target),
      (target) => speedscopeExporter("test", target),
      (target) => pprofExporter("sync", target),
    ]);
    const slices = perfetto!.length > 0 ? readPerfetto(perfetto!).slices.length : 0;
    checkOtlp(otlp!);
    JSON.parse(new TextDecoder().decode(speedscope));
    return slices;
  } catch (error) {
    if (!isForetraceError(error)) throw error;
    return 0;
  }
}

test("bytes changed, cut and repeated", async () => {
  // Several generations, so that something comes before the break; and the old format.
  const bases = [gunzipSync(readFileSync(manyGenerations)), readFileSync(oldTrace)];
  let withEvents = 0;
  const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), byte: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...bases),
      fc.array(change, { maxLength: 3 }),
      fc.double({ min: 0.2, max: 1, noNaN: true }),
      async (base, changes, kept) => {
        const bytes = Uint8Array.from(base.subarray(0, Math.ceil(base.length * kept)));
        for (const { at, byte } of changes) bytes[Math.floor(at * (bytes.length - 1))] = byte;
        if ((await exportAll(bytes)) > 0) withEvents++;
      },
    ),
    { numRuns: 60 },
  );
  // Most changes break the first generation; some leave something to export.
  expect(withEvents).toBeGreaterThan(0);
});

test("an empty generation", async () => {
  const bytes = traceFromText("Trace Go1.26\nEventBatch gen=1 m=18446744073709551615 time=1 size=5\nFrequency freq=15625000\n");
  expect(await exportAll(bytes)).toBe(0);
});
