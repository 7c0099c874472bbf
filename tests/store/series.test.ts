/** Long series and large selections on the embedded database; what every store does is in tests/contract/series.ts. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EpochMillis, epochMillis } from "../../src/lib/units.ts";
import { type OpenedStore, openStore } from "../../src/store/open.ts";
import type { TimeRange } from "../../src/store/ports.ts";
import { pages } from "../../src/store/series/reading.ts";
import { SqlSeriesStore } from "../../src/store/series/series-store.ts";
import { createDatabase } from "../../src/store/sql.ts";
import { freshDataDir, removeDir } from "../contract/data-dir.ts";

const range = (from: number, to: number): TimeRange => ({ from: epochMillis(from), to: epochMillis(to) });

const at = (i: number): EpochMillis => epochMillis(1000 * i);

describe("series store", () => {
  let dataDir: string;
  let opened: OpenedStore;
  const count = 300_000;
  beforeAll(async () => {
    dataDir = await freshDataDir();
    opened = await openStore({ dataDir });
    const long = Array.from({ length: count }, (_, i) => ({ t: at(i), v: i }));
    await opened.store.series.append([
      { labels: { __name__: "short", n: "1" }, samples: long.slice(0, 3) },
      { labels: { __name__: "long" }, samples: long },
      { labels: { __name__: "short", n: "2" }, samples: long.slice(0, 3) },
    ]);
  });
  afterAll(async () => {
    await opened?.close();
    removeDir(dataDir);
  });

  it("reads a series of many chunks in pieces, each sample once", async () => {
    const batches = await opened.store.series.select([], range(0, 1e9));
    batches.sort((a, b) => b.samples.length - a.samples.length);
    expect(batches.map(({ labels, samples }) => [labels["__name__"], samples.length])).toEqual([
      ["long", count],
      ["short", 3],
      ["short", 3],
    ]);
    expect(batches[0]!.samples.every(({ t, v }, i) => t === at(i) && v === i)).toBe(true);
    const [middle] = await opened.store.series.select([{ name: "__name__", op: "=", value: "long" }], range(at(777), at(count - 778)));
    expect([middle!.samples.length, middle!.samples[0]!.v, middle!.samples.at(-1)!.v]).toEqual([count - 2 * 777, 777, count - 778]);
  });

  it("reads while it is appended to: no sample is lost or read twice", async () => {
    const labels = { __name__: "busy" };
    const samples = Array.from({ length: 20_000 }, (_, i) => ({ t: epochMillis(2 * i), v: i }));
    await opened.store.series.append([{ labels, samples }]);
    // Each of these makes other chunks of the samples around it.
    const appends = Array.from({ length: 10 }, (_, i) =>
      opened.store.series.append([{ labels, samples: [{ t: epochMillis(4000 * i + 1), v: -1 }] }]),
    );
    const reads = Array.from({ length: 10 }, async () => {
      const [batch] = await opened.store.series.select([{ name: "__name__", op: "=", value: "busy" }], range(0, 1e9));
      return batch!.samples.filter(({ v }) => v >= 0).map(({ v }) => v);
    });
    const expected = samples.map(({ v }) => v);
    for (const read of await Promise.all(reads)) expect(read).toEqual(expected);
    await Promise.all(appends);
  });

  it("refuses a selection that is too large before it reads it", async () => {
    const small = new SqlSeriesStore(createDatabase(opened.pool), 10_000);
    await expect(small.select([], range(0, 1e9))).rejects.toMatchObject({
      code: "too_large",
      message: expect.stringContaining("10,000 samples"),
    });
    expect(await small.select([{ name: "n", op: "!=", value: "" }], range(0, 1e9))).toHaveLength(2);
  });

  it("cuts a reading by time", () => {
    const starts = Array.from({ length: 1200 }, (_, i) => ({ id: i < 1100 ? "1" : "2", first: String(i * 10), samples: 1 }));
    expect([...pages(starts, range(5, 99_999))]).toEqual([
      [{ id: "1", from: 5, to: 4999 }],
      [{ id: "1", from: 5000, to: 9999 }],
      [
        { id: "1", from: 10_000, to: 99_999 },
        { id: "2", from: 5, to: 99_999 },
      ],
    ]);
  });
});
