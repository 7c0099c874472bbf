/** Web streams as sources of bytes. */

/**
 * The bytes of a stream (`response.body`, `blob.stream()`, with or without a `DecompressionStream`) for {@link readTrace},
 * also where streams cannot be iterated themselves, as in Safari. Ending early cancels the stream.
 */
export async function* streamBytes(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      yield value;
    }
    ended = true;
  } finally {
    if (!ended) await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}
