/** Changes to inputs: to their shape where they have one, else to their bytes. The same generator gives the same changes. */
import type { Random } from "../../src/lib/random.ts";
import { wireEvents, argumentCounts } from "../../src/trace/spec.ts";
import { mutate as mutateBytes } from "../trace/damage.ts";
import type { InputKind } from "./check.ts";
import { putTogether, takeApart, type Piece, type Shape, type Timed } from "./shape.ts";

const none = 2n ** 64n - 1n;
const peculiar = [0n, 1n, 2n, 3n, 4n, 5n, 127n, 128n, 65_536n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, none]; // prettier-ignore
const versions = [11, 19, 21, 22, 23, 25, 26];
const timedIds = wireEvents.filter(({ timed }) => timed).map(({ id }) => id);
const lastOldVersion = 21;
const oldTypes = 49;
/** Larger inputs cost more than they find. */
const mostBytes = 16_000;

const pick = <T>(list: readonly T[], random: Random): T => list[random.below(list.length)]!;

/** @param other another input of the corpus, to take parts from. */
export function change(kind: InputKind, input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  if (kind === "text") return changeText(input, other, random);
  if (kind === "packed") return mutateBytes(input, random.below(2 ** 31));
  const isWhole = random.below(8) === 0;
  const out = isWhole ? mutateBytes(input, random.below(2 ** 31)) : changeShape(input, other, random);
  return out.subarray(0, mostBytes);
}

function changeText(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const lines = new TextDecoder().decode(input).split("\n");
  const more = new TextDecoder().decode(other).split("\n");
  for (let left = 1 + random.below(4); left > 0; left--) {
    const at = random.below(lines.length);
    switch (random.below(6)) {
      case 0:
        lines.splice(at, 1 + random.below(3));
        break;
      case 1:
        lines.splice(at, 0, pick(lines, random));
        break;
      case 2:
        lines.splice(at, 0, ...more.slice(random.below(more.length)).slice(0, 1 + random.below(8)));
        break;
      case 3:
        lines[at] = (lines[at] ?? "").replace(/\d+/, () => String(number(0n, random)));
        break;
      case 4:
        lines[at] = (lines[at] ?? "").replace(/\S+$/, () => pick(['"\\x', '"\\u0041\\777"', "=", "#", "-1", "1e3", "\u{1f600}"], random));
        break;
      default:
        [lines[at], lines[lines.length - 1 - at]] = [lines[lines.length - 1 - at] ?? "", lines[at] ?? ""];
    }
    if (lines.length === 0) lines.push("");
  }
  return new TextEncoder().encode(lines.join("\n")).subarray(0, mostBytes);
}

function changeShape(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const shape = takeApart(input);
  for (let left = 1 + random.below(random.below(3) === 0 ? 12 : 3); left > 0; left--) {
    const events = shape.pieces.filter((piece) => piece.kind === "events");
    if (events.length > 0 && random.below(4) > 0) changeEvents(shape, pick(events, random), random);
    else changePieces(shape, other, random);
  }
  return putTogether(shape);
}

function changePieces(shape: Shape, other: Uint8Array, random: Random): void {
  const { pieces } = shape;
  const at = random.below(pieces.length + 1);
  const piece = pieces[at];
  switch (random.below(9)) {
    case 0:
      pieces.splice(at, 1 + random.below(2));
      break;
    case 1:
      if (piece !== undefined) pieces.splice(random.below(pieces.length + 1), 0, structuredClone(piece));
      break;
    case 2:
      if (piece !== undefined) pieces.splice(random.below(pieces.length), 0, ...pieces.splice(at, 1));
      break;
    case 3:
      splice(shape, at, takeApart(other), random);
      break;
    case 4:
      // The end of a generation.
      pieces.splice(at, 0, { kind: "bytes", payload: Uint8Array.of(random.below(8) === 0 ? random.below(256) : 52) });
      break;
    case 5:
      if (random.below(3) === 0) shape.version = pick(versions, random);
      break;
    case 6:
      nextGeneration(shape);
      break;
    case 7:
      if (piece !== undefined && piece.kind !== "events") changePayload(piece, random);
      break;
    default:
      if (piece !== undefined && piece.kind !== "bytes" && piece.head.length > 0) {
        const field = random.below(piece.head.length);
        piece.head[field] = number(piece.head[field]!, random);
      }
  }
}

