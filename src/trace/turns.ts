/** Turns of the event loop while events are read: aborts, timers and servers get theirs. */

/** Work after which others may run, in events; 32 bytes of file count as one, for what has few. Some 10–50 ms, by the visitor's cost. */
const workBetweenTurns = 1 << 18;
const bytesPerEvent = 32;

export class Turns {
  #events = 0;
  #bytes = 0;

  /** True when enough was done since the last time it said so. @param events, bytes read so far. */
  isDue(events: number, bytes: number): boolean {
    if (events - this.#events + (bytes - this.#bytes) / bytesPerEvent < workBetweenTurns) return false;
    this.#events = events;
    this.#bytes = bytes;
    return true;
  }
}

/** Ends at once, unlike a timer (1 ms in Node, 4 ms in browsers), and after all that was due has run. */
export const othersRun: () => Promise<void> = typeof setImmediate === "function" ? () => new Promise(setImmediate) : posted;

function posted(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(undefined);
  });
}
