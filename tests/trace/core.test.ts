/** The WebAssembly core against the plain reader: the same events, the same end, on whole, broken and peculiar traces. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Core } from "../../src/trace/core.ts";
import { EventKind, GoState } from "../../src/trace/model.ts";
import { readTrace } from "../../src/trace/read.ts";
import { traceFromText } from "../../src/trace/text/from-text.ts";
import { mutate } from "./damage.ts";
import { goldenLists, traceBytes, v2Traces } from "./golden.ts";
import { core, readingOf } from "./readers.ts";

const small = traceBytes("esbuild-0.28.2-go1.26.5-small.trace")!;
const sampled = traceBytes("esbuild-0.28.2-go1.26.5-cpuprofile.trace")!;

const run = vi.spyOn(Core.prototype, "run");
const handOver = vi.spyOn(Core.prototype, "handOver");
beforeEach(() => {
  run.mockClear();
  handOver.mockClear();
});

/** Reads both ways, compares, and says whether the core read it to the end. */
async function both(bytes: Uint8Array): Promise<{ alone: boolean; events: number; message: string }> {
  const plain = await readingOf(bytes, undefined);
  expect(run.mock.calls).toHaveLength(0);
  run.mockClear();
  handOver.mockClear();
  const fast = await readingOf(bytes, core);
  expect(fast).toEqual(plain);
  const alone = run.mock.calls.length > 0 && handOver.mock.calls.length === 0;
  run.mockClear();
  handOver.mockClear();
  return { alone, events: fast.events, message: fast.message };
}

describe("recordings", () => {
  test.each(v2Traces)("%s is read by the core alone", async (name) => {
    const { alone, events } = await both(traceBytes(name)!);
    expect({ alone, events }).toEqual({ alone: true, events: goldenLists[name]!.events });
  });

  test("damaged ones give the same events and the same error", async () => {
    let broken = 0;
    let handedOver = 0;
    for (let seed = 1; seed <= 120; seed++) {
      const { message, alone } = await both(mutate(seed % 2 === 0 ? small : sampled.subarray(0, 150_000), seed * 7));
      if (message !== "undefined undefined") broken++;
      if (!alone) handedOver++;
    }
    expect(broken).toBeGreaterThan(60);
    // Most damage is met in a generation that was begun or at its tables, where the plain reader must take over.
    expect(handedOver).toBeGreaterThan(20);
  });
});

