/** What a salvage gives of damaged recordings: the rows of the table in docs/salvage.md. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../../src/lib/random.ts";
import { confirmedBy, reading, ticksOf } from "./recovery.ts";

/** One of each format that a whole recording of handy size has. */
const traces = [
  "esbuild-0.12.29-go1.17.1-mid",
  "nats-server-2.9.10-go1.19.8-load3s",
  "esbuild-0.23.1-go1.22.5-small",
  "esbuild-0.27.7-go1.25.7-small",
  "esbuild-0.28.2-go1.26.5-watch",
] as const;

export type SalvageRow = {
  readonly trace: string;
  readonly damage: string;
  /** Events by default, with a salvage, and in the whole file. */
  readonly ordinary: number;
  readonly salvaged: number;
  readonly whole: number;
  /** Share of the salvaged that the whole file has within 10 ms. */
  readonly confirmed: number;
};

function* damagesOf(bytes: Uint8Array): Generator<[string, Uint8Array]> {
  for (const percent of [20, 60, 90]) yield [`cut at ${percent} %`, bytes.subarray(0, Math.floor((bytes.length * percent) / 100))];
  for (const count of [1, 10, 100]) {
    const random = createRandom(count);
    const damaged = Uint8Array.from(bytes);
    for (let i = 0; i < count; i++) damaged[16 + random.below(bytes.length - 16)] = random.below(256);
    yield [`${count} random ${count === 1 ? "byte" : "bytes"}`, damaged];
  }
}

/** @param folder of the recordings. The same rows every time: damage comes from a seed. */
export async function* salvageRows(folder: string): AsyncGenerator<SalvageRow> {
  for (const trace of traces) {
    const bytes = Uint8Array.from(readFileSync(join(folder, `${trace}.trace`)));
    const perSecond = ticksOf(bytes);
    const whole = await reading(bytes, false, perSecond);
    for (const [damage, damaged] of damagesOf(bytes)) {
      const ordinary = await reading(damaged, false, perSecond);
      const salvaged = await reading(damaged, true, perSecond);
      const confirmed = salvaged.events === 0 ? 0 : confirmedBy(whole, salvaged, perSecond / 100) / salvaged.events;
      yield { trace, damage, ordinary: ordinary.events, salvaged: salvaged.events, whole: whole.events, confirmed };
    }
  }
}

export const salvageHead = ["recording", "damage", "by default", "with --salvage", "whole file", "confirmed"];
export const salvageCells = ({ trace, damage, ordinary, salvaged, whole, confirmed }: SalvageRow): string[] => [
  trace,
  damage,
  String(ordinary),
  String(salvaged),
  String(whole),
  `${(confirmed * 100).toFixed(1)} %`,
];
