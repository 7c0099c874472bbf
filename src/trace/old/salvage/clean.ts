/**
 * A broken file → one that can be walked over: what is no record is left out, batches tell times that can be believed, and no time lies
 * behind the next batch of its processor. Everything behind this is as if a program had written it, but that events are missing or wrong.
 */
import type { SalvageReport } from "../../salvage/report.ts";
import { GrowingFloat64, GrowingUint32 } from "../growing.ts";
import { argumentCounts, isOrdered, Old, oldMost } from "../spec.ts";
import { longUvarint } from "../../varint.ts";
import { believedTimes, type BatchTimes } from "./batch-times.ts";
import { found, isBelieved, recordEnd } from "./records.ts";

/** Buffers of the runtime. A batch that is longer, or nearly so at a gap, has swallowed the header of the next one with the gap. */
const bufferBytes = 1 << 16;
const nearlyFull = bufferBytes - 1024;
/** Times below the one are none where others are above the other. */
const fewTicks = 2 ** 28;
const manyTicks = 2 ** 32;
/** Of a header: its first byte, the processor, the time. */
const headerBytes = 21;

export class Cleaning {
  readonly #bytes: Uint8Array;
  readonly #counts: Int8Array;
  readonly #report: SalvageReport;
  /** Stretches of whole records: begin, end. Each batch has some, the first of which begins with its header. */
  readonly #stretches = new GrowingUint32();
  /** By batch. */
  readonly #firstStretch = new GrowingUint32();
  readonly #proc = new GrowingUint32();
  readonly #ticks = new GrowingFloat64();
  readonly #procs = new Map<number, number>();
  /** By type: how many more are taken. */
  readonly #room = new Float64Array(64).fill(Number.POSITIVE_INFINITY);
  #at = 0;
  /** Where the batch at hand begins; -1 = none. */
  #batch = -1;
  #hasGap = false;
  /** No record that can be believed was found since the last gap. */
  #isSearching = false;
  /** The clock's frequency is there, which a program writes at the end. */
  #hasEnd = false;

  /** @param bytes without the file's header. */
  constructor(bytes: Uint8Array, version: number, report: SalvageReport) {
    this.#bytes = bytes;
    this.#counts = argumentCounts(version);
    this.#report = report;
    this.#room[Old.String] = oldMost.strings;
    this.#room[Old.Stack] = oldMost.stacks;
    this.#room[Old.CPUSample] = oldMost["CPU samples"];
    this.#room[Old.TimerGoroutine] = oldMost["timer goroutines"];
    this.#room[Old.UserTaskCreate] = oldMost["open tasks"];
  }

