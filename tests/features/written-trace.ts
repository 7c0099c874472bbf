/** A trace of format 1.26, written event by event: the raw text form of Go's tests, with its tables and the sizes of its batches. */
import { traceFromText } from "../../src/trace/text/from-text.ts";

type Timed = { readonly time: number; readonly name: string; readonly args: readonly (readonly [string, number])[] };

const noThread = 2n ** 64n - 1n;
/** Readers take batches of 64 KiB at most. */
const mostBytes = 60_000;

/** Bytes of a varint. */
function width(value: bigint | number): number {
  let bytes = 1;
  for (let rest = BigInt(value) >> 7n; rest > 0n; rest >>= 7n) bytes++;
  return bytes;
}

/** Times are nanoseconds since the beginning; one tick of the clock is one. */
export class WrittenTrace {
  private readonly threads = new Map<number, Timed[]>();
  private readonly strings = new Map<string, number>();
  private readonly stacks = new Map<string, { readonly id: number; readonly frames: readonly string[] }>();
  private last = 0;

  /** Events in the order they happen; each takes a nanosecond at least. Gives its time. */
  event(thread: number, time: number, name: string, args: Readonly<Record<string, number>> = {}): number {
    this.last = Math.max(this.last + 1, Math.round(time));
    const list = this.threads.get(thread) ?? [];
    this.threads.set(thread, list);
    list.push({ time: this.last, name, args: Object.entries(args) });
    return this.last;
  }

  string(text: string): number {
    const id = this.strings.get(text) ?? this.strings.size + 1;
    this.strings.set(text, id);
    return id;
  }

  /** Innermost frame first, each `pkg.Func (file.go:12)`; none = 0. */
  stack(frames: readonly string[]): number {
    if (frames.length === 0) return 0;
    const key = frames.join("\n");
    const stack = this.stacks.get(key) ?? { id: this.stacks.size + 1, frames };
    this.stacks.set(key, stack);
    return stack.id;
  }

  bytes(): Uint8Array {
    return traceFromText(this.text());
  }

  text(): string {
    const lines = ["Trace Go1.26"];
    const batch = (thread: bigint | number, time: number, size: number, body: readonly string[]): void => {
      lines.push(`EventBatch gen=1 m=${thread} time=${time} size=${size}`, ...body);
    };
    batch(noThread, 1, 1 + 1 + width(1e9) + 1 + 1 + 1 + 1 + 1, [
      "Sync",
      "Frequency freq=1000000000",
      "ClockSnapshot dt=0 mono=1 sec=1 nsec=0",
    ]);
    for (const [thread, events] of this.threads) this.batches(thread, events, batch);
    const stacks = [...this.stacks.values()].map(({ id, frames }) => {
      const numbers = frames.map((frame) => this.frame(frame));
      return {
        size: 1 + width(id) + width(frames.length) + numbers.flat().reduce((sum, value) => sum + width(value), 0),
        text: [
          `Stack id=${id} nframes=${frames.length}`,
          ...numbers.map(([pc, func, file, line]) => `\tpc=${pc} func=${func} file=${file} line=${line}`),
        ].join("\n"),
      };
    });
    batch(noThread, 2, 1 + stacks.reduce((sum, { size }) => sum + size, 0), ["Stacks", ...stacks.map(({ text }) => text)]);
    const strings = [...this.strings].map(([text, id]) => ({
      size: 1 + width(id) + width(text.length) + text.length,
      text: `String id=${id}\n\tdata=${JSON.stringify(text)}`,
    }));
    batch(noThread, 2, 1 + strings.reduce((sum, { size }) => sum + size, 0), ["Strings", ...strings.map(({ text }) => text)]);
    return [...lines, "EndOfGeneration", ""].join("\n");
  }

  private batches(
    thread: number,
    events: readonly Timed[],
    batch: (thread: number, time: number, size: number, body: readonly string[]) => void,
  ): void {
    let [size, begin, before, body]: [number, number, number, string[]] = [0, 0, 0, []];
    for (const { time, name, args } of events) {
      if (size > mostBytes) {
        batch(thread, begin, size, body);
        [size, body] = [0, []];
      }
      if (body.length === 0) begin = before = time;
      const values: readonly (readonly [string, number])[] = [["dt", time - before], ...args];
      body.push(`${name} ${values.map(([key, value]) => `${key}=${value}`).join(" ")}`);
      size += 1 + values.reduce((sum, [, value]) => sum + width(value), 0);
      before = time;
    }
    batch(thread, begin, size, body);
  }

  private frame(frame: string): readonly [number, number, number, number] {
    const [, func = frame, file = "", line = "0"] = /^(.*) \((.*):(\d+)\)$/.exec(frame) ?? [];
    // Readers know a frame by its program counter: one of its own for each place.
    return [4096 + this.string(frame), this.string(func), this.string(file), Number(line)];
  }
}
