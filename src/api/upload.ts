/** Looks at the first bytes of an upload before anything is stored, also inside gzip and zstd. */
import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from "node:zlib";
import { ForetraceError } from "../lib/errors.ts";

const headerLength = 16;
/** Compressed bytes that are looked at before giving up on a header: the largest block header and more. */
const maxPeek = 256 * 1024;

/** Bytes a second; a modem of the nineties is faster. */
const leastUploadRate = 1000;

/**
 * The same bytes, as long as they come at {@link leastUploadRate} on average over each `windowMillis` that is spent waiting for them; time that
 * the reader takes is not the sender's.
 * @throws ForetraceError canceled when they come more slowly.
 */
export async function* steadily(bytes: AsyncIterable<Uint8Array>, windowMillis: number): AsyncGenerator<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  const wanted = (leastUploadRate * windowMillis) / 1000;
  let waited = 0;
  let came = 0;
  let slow = false;
  try {
    for (;;) {
      const coming = iterator.next();
      let piece: IteratorResult<Uint8Array> | undefined;
      while (piece === undefined) {
        const since = performance.now();
        piece = await within(coming, windowMillis - waited);
        waited += performance.now() - since;
        came += piece?.value?.length ?? 0;
        if (piece !== undefined && waited < windowMillis) continue;
        slow = piece?.done !== true && came < wanted;
        if (slow) {
          coming.catch(() => {});
          throw new ForetraceError(
            "canceled",
            `the upload was given up: ${came} bytes came in ${windowMillis / 1000} s, and ${leastUploadRate} a second are needed; send it again`,
          );
        }
        waited = 0;
        came = 0;
      }
      if (piece.done === true) return;
      yield piece.value;
    }
  } finally {
    // The next piece of a slow sender is still under way, and the return would wait for it.
    const returned = iterator.return?.();
    if (slow) returned?.catch(() => {});
    else await returned;
  }
}

/** What comes of it within so long, or undefined. */
async function within<T>(promise: Promise<T>, millis: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), millis)));
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The same bytes, once their beginning is known to be a Go execution trace.
 * @throws ForetraceError empty_input, not_a_trace or trace_version_unsupported, before the first byte is handed on.
 */
export async function checkedTrace(
  bytes: AsyncIterable<Uint8Array>,
  checkHeader: (header: Uint8Array) => void,
): Promise<AsyncIterable<Uint8Array>> {
  const iterator = bytes[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  let header: Uint8Array = new Uint8Array(0);
  let ended = false;
  while (!ended && header.length < headerLength) {
    const { done, value } = await iterator.next();
    if (done === true) ended = true;
    else if (value.length > 0) seen.push(value);
    const head = Buffer.concat(seen);
    if (ended && head.length === 0)
      throw new ForetraceError("empty_input", "the upload holds no bytes; send the trace as the request's body");
    if (head.length < 4 && !ended) continue;
    header = await beginning(head);
    if (head.length > maxPeek) break;
  }
  checkHeader(header.subarray(0, headerLength));
  return (async function* () {
    try {
      yield* seen;
      if (ended) return;
      for (;;) {
        const { done, value } = await iterator.next();
        if (done === true) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  })();
}

/** As many uncompressed bytes as `head` gives. */
async function beginning(head: Buffer): Promise<Uint8Array> {
  if (head[0] === 0x1f && head[1] === 0x8b) return inflate(head, createGunzip());
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return inflate(head, createZstdDecompress());
  return head;
}

function inflate(head: Buffer, stream: Gunzip | ZstdDecompress): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const out: Buffer[] = [];
    const finish = (): void => {
      stream.destroy();
      resolve(Buffer.concat(out));
    };
    stream.on("data", (chunk: Buffer) => {
      out.push(chunk);
      finish();
    });
    // Damaged or cut: the header check speaks about what came out.
    stream.on("error", finish);
    stream.on("end", finish);
    stream.write(head);
    stream.flush(finish);
  });
}
