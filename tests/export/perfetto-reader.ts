/**
 * A reader of Perfetto traces for tests: protobufjs over Perfetto's own field table (tests/fixtures/export/perfetto-fields.json), and the rules by which
 * trace_processor puts packets together: incremental clock and interned data since the last clearing, slices that nest on their track.
 * Throws where a rule is broken.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import protobuf from "protobufjs";

const root = protobuf.Root.fromJSON(
  JSON.parse(readFileSync(resolve(import.meta.dirname, "../fixtures/export/perfetto-fields.json"), "utf8")) as protobuf.INamespace,
);
/** What is at its default (0, the empty text) is left out of the objects. */
const Packet = root.lookupType("TracePacket");

export type Track = { uuid: number; parent: number; name: string; tid: number | undefined; isCounter: boolean };
export type Slice = {
  track: Track;
  name: string;
  category: string;
  start: number;
  end: number;
  stack: string[];
  notes: Record<string, unknown>;
};
export type PerfettoTrace = {
  tracks: Map<number, Track>;
  slices: Slice[];
  instants: Slice[];
  counters: { track: Track; time: number; value: number }[];
  /** By number: where the arrow begins and where it ends. */
  flows: Map<number, { from?: Slice; to?: Slice }>;
  samples: { time: number; tid: number; stack: string[] }[];
  /** Nanoseconds since 1970 at the first clock snapshot that has it, and the trace's time there. */
  wall: { unix: string; at: number } | undefined;
};

type Message = Record<string, any>;

export function readPerfetto(bytes: Uint8Array): PerfettoTrace {
  const trace: PerfettoTrace = {
    tracks: new Map(),
    slices: [],
    instants: [],
    counters: [],
    flows: new Map(),
    samples: [],
    wall: undefined,
  };
  const open = new Map<number, Slice[]>();
  let clock: number | undefined;
  let names = new Map<string, Map<number, Message>>();
  const lastOn = new Map<number, number>();
  const interned = (kind: string, iid: number): Message => {
    const found = names.get(kind)?.get(iid);
    if (found === undefined) throw new Error(`no ${kind} ${iid} since the state was cleared`);
    return found;
  };
  const stackOf = (iid: number | undefined): string[] =>
    iid === undefined
      ? []
      : (interned("callstacks", iid)["frame_ids"] as number[]).map((id) => {
          const frame = interned("frames", id);
          interned("mappings", frame["mapping_id"] as number);
          return utf8(interned("function_names", frame["function_name_id"] as number)["str"] as Uint8Array);
        });
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    if (reader.uint32() !== 10) throw new Error(`byte ${reader.pos}: not a packet`);
    const packet = Packet.toObject(Packet.decode(reader, reader.uint32()), { longs: Number }) as Message;
    if (packet["trusted_packet_sequence_id"] !== 1) throw new Error("a packet of no sequence");
    if ((packet["sequence_flags"] & 1) !== 0) {
      names = new Map();
      clock = undefined;
    } else if ((packet["sequence_flags"] & 2) === 0) throw new Error("needs the incremental state and does not say so");
    for (const [kind, entries] of Object.entries((packet["interned_data"] ?? {}) as Record<string, Message[]>)) {
      const known = names.get(kind) ?? new Map<number, Message>();
      names.set(kind, known);
      for (const entry of entries) {
        if (known.has(entry["iid"] as number)) throw new Error(`${kind} ${entry["iid"]} twice`);
        known.set(entry["iid"] as number, entry);
      }
    }
    const snapshot = packet["clock_snapshot"] as { clocks: Message[] } | undefined;
    if (snapshot !== undefined) {
      const own = snapshot.clocks.find((found) => found["clock_id"] === 64)!;
      if (own["is_incremental"] !== true || packet["trace_packet_defaults"].timestamp_clock_id !== 64)
        throw new Error("clock 64 is not set up");
      clock = (own["timestamp"] ?? 0) as number;
      const real = snapshot.clocks.find((found) => found["clock_id"] === 1);
      if (real !== undefined) trace.wall ??= { unix: String(real["timestamp"]), at: clock };
    }
    let time = Number.NaN;
    if (packet["track_event"] !== undefined || packet["perf_sample"] !== undefined) {
      if (packet["timestamp_clock_id"] === 6) time = (packet["timestamp"] ?? 0) as number;
      else {
        if (clock === undefined) throw new Error("a time before the clock");
        clock += (packet["timestamp"] ?? 0) as number;
        time = clock;
      }
    }
    const described = packet["track_descriptor"] as Message | undefined;
    if (described !== undefined) {
      const uuid = described["uuid"] as number;
      if (trace.tracks.has(uuid)) throw new Error(`track ${uuid} is described twice`);
      const parent = (described["parent_uuid"] ?? 0) as number;
      if (parent !== 0 && !trace.tracks.has(parent)) throw new Error(`track ${uuid} has an unknown parent ${parent}`);
      const name = (described["name"] ?? described["thread"]?.thread_name ?? described["process"]?.process_name) as string;
      trace.tracks.set(uuid, { uuid, parent, name, tid: described["thread"]?.tid, isCounter: described["counter"] !== undefined });
    }
    const sample = packet["perf_sample"] as Message | undefined;
    if (sample !== undefined) trace.samples.push({ time, tid: sample["tid"], stack: stackOf(sample["callstack_iid"]) });
    const event = packet["track_event"] as Message | undefined;
    if (event === undefined) continue;
    const track = trace.tracks.get(event["track_uuid"] as number);
    if (track === undefined) throw new Error(`track ${event["track_uuid"]} is not described`);
    if (event["type"] === 4) {
      if (!track.isCounter) throw new Error(`${track.name} is no counter`);
      trace.counters.push({ track, time, value: (event["counter_value"] ?? 0) as number });
      continue;
    }
    if (time < (lastOn.get(track.uuid) ?? 0)) throw new Error(`${track.name} goes back in time`);
    lastOn.set(track.uuid, time);
    if (event["type"] === 2) {
      const slice = open.get(track.uuid)?.pop();
      if (slice === undefined) throw new Error(`${track.name}: an end without a begin`);
      slice.end = time;
      Object.assign(slice.notes, notesOf(event, interned));
      trace.slices.push(slice);
      continue;
    }
    const slice: Slice = {
      track,
      name: interned("event_names", event["name_iid"] as number)["name"] as string,
      category: interned("event_categories", (event["category_iids"] as number[])[0]!)["name"] as string,
      start: time,
      end: time,
      stack: stackOf(event["callstack_iid"] as number | undefined),
      notes: notesOf(event, interned),
    };
    if (event["type"] === 1) open.set(track.uuid, [...(open.get(track.uuid) ?? []), slice]);
    else trace.instants.push(slice);
    for (const id of (event["flow_ids"] ?? []) as number[]) trace.flows.set(id, { ...trace.flows.get(id), from: slice });
    for (const id of (event["terminating_flow_ids"] ?? []) as number[]) trace.flows.set(id, { ...trace.flows.get(id), to: slice });
  }
  for (const slices of open.values()) if (slices.length > 0) throw new Error(`${slices[0]!.track.name}: ${slices.length} slices never end`);
  return trace;
}

function notesOf(event: Message, interned: (kind: string, iid: number) => Message): Record<string, unknown> {
  return Object.fromEntries(
    ((event["debug_annotations"] ?? []) as Message[]).map((note) => [
      interned("debug_annotation_names", note["name_iid"] as number)["name"] as string,
      note["uint_value"] ?? note["int_value"] ?? note["string_value"] ?? 0,
    ]),
  );
}

const utf8 = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
