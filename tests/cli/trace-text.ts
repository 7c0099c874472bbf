/** A small trace of six generations in the text form: one goroutine runs, another one waits, with a task and a region open from the first to the last. */
import { headerBytes } from "../../src/trace/header.ts";
import { traceFromText } from "../../src/trace/text/from-text.ts";

export type Across = {
  /** Task and type (a string's number) of the region that ends in the last generation; it began in the first one with task 1 and type 2. */
  readonly endsTask: number;
  readonly endsType: number;
  /** A task that begins in the last generation; task 1 did in the first one. */
  readonly beginsTask?: number;
  /** Numbers of the collector's begins in the first and in the last generation; an end follows each. */
  readonly collections?: readonly [number, number];
};

const generations = 6;
const head = "Trace Go1.22";
const none = "18446744073709551615";
const reasons = `Strings
String id=1
  data="whole"
String id=2
  data="outer"
String id=3
  data="other"
String id=4
  data="chan receive"`;

export function regionsAcross({ endsTask, endsType, beginsTask, collections }: Across): string {
  const collection = (first: number | undefined): string[] =>
    first === undefined ? [] : [`GCBegin dt=10 gc_seq=${first} stack=0`, `GCEnd dt=10 gc_seq=${first + 1}`];
  const events = Array.from({ length: generations }, (_, i) => {
    const lines = ["ProcStatus dt=10 p=0 pstatus=1", "GoStatus dt=10 g=1 m=0 gstatus=2"];
    if (i === 0) {
      lines.push(
        ...collection(collections?.[0]),
        "UserTaskBegin dt=10 task=1 parent_task=0 name_string=1 stack=0",
        "UserRegionBegin dt=10 task=1 name_string=2 stack=0",
        "GoCreate dt=10 new_g=2 new_stack=0 stack=0",
        "GoBlock dt=10 reason_string=4 stack=0",
        "GoStart dt=10 g=2 g_seq=1",
        "GoUnblock dt=10 g=1 g_seq=1 stack=0",
        "GoBlock dt=10 reason_string=4 stack=0",
        "GoStart dt=10 g=1 g_seq=2",
      );
    } else lines.push(`GoStatus dt=10 g=2 m=${none} gstatus=4`, "HeapAlloc dt=3000 heapalloc_value=4096");
    if (i === generations - 1) {
      lines.push(
        ...collection(collections?.[1]),
        `UserRegionEnd dt=2000 task=${endsTask} name_string=${endsType} stack=0`,
        ...(beginsTask === undefined ? [] : [`UserTaskBegin dt=10 task=${beginsTask} parent_task=0 name_string=1 stack=0`]),
        "GoUnblock dt=10 g=2 g_seq=1 stack=0",
        "GoBlock dt=10 reason_string=4 stack=0",
        "GoStart dt=10 g=2 g_seq=2",
      );
    }
    const [gen, time] = [i + 1, (i + 1) * 10_000];
    return [
      batch(gen, "0", time, lines.join("\n")),
      batch(gen, none, time, "Frequency freq=1000000000"),
      batch(gen, none, time, "Stacks"),
      batch(gen, none, time, reasons),
    ].join("\n");
  });
  return `${head}\n${events.join("\n")}`;
}

function batch(gen: number, m: string, time: number, text: string): string {
  const size = traceFromText(`${head}\n${text}`).length - headerBytes;
  return `EventBatch gen=${gen} m=${m} time=${time} size=${size}\n${text}`;
}
