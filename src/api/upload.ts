/** Looks at the first bytes of an upload before anything is stored, also inside gzip and zstd. */
import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from "node:zlib";
import { ForetraceError } from "../lib/errors.ts";

const headerLength = 16;
/** Compressed bytes that are looked at before giving up on a header: the largest block header and more. */
const maxPeek = 256 * 1024;

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