describe("what is rare", () => {
  test("a running goroutine of an id above 2^31, and above 2^53", async () => {
    expect(await both(trace({ goroutine: "5000000000", lines: ["GoStop dt=1 reason_string=0 stack=0", "GoStart dt=1 g=5000000000 g_seq=1"] }))).toMatchObject({ alone: true, events: 6 }); // prettier-ignore
    expect(await both(trace({ goroutine: "9007199254740993", lines: ["GoStop dt=1 reason_string=0 stack=0"] }))).toMatchObject({ alone: false, events: 5 }); // prettier-ignore
  });

  test.each(["2147483647", "2147483648", "9007199254740993", "18446744073709551615"])("a heap of %s bytes", async (value) => {
    const bytes = trace({ lines: [`HeapAlloc dt=1 heapalloc_value=${value}`, `HeapGoal dt=1 heapgoal_value=${value}`] });
    expect(await both(bytes)).toMatchObject({ alone: true, events: 6 });
    const values: number[] = [];
    await readTrace([bytes], { event: (...event) => void (event[0] === EventKind.Metric && values.push(event[7])) }, { core });
    expect(values).toEqual([Number(BigInt(value)), Number(BigInt(value))]);
  });

  test("bytes swept and reclaimed, ranges that are open at the end", async () => {
    const lines = ["GCSweepBegin dt=1 stack=0", "GCSweepEnd dt=1 swept_value=8192 reclaimed_value=5000000000", "GCMarkAssistBegin dt=1 stack=0", "GCBegin dt=1 gc_seq=1 stack=0"]; // prettier-ignore
    expect(await both(trace({ lines }))).toMatchObject({ alone: true, events: 8, message: "undefined undefined" });
  });

  test("a region that ends another one: an error, and what came before it", async () => {
    const begin = "UserRegionBegin dt=1 task=1 name_string=1 stack=0";
    const end = "UserRegionEnd dt=1 task=2 name_string=1 stack=0";
    const { message, events } = await both(trace({ lines: [begin, end, begin] }));
    expect(message).toContain("misuse of region in goroutine 1");
    expect(events).toBe(4);
  });

  test("a task that begins twice, one that ends without having begun, and a stop within the same stop", async () => {
    const task = "UserTaskBegin dt=1 task=7 parent_task=0 name_string=1 stack=0";
    expect((await both(trace({ lines: ["UserTaskEnd dt=1 task=9 stack=0", task, task] }))).message).toContain("task ID conflict: 7");
    const stop = "STWBegin dt=1 kind_string=1 stack=0";
    expect((await both(trace({ lines: [stop, stop] }))).message).toContain("in-flight");
    expect(await both(trace({ lines: [stop, "STWEnd dt=1"] }))).toMatchObject({ alone: true, events: 6 });
  });

  test("text that is remembered for the next generation, also when that one breaks off", async () => {
    const open = ["STWBegin dt=1 kind_string=1 stack=0", "UserTaskBegin dt=1 task=7 parent_task=3 name_string=1 stack=0", "UserRegionBegin dt=1 task=7 name_string=1 stack=0"]; // prettier-ignore
    const close = ["UserRegionEnd dt=1 task=7 name_string=2 stack=0", "UserTaskEnd dt=1 task=7 stack=0", "STWEnd dt=1"];
    const whole = `Trace Go1.22${generation(1, { lines: open, text: 1 })}${generation(2, { lines: close, text: 2 })}`;
    expect(await both(traceFromText(whole))).toMatchObject({ alone: true, events: 13, message: "undefined undefined" });
    const broken = `Trace Go1.22${generation(1, { lines: open, text: 1 })}${generation(2, { lines: [...close, "GoSyscallEnd dt=1"], text: 2 })}`;
    const { alone, message, events } = await both(traceFromText(broken));
    expect({ alone, events }).toEqual({ alone: false, events: 12 });
    expect(message).toContain("GoSyscallEnd event for goroutine that's not in a system call");
  });

  test("goroutines by the ten thousand, born and ended, and one of them again", async () => {
    const lines: string[] = [];
    for (let id = 2; id < 30_000; id++) lines.push(`GoCreate dt=1 new_g=${id * 1024} new_stack=0 stack=0`);
    lines.push("GoDestroy dt=1");
    for (let id = 2; id < 30_000; id += 3) lines.push(`GoStart dt=1 g=${id * 1024} g_seq=1`, "GoDestroy dt=1");
    const states: number[] = [];
    const bytes = trace({ lines });
    expect(await both(bytes)).toMatchObject({ alone: true, message: "undefined undefined" });
    await readTrace([bytes], { event: (...event) => void (event[0] === EventKind.GoTransition && states.push(event[8])) }, { core });
    run.mockClear();
    expect(states.filter((to) => to === GoState.NotExist)).toHaveLength(10_001);
    const again = trace({ lines: [...lines, "GoCreate dt=1 new_g=4096 new_stack=0 stack=0"] });
    expect((await both(again)).message).toContain("goroutine (4096) that already exists");
  });

  test("a generation of more than the memory it began with, between small ones", async () => {
    const opaque = traceFromText(
      `Trace Go1.23\nExperimentalBatch exp=1 gen=2 m=0 time=20000000\n\tdata="${"x".repeat(65_000)}"\n`,
    ).subarray(16);
    const parts = [`Trace Go1.23${generation(1, { lines: [] })}`, `Trace Go1.23${generation(2, { lines: [] })}`, `Trace Go1.23${generation(3, { lines: ["GoDestroy dt=1"] })}`]; // prettier-ignore
    const [first, second, third] = parts.map((text) => traceFromText(text)) as [Uint8Array, Uint8Array, Uint8Array];
    const bytes = Buffer.concat([first, second.subarray(16), ...Array.from({ length: 700 }, () => opaque), third.subarray(16)]);
    expect(bytes.length).toBeGreaterThan(45e6);
    const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow");
    expect(await both(bytes)).toMatchObject({ alone: true, events: 11, message: "undefined undefined" });
    expect(grow).toHaveBeenCalled();
    grow.mockRestore();
  });

  test.each([
    [15_625_000, true, 18],
    [24_000_000, true, 18],
    [3_000_000_000, true, 18],
    [20_000, true, 18],
    // So slow that the trace lies beyond 104 days; the core leaves such clocks alone.
    [7, false, 11],
  ])("a clock of %s Hz", async (frequency, alone, events) => {
    const gaps = [0, 1, 3, 2 ** 20 + 1, 2 ** 28 - 1, 2 ** 28, 2 ** 35 + 3];
    const lines = gaps.flatMap((dt, i) => [`GoSyscallBegin dt=${dt} p_seq=${i + 1} stack=0`, `GoSyscallEnd dt=${i}`]);
    expect(await both(trace({ lines, frequency }))).toMatchObject({ alone, events });
  });

  test.each(["9007199254740993", "1152921504606846976", "18446744073709551615"])("a gap of %s ticks", async (dt) => {
    const { alone, message } = await both(trace({ lines: ["HeapAlloc dt=1 heapalloc_value=1", `HeapAlloc dt=${dt} heapalloc_value=1`] }));
    expect({ alone, message: message.slice(0, 15) }).toEqual({ alone: false, message: "trace_malformed" });
  });

  test("a generation that begins more than 104 days after the first one", async () => {
    const late = generation(2, { lines: [] }).replaceAll("time=20000000", "time=9107199254740991");
    const { message, events } = await both(traceFromText(`Trace Go1.22${generation(1, { lines: [] })}${late}`));
    expect(message).toContain("trace_malformed event lies more than 104 days after the first one");
    expect(events).toBe(3);
  });

  test("more threads, processors and goroutines than the core holds", async () => {
    const batch = (thread: number): string => `EventBatch gen=1 m=${thread} time=10000000 size=0\n`;
    const threads = Array.from({ length: 17_000 }, (_, thread) => batch(thread + 1)).join("");
    expect(await both(traceFromText(`Trace Go1.22${generation(1, { lines: ["GoDestroy dt=1"] })}${threads}`))).toMatchObject({ alone: false, events: 5 }); // prettier-ignore
    const procs = Array.from({ length: 9000 }, (_, proc) => `ProcStatus dt=1 p=${proc + 1} pstatus=2`);
    expect(await both(trace({ lines: procs }))).toMatchObject({ alone: false, events: 9004 });
    const goroutines = Array.from({ length: 263_000 }, (_, id) => `GoCreate dt=1 new_g=${id + 2} new_stack=0 stack=0`);
    expect(await both(trace({ lines: goroutines }))).toMatchObject({ alone: false, events: 263_004 });
  });

  test("ids of strings far apart", async () => {
    const text = `Trace Go1.22${generation(1, { lines: ["GoStop dt=1 reason_string=900000000 stack=0"], text: 900_000_000 })}`;
    expect(await both(traceFromText(text))).toMatchObject({ alone: false, events: 5 });
  });

  test("experiments: arguments that an event does not have are 0", async () => {
    const lines = ["Span dt=1 id=7 npages_value=8 kindclass=9", "SpanFree dt=1 id=10"];
    const bytes = traceFromText(`Trace Go1.23${generation(1, { lines })}`);
    expect(await both(bytes)).toMatchObject({ alone: true, events: 6 });
    const found: number[][] = [];
    await readTrace([bytes], { event: (...event) => void (event[0] === EventKind.Experimental && found.push(event.slice(6))) }, { core });
    expect(found).toEqual([
      [128, 7, 8, 9, 0, 0],
      [130, 10, 0, 0, 0, 0],
    ]);
  });
});