  /** Walks over some `records` more; false when there are no more. */
  step(records: number): boolean {
    const bytes = this.#bytes;
    for (let left = records; left > 0; left--) {
      const begin = this.#at;
      if (begin >= bytes.length) return false;
      const end = this.#isSearching && !isBelieved(bytes, begin, this.#counts) ? -1 : recordEnd(bytes, begin, this.#counts);
      this.#isSearching = end < 0;
      if (end < 0) this.#skip(begin);
      else {
        this.#at = end;
        if (bytes[begin] === batchHead) this.#header(begin, end);
        else if (this.#isWanted(bytes[begin] & 63, begin)) this.#keep(begin, end);
        else this.#report.skippedBytes += end - begin;
      }
    }
    return true;
  }

  /** The file without the damage, and without its header. */
  finish(): Uint8Array {
    const times = believedTimes(this.#proc, this.#ticks, this.#procs.size, this.#hasEnd);
    const rewritten = times.begin.filter(Number.isNaN).length;
    const out = new Uint8Array(this.#bytes.length + rewritten * headerBytes);
    const last = new Float64Array(this.#procs.size).fill(times.least);
    let length = 0;
    for (let batch = 0; batch < this.#proc.length;) {
      let next = batch + 1;
      while (next < this.#proc.length && this.#isAccident(next, times)) next++;
      length = this.#write(batch, next, times, out, length, last);
      batch = next;
    }
    return out.subarray(0, length);
  }

  /** Here is no record: the next byte is tried. */
  #skip(begin: number): void {
    this.#hasGap = true;
    this.#at = begin + 1;
    this.#report.skippedBytes++;
  }

  /** More than the reader takes of a kind are left out. */
  #isWanted(type: number, begin: number): boolean {
    if (this.#batch < 0 || (this.#hasGap && begin - this.#batch > nearlyFull)) return false;
    if (type === Old.Frequency) this.#hasEnd = true;
    return this.#room[type]-- > 0;
  }

  #header(begin: number, end: number): void {
    const { first, second } = found;
    let proc = this.#procs.get(first);
    this.#batch = -1;
    this.#hasGap = false;
    if ((proc === undefined && this.#procs.size >= oldMost.processors) || this.#proc.length >= oldMost.batches) {
      this.#report.skippedBytes += end - begin;
      return;
    }
    if (proc === undefined) this.#procs.set(first, (proc = this.#procs.size));
    this.#batch = begin;
    this.#proc.push(proc);
    this.#ticks.push(second);
    this.#firstStretch.push(this.#stretches.length);
    this.#stretches.push(begin);
    this.#stretches.push(end);
  }

  #keep(begin: number, end: number): void {
    const stretches = this.#stretches;
    if (stretches.values[stretches.length - 1] === begin) stretches.values[stretches.length - 1] = end;
    else {
      stretches.push(begin);
      stretches.push(end);
    }
  }

  /** Bytes that read like a header by chance have a small number for a time: those that programs write count from when the machine was started. */
  #isAccident(batch: number, times: BatchTimes): boolean {
    return Number.isNaN(times.begin[batch]) && this.#ticks.values[batch] < fewTicks && times.least > manyTicks;
  }

  /** Writes a batch and, up to `next`, what else belongs to it. @param last ticks of the last event of each processor. */
  #write(batch: number, next: number, times: BatchTimes, out: Uint8Array, begin: number, last: Float64Array): number {
    const proc = this.#proc.values[batch];
    const { values } = this.#stretches;
    const first = this.#firstStretch.values[batch];
    const behind = next < this.#proc.length ? this.#firstStretch.values[next] : this.#stretches.length;
    const headers = new Set(Array.from({ length: next - batch - 1 }, (_, i) => this.#firstStretch.values[batch + 1 + i]));
    let length = begin;
    for (let i = first; i < behind; i += 2) {
      let from = values[i];
      if (headers.has(i)) from = recordEnd(this.#bytes, from, this.#counts);
      else if (i === first && Number.isNaN(times.begin[batch])) {
        this.#report.repairs++;
        from = recordEnd(this.#bytes, from, this.#counts);
        length = writeHeader(out, length, found.first, last[proc]);
      }
      out.set(this.#bytes.subarray(from, values[i + 1]), length);
      length += values[i + 1] - from;
    }
    last[proc] = this.#fit(out, begin, length, times.limit[batch]);
    return length;
  }

  /** Makes the batch end before its limit: the largest steps in time are those that damage made. Returns its last time. */
  #fit(out: Uint8Array, begin: number, end: number, limit: number): number {
    const bytes = out.subarray(0, end);
    const steps = new Steps();
    let at = recordEnd(bytes, begin, this.#counts);
    let time = found.second;
    for (; at < end; at = recordEnd(bytes, at, this.#counts)) {
      const head = bytes[at];
      if (isOrdered[head & 63] === 0) continue;
      const place = head < 192 ? at + 1 : at + 1 + varintLength(bytes, at + 1);
      const step = bytes[place] < 128 ? bytes[place] : longUvarint(bytes, place, end);
      time += step;
      steps.note(step, place);
    }
    while (time > limit) {
      const largest = steps.takeLargest();
      if (largest === undefined) break;
      const less = Math.min(largest.step, time - limit);
      time -= less;
      rewrite(out, largest.place, largest.step - less);
      this.#report.repairs++;
    }
    return time;
  }
}

const batchHead = Old.Batch | (1 << 6);

/** The largest steps of a batch; damage makes a few of them too large, not hundreds. */
class Steps {
  static readonly most = 64;
  #kept: { step: number; place: number }[] = [];
  #least = 0;

  note(step: number, place: number): void {
    if (step <= this.#least) return;
    this.#kept.push({ step, place });
    if (this.#kept.length < 2 * Steps.most) return;
    this.#sort();
    this.#kept.length = Steps.most;
    this.#least = this.#kept.at(-1)!.step;
  }

  takeLargest(): { step: number; place: number } | undefined {
    this.#sort();
    return this.#kept.shift();
  }

  #sort(): void {
    this.#kept.sort((one, other) => other.step - one.step || one.place - other.place);
  }
}

function varintLength(bytes: Uint8Array, at: number): number {
  let end = at;
  while (bytes[end] > 127) end++;
  return end + 1 - at;
}

/** A number in the room of another one that is not less: padded, as the format allows. */
function rewrite(bytes: Uint8Array, at: number, next: number): void {
  let rest = next;
  for (let place = at; ; place++) {
    const isLast = bytes[place] < 128;
    bytes[place] = (rest % 128) | (isLast ? 0 : 128);
    rest = Math.floor(rest / 128);
    if (isLast) return;
  }
}

function writeHeader(out: Uint8Array, begin: number, proc: number, ticks: number): number {
  let at = begin;
  out[at++] = batchHead;
  for (const number of [proc >= 2 ** 64 ? 2n ** 64n - 1n : BigInt(proc), BigInt(Math.max(0, Math.trunc(ticks)))]) {
    let rest = number;
    for (; rest > 127n; rest >>= 7n) out[at++] = Number(rest & 127n) | 128;
    out[at++] = Number(rest);
  }
  return at;
}