/** Part of another file, its generations numbered on. */
function splice(shape: Shape, at: number, other: Shape, random: Random): void {
  const from = random.below(other.pieces.length + 1);
  const taken = other.pieces.slice(from, from + 1 + random.below(12));
  if (random.below(2) === 0) {
    const last = generationOf(shape.pieces[at] ?? shape.pieces.at(-1));
    for (const piece of taken) setGeneration(piece, () => last);
  }
  shape.pieces.splice(at, 0, ...taken);
}

/** The whole once more as the next generation: what is running then must be told so. */
function nextGeneration(shape: Shape): void {
  if (shape.version <= lastOldVersion || shape.pieces.length > 60) return;
  const copy = structuredClone(shape.pieces);
  const first = generationOf(shape.pieces[0]);
  const last = shape.pieces.reduce((most, piece) => (generationOf(piece) > most ? generationOf(piece) : most), first);
  for (const piece of copy) setGeneration(piece, (generation) => generation - first + last + 1n);
  shape.pieces.push(...copy);
}

/** Of an experimental batch it stands behind the experiment's number. */
const generationPlace = (piece: Piece): number => (piece.kind === "batch" && piece.type !== 1 ? 1 : 0);
const generationOf = (piece: Piece | undefined): bigint =>
  piece === undefined || piece.kind === "bytes" ? 1n : (piece.head[generationPlace(piece)] ?? 1n);

function setGeneration(piece: Piece, next: (generation: bigint) => bigint): void {
  if (piece.kind !== "bytes" && piece.head.length > 0) piece.head[generationPlace(piece)] = next(generationOf(piece));
}

function changePayload(piece: Exclude<Piece, { kind: "events" }>, random: Random): void {
  const length = piece.payload.length;
  if (length === 0) return;
  const at = random.below(length);
  switch (random.below(4)) {
    case 0:
      piece.payload[at]! ^= 1 << random.below(8);
      break;
    case 1:
      piece.payload[at] = pick([0, 1, 2, 127, 128, 255], random);
      break;
    case 2:
      piece.payload = piece.payload.slice(0, at);
      break;
    default:
      piece.payload = Uint8Array.from([...piece.payload, ...piece.payload.slice(random.below(2) === 0 ? 0 : at)]);
  }
}

function changeEvents(shape: Shape, { events }: { events: Timed[] }, random: Random): void {
  const isOld = shape.version <= lastOldVersion;
  if (events.length === 0) {
    events.push(made(isOld, random));
    return;
  }
  const at = random.below(events.length);
  const event = events[at]!;
  switch (random.below(8)) {
    case 0:
      events.splice(at, 1 + random.below(random.below(4) === 0 ? 8 : 1));
      break;
    case 1:
      events.splice(at, 0, structuredClone(pick(events, random)));
      break;
    case 2:
      events.splice(random.below(events.length), 0, ...events.splice(at, 1));
      break;
    case 3:
      events.splice(at, 0, near(made(isOld, random), events, random));
      break;
    case 4:
      // Another event with the same values.
      event.type = isOld ? (event.type & 192) | random.below(oldTypes + 2) : pick(timedIds, random);
      if (!isOld) while (event.values.length <= argumentCounts[event.type]!) event.values.push(BigInt(random.below(4)));
      if (!isOld) event.values.length = argumentCounts[event.type]! + 1;
      break;
    case 5:
      if (random.below(6) === 0) event.values.push(number(0n, random));
      else event.values.pop();
      break;
    default: {
      const field = random.below(event.values.length);
      if (event.values.length > 0) event.values[field] = number(event.values[field]!, random);
    }
  }
}

const made = (isOld: boolean, random: Random): Timed => {
  const type = isOld ? 1 + random.below(oldTypes) : pick(timedIds, random);
  const count = isOld ? 1 + random.below(4) : argumentCounts[type]! + 1;
  return { type, values: Array.from({ length: count }, () => BigInt(random.below(6))) };
};

/** With a few of the numbers that events around it have, which name what is there. */
function near(event: Timed, events: readonly Timed[], random: Random): Timed {
  for (let i = 1; i < event.values.length; i++) {
    const neighbour = pick(events, random);
    if (neighbour.values.length > 1 && random.below(3) > 0) event.values[i] = pick(neighbour.values.slice(1), random);
  }
  return event;
}

function number(value: bigint, random: Random): bigint {
  switch (random.below(5)) {
    case 0:
      return value + 1n;
    case 1:
      return value === 0n ? 1n : value - 1n;
    case 2:
      return BigInt(random.below(10));
    case 3:
      return value * BigInt(1 + random.below(1000)) + BigInt(random.below(100));
    default:
      return pick(peculiar, random);
  }
}
