/** Others run while a long trace is read, and reading does not wait for the clock in between. */
import { afterEach, describe, expect, test, vi } from "vitest";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe("a turn of the event loop", () => {
  test.each(["with setImmediate", "as in a browser"])("%s: a timer that is due and a message that has come are served", async (name) => {
    if (name === "as in a browser") vi.stubGlobal("setImmediate", undefined);
    const { othersRun } = await import("../../src/trace/turns.ts");
    const { port1, port2 } = new MessageChannel();
    const served: string[] = [];
    port1.addEventListener("message", () => served.push("message"));
    port1.start();
    port2.postMessage(1);
    setTimeout(() => served.push("timer"));
    // A timer is due after 1 ms at the earliest; a turn takes some µs.
    for (let turns = 0; served.length < 2 && turns < 1e6; turns++) await othersRun();
    port1.close();
    expect(served.toSorted()).toEqual(["message", "timer"]);
  });

  test("is due by events, or by bytes where there are few events", async () => {
    const { Turns } = await import("../../src/trace/turns.ts");
    const turns = new Turns();
    const due: number[] = [];
    for (let i = 0; i < 1000; i++) if (turns.isDue(i * 4096, 0)) due.push(i);
    expect(due.slice(0, 3)).toEqual([64, 128, 192]);
    expect(turns.isDue(999 * 4096, 64 << 20)).toBe(true);
  });
});