type Content = { readonly lines: readonly string[]; readonly goroutine?: string; readonly text?: number; readonly frequency?: number };

/** A trace of one generation in which one goroutine runs and does what the lines say; string 1 is "name". */
const trace = (content: Content): Uint8Array => traceFromText(`Trace Go1.22${generation(1, content)}`);

function generation(number: number, { lines, goroutine = "1", text = 1, frequency = 1_000_000_000 }: Content): string {
  const batches: string[] = [];
  const all = ["ProcStatus dt=1 p=0 pstatus=1", `GoStatus dt=1 g=${goroutine} m=0 gstatus=2`, ...lines];
  for (let at = 0; at < all.length; at += 4000) {
    const part = all.slice(at, at + 4000).join("\n");
    const time = number * 10_000_000 + at;
    const head = (size: number): string => `EventBatch gen=${number} m=0 time=${time} size=${size}\n${part}\n`;
    const empty = traceFromText(`Trace Go1.22\nEventBatch gen=${number} m=0 time=${time} size=0\n`).length;
    batches.push(head(traceFromText(`Trace Go1.23\n${head(0)}`).length - empty));
  }
  const name = traceFromText(`Trace Go1.22\nString id=${text}\n\tdata="name"\n`).length - 16;
  return `
${batches.join("")}
EventBatch gen=${number} m=18446744073709551615 time=${number * 10_000_000} size=${1 + Math.ceil(Math.log2(frequency + 1) / 7)}
Frequency freq=${frequency}
EventBatch gen=${number} m=18446744073709551615 time=${number * 10_000_000} size=${1 + name}
Strings
String id=${text}
	data="name"
`;
}
