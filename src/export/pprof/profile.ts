/** A pprof profile (github.com/google/pprof proto/profile.proto) of stacks with two values: how often, how long. */
import type { Frame } from "../../trace/model.ts";
import { ProtoWriter } from "../protobuf.ts";

export type ProfileSample = { readonly frames: readonly Frame[]; readonly count: number; readonly nanos: number };
export type ProfileTimes = {
  /** Nanoseconds since 1970; undefined where the trace has no wall clock. */
  readonly startedAt: bigint | undefined;
  readonly nanos: number;
};

// Field numbers of profile.proto, by message.
const profile = {
  sampleType: 1,
  sample: 2,
  location: 4,
  function: 5,
  string: 6,
  time: 9,
  duration: 10,
  periodType: 11,
  period: 12,
} as const;
const valueType = { type: 1, unit: 2 } as const;
const sample = { location: 1, value: 2 } as const;
const location = { id: 1, address: 3, line: 4 } as const;
const line = { function: 1, line: 2 } as const;
const func = { id: 1, name: 2, systemName: 3, file: 4 } as const;

/** Uncompressed; pprof files are this, through gzip. Names of the values as `go tool trace` writes them: contentions/count, delay/nanoseconds. */
export function encodeProfile(samples: readonly ProfileSample[], times: ProfileTimes): Uint8Array {
  const out = new ProtoWriter();
  const strings = new Numbers<string>(0);
  strings.of("", () => {});
  const functions = new Numbers<string>(1);
  const locations = new Numbers<bigint>(1);
  const type = (field: number, name: string, unit: string): void => {
    const mark = out.begin(field);
    out.varint(
      valueType.type,
      strings.of(name, () => {}),
    );
    out.varint(
      valueType.unit,
      strings.of(unit, () => {}),
    );
    out.end(mark);
  };
  const addFunction = (frame: Frame, id: number): void => {
    const name = strings.of(frame.func, () => {});
    const file = strings.of(frame.file, () => {});
    const mark = out.begin(profile.function);
    out.varint(func.id, id);
    out.varint(func.name, name);
    out.varint(func.systemName, name);
    out.varint(func.file, file);
    out.end(mark);
  };
  const addLocation = (frame: Frame, id: number): void => {
    const functionId = functions.of(`${frame.file}\0${frame.func}`, (added) => addFunction(frame, added));
    const mark = out.begin(profile.location);
    out.varint(location.id, id);
    out.bigVarint(location.address, frame.pc);
    const lineMark = out.begin(location.line);
    out.varint(line.function, functionId);
    out.varint(line.line, frame.line);
    out.end(lineMark);
    out.end(mark);
  };
  type(profile.sampleType, "contentions", "count");
  type(profile.sampleType, "delay", "nanoseconds");
  type(profile.periodType, "trace", "count");
  out.varint(profile.period, 1);
  if (times.startedAt !== undefined) out.bigVarint(profile.time, times.startedAt);
  out.varint(profile.duration, times.nanos);
  for (const { frames, count, nanos } of samples) {
    const places = frames.map((frame) => locations.of(frame.pc, (id) => addLocation(frame, id)));
    const mark = out.begin(profile.sample);
    out.packed(sample.location, places);
    out.packed(sample.value, [count, nanos]);
    out.end(mark);
  }
  for (const text of strings.all()) out.string(profile.string, text);
  return out.take();
}

/** Numbers things in the order of their first use. */
class Numbers<T> {
  private readonly known = new Map<T, number>();
  private readonly first: number;

  constructor(first: number) {
    this.first = first;
  }

  of(thing: T, added: (number: number) => void): number {
    let number = this.known.get(thing);
    if (number === undefined) {
      number = this.known.size + this.first;
      this.known.set(thing, number);
      added(number);
    }
    return number;
  }

  all(): Iterable<T> {
    return this.known.keys();
  }
}
