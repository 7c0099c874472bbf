/** For every kind of finding a program that has it, and one that comes near without; each says why. Places are made up. */
import type { Finding, FindingKind } from "../../src/features/findings.ts";
import { Channel, type Go, Line, Mutex, traceOf, type Body, type ProgramOptions } from "./program.ts";

export type FindingCase = {
  readonly name: string;
  readonly why: string;
  /** The kind it is about, and how severe that must be; "none" where it must not be found. */
  readonly kind: FindingKind;
  readonly expected: Finding["severity"] | "none";
  /** Windows of a trace that is shorter than a few of 100 ms. */
  readonly windowMs?: number;
  /** Kinds above "info" that the program has as well, truly. */
  readonly also?: readonly FindingKind[];
  readonly bytes: () => Uint8Array;
};

const second: ProgramOptions = { procs: 2, ms: 1000 };
const at = (func: string, line: number): string => `${func} (${func.split(".")[0]}.go:${line})`;

/** Main starts the goroutines and sleeps. */
function program(start: (go: Go) => void, options = second): () => Uint8Array {
  return () =>
    traceOf(options, function* (go) {
      start(go);
      yield go.sleep(2 * options.ms, at("main.main", 9));
    });
}
/** Main does the same every so many milliseconds. */
function every(ms: number, act: (go: Go, round: number) => void, options = second): () => Uint8Array {
  return () =>
    traceOf(options, function* (go) {
      for (let round = 0; ; round++) {
        act(go, round);
        yield go.sleep(ms, at("main.main", 9));
      }
    });
}
function times(count: number, act: (i: number) => void): void {
  for (let i = 0; i < count; i++) act(i);
}
const start = (go: Go, func: string, body: Body): void => go.go(at(func, 20), body, at("main.main", 8));
/** The same again and again. */
function loop(body: Body): Body {
  return function* (go) {
    for (;;) yield* body(go);
  };
}
const readFile = (place: string): readonly string[] => [
  "syscall.read (zsyscall_linux_amd64.go:736)",
  "internal/poll.(*FD).Read (fd_unix.go:165)",
  "os.(*File).Read (file.go:124)",
  place,
];
const goForever = (go: Go, func: string, body: Body): void => start(go, func, loop(body));

/** 8 that hold a lock for `hold`, calculate for `own` and sleep for `rest`. */
function lockers(hold: number, own: number, rest = own): (go: Go) => void {
  return (go) => {
    const mutex = new Mutex();
    times(8, () =>
      goForever(go, "cache.get", function* (go) {
        yield go.lock(mutex, at("cache.get", 21));
        yield go.run(hold);
        go.unlock(mutex, at("cache.get", 23));
        yield go.run(own);
        yield go.sleep(rest, at("cache.get", 24));
      }),
    );
  };
}

/** Two that take locks in two orders, `rounds` times without meeting, then crosswise. */
function crossing(go: Go, meetAt: number): void {
  const [left, right] = [new Mutex(), new Mutex()];
  const mover = (func: string, first: Mutex, then: Mutex, ownMs: number): void =>
    start(go, func, function* (go) {
      for (;;) {
        const meets = go.now >= meetAt;
        yield go.lock(first, at(func, 21));
        yield go.run(1);
        // Until they meet only one of the two locks is held at a time.
        if (!meets) go.unlock(first, at(func, 22));
        yield go.lock(then, at(func, 23));
        yield go.run(1);
        go.unlock(then, at(func, 24));
        if (meets) go.unlock(first, at(func, 25));
        yield go.run(ownMs);
      }
    });
  mover("bank.transfer", left, right, 0.1);
  mover("bank.audit", right, left, 0.1);
}

/** `senders` that take `makeMs` for a piece, one that takes `workMs` for each. */
function handOver(senders: number, makeMs: number, workMs: number): (go: Go) => void {
  return (go) => {
    const channel = new Channel();
    times(senders, () =>
      goForever(go, "feed.read", function* (go) {
        yield go.sleep(makeMs, at("feed.read", 21));
        yield go.send(channel, at("feed.read", 22));
      }),
    );
    goForever(go, "feed.store", function* (go) {
      yield go.receive(channel, at("feed.store", 21));
      yield go.sleep(workMs, at("feed.store", 22));
    });
  };
}

/** 64 goroutines a turn, each with so much to do, until the time is over. */
function small(workMs: number): () => Uint8Array {
  return () =>
    traceOf({ procs: 1, ms: 20, startNanos: 400 }, function* (go) {
      for (;;) {
        for (let i = 0; i < 64; i++) {
          start(go, "index.add", function* (go) {
            yield go.run(workMs);
          });
        }
        yield go.yield(at("main.main", 9));
      }
    });
}

/** 20 that wait for a condition, all of them woken every 5 ms. */
function crowd(workMs: number): () => Uint8Array {
  return () =>
    traceOf(second, function* (go) {
      const line = new Line();
      times(20, () =>
        goForever(go, "pool.worker", function* (go) {
          yield go.condWait(line, at("pool.worker", 21));
          yield go.run(workMs);
        }),
      );
      for (;;) {
        yield go.sleep(5, at("main.main", 9));
        go.broadcast(line, at("main.main", 10));
      }
    });
}

function spinners(go: Go, count: number): void {
  times(count, () => goForever(go, "calc.spin", (go) => runOnce(go, 50)));
}
function* runOnce(go: Go, ms: number): ReturnType<Body> {
  yield go.run(ms);
}

/** Collections one after the other: a worker of the collector, then the program. */
function collecting(worker: number, program: number): (go: Go) => void {
  return (go) => {
    let cycle = 0;
    const [begin, done] = [new Channel(), new Channel()];
    go.go(
      "runtime.gcBgMarkWorker (mgc.go:1309)",
      loop(function* (go) {
        yield go.receive(begin, "runtime.gcBgMarkWorker (mgc.go:1350)");
        yield go.run(worker);
        yield go.send(done, "runtime.gcBgMarkWorker (mgc.go:1400)");
      }),
      "runtime.gcBgMarkStartWorkers (mgc.go:1233)",
    );
    goForever(go, "tree.build", function* (go) {
      go.event("GCBegin", { gc_seq: ++cycle, stack: 0 });
      yield go.send(begin, at("tree.build", 21));
      yield go.receive(done, at("tree.build", 22));
      go.event("GCEnd", { gc_seq: ++cycle });
      yield go.run(program);
    });
  };
}

/** 8 goroutines whose calls take `ms`, and do something of their own for `own`. */
function calling(frames: readonly string[], ms: number, own: number, lost: boolean): (go: Go) => void {
  return (go) =>
    times(8, () =>
      goForever(go, "files.copy", function* (go) {
        yield go.call(ms, frames, { lost });
        yield go.run(own);
        yield go.sleep(own, at("files.copy", 24));
      }),
    );
}
const frames = {
  file: readFile(at("files.copy", 21)),
  network: ["syscall.connect (zsyscall_linux_amd64.go:1458)", "syscall.Connect (syscall_unix.go:256)", at("files.copy", 21)],
  lock: ["syscall.Flock (zsyscall_linux_amd64.go:463)", at("files.copy", 21)],
  process: ["syscall.forkExec (exec_unix.go:203)", "os.StartProcess (exec_posix.go:55)", at("files.copy", 21)],
} as const;

/** On two processors, 4 stretches of 60 ms without any CPU. */
const stalls = [100, 300, 500, 700].map((from) => [from, from + 60] as const);

export const findingCases: readonly FindingCase[] = [
  {
    name: "a goroutine every 5 ms that sends to nobody",
    why: "each waits for a receiver that never comes, and none ends",
    kind: "goroutine-leak",
    expected: "critical",
    bytes: () => {
      const channel = new Channel();
      return every(5, (go) =>
        start(go, "api.handle", function* (go) {
          yield go.run(0.1);
          yield go.send(channel, at("api.handle", 22));
        }),
      )();
    },
  },
  {
    name: "four of five goroutines end after 20 ms, one waits for ever",
    why: "those left have waited many times as long as any that went on there",
    kind: "goroutine-leak",
    expected: "critical",
    bytes: () => {
      const answers = new Channel();
      return every(5, (go, round) =>
        start(go, "api.handle", function* (go) {
          if (round % 5 !== 0) {
            start(go, "api.answer", function* (go) {
              yield go.sleep(20, at("api.answer", 31));
              yield go.send(answers, at("api.answer", 32));
            });
          }
          yield go.receive(round % 5 === 0 ? new Channel() : answers, at("api.handle", 22));
        }),
      )();
    },
  },
  {
    name: "ever more goroutines, each of which waits 200 ms and ends",
    why: "load that grows: nobody waits longer than those that went on",
    kind: "goroutine-leak",
    expected: "none",
    bytes: every(10, (go, round) =>
      times(Math.ceil(round / 20), () =>
        start(go, "api.handle", function* (go) {
          yield go.sleep(200, at("api.handle", 22));
        }),
      ),
    ),
  },
  {
    name: "a goroutine every 5 ms that waits 50 ms and ends",
    why: "as many end as are created",
    kind: "goroutine-leak",
    expected: "none",
    bytes: every(5, (go) =>
      start(go, "api.handle", function* (go) {
        yield go.sleep(50, at("api.handle", 22));
      }),
    ),
  },
  {
    name: "a pool of 100 workers, filled at once, without work",
    why: "their number does not grow after the start",
    kind: "goroutine-leak",
    expected: "none",
    bytes: () => {
      const work = new Channel();
      return program((go) =>
        times(100, () =>
          start(go, "pool.worker", function* (go) {
            yield go.receive(work, at("pool.worker", 21));
          }),
        ),
      )();
    },
  },
  {
    name: "a connection every 5 ms that stays open",
    why: "connections that wait for the network are load, most likely",
    kind: "goroutine-leak",
    expected: "info",
    bytes: every(5, (go) =>
      start(go, "api.serve", function* (go) {
        yield go.network(5000, at("api.serve", 22));
      }),
    ),
  },
  {
    name: "a worker receives from a nil channel",
    why: "nothing can wake it",
    kind: "blocked-forever",
    expected: "warning",
    bytes: program((go) =>
      start(go, "queue.drain", function* (go) {
        yield go.run(1);
        yield go.forever(at("queue.drain", 22));
      }),
    ),
  },
  {
    name: "main waits in an empty select",
    why: "main may wait on purpose while others work",
    kind: "blocked-forever",
    expected: "info",
    bytes: () =>
      traceOf(second, function* (go) {
        goForever(go, "api.serve", function* (go) {
          yield go.sleep(20, at("api.serve", 21));
          yield go.run(1);
        });
        yield go.forever(at("main.main", 9));
      }),
  },
  {
    name: "two locks taken in two orders, crosswise after 300 ms",
    why: "the two have only ever woken each other, and neither runs again",
    kind: "deadlock-suspect",
    expected: "critical",
    bytes: program((go) => crossing(go, 300), { procs: 2, ms: 3000 }),
  },
  {
    name: "two locks taken in two orders, crosswise at once",
    why: "nobody is let in again, though nothing shows who holds the locks",
    kind: "deadlock-suspect",
    expected: "warning",
    bytes: program((go) => crossing(go, 0), { procs: 2, ms: 3000 }),
  },
  {
    name: "three in line for a lock that is held for 400 ms",
    why: "less than a second may be work",
    kind: "deadlock-suspect",
    expected: "none",
    also: ["lock-contention"],
    bytes: program(lockers(400, 1), { procs: 2, ms: 3000 }),
  },
  {
    name: "two that a third tells what the network brings",
    why: "the third can wake them again",
    kind: "deadlock-suspect",
    expected: "none",
    bytes: program(
      (go) => {
        const news = new Channel();
        times(2, () =>
          goForever(go, "feed.follow", function* (go) {
            yield go.receive(news, at("feed.follow", 21));
            yield go.run(0.1);
          }),
        );
        start(go, "feed.listen", function* (go) {
          for (let i = 0; i < 20; i++) {
            yield go.network(20, at("feed.listen", 21));
            yield go.send(news, at("feed.listen", 22));
            yield go.send(news, at("feed.listen", 23));
          }
          yield go.network(9000, at("feed.listen", 21));
        });
      },
      { procs: 2, ms: 3000 },
    ),
  },
  {
    name: "8 goroutines hold one mutex for 2 ms each",
    why: "7 of 8 stand in line all the time",
    kind: "lock-contention",
    expected: "critical",
    bytes: program(lockers(2, 0.05)),
  },
  {
    name: "8 goroutines hold one mutex for 0.05 ms and calculate 10 ms",
    why: "who gets the lock waits for one of two processors, which are never free",
    kind: "lock-contention",
    expected: "info",
    bytes: program(lockers(0.05, 10)),
  },
  {
    name: "8 goroutines hold one mutex for 0.05 ms, every 10 ms",
    why: "they hardly ever meet",
    kind: "lock-contention",
    expected: "none",
    bytes: program(lockers(0.05, 0, 10)),
  },
  {
    name: "4 readers feed one that takes 4 ms for a piece",
    why: "the readers wait to send, and the one that stores never waits",
    kind: "pipeline-bottleneck",
    expected: "warning",
    bytes: program(handOver(4, 1, 4)),
  },
  {
    name: "one reader gives a piece every 4 ms to one that takes 1 ms",
    why: "the one that stores waits for work, nobody waits to send",
    kind: "pipeline-bottleneck",
    expected: "none",
    bytes: program(handOver(1, 4, 1)),
  },
  {
    name: "a goroutine for 0.2 µs of work, all the time",
    why: "starting one takes twice what it does",
    kind: "excessive-goroutines",
    expected: "critical",
    windowMs: 1,
    bytes: small(0.0002),
  },
  {
    name: "a goroutine for 10 µs of work, all the time",
    why: "starting one is a few hundredths of what it does",
    kind: "excessive-goroutines",
    expected: "none",
    windowMs: 1,
    bytes: small(0.01),
  },
  {
    name: "20 are woken for one piece every 5 ms and wait again at once",
    why: "all but one wake in vain",
    kind: "thundering-herd",
    expected: "warning",
    bytes: crowd(0.005),
  },
  {
    name: "20 are woken every 5 ms, and each has 0.2 ms to do",
    why: "a broadcast after which all can go on is none",
    kind: "thundering-herd",
    expected: "none",
    bytes: crowd(0.2),
  },
  {
    name: "30 goroutines look every 20 µs whether there is work",
    why: "the scheduler is busy with wake-ups for nothing",
    kind: "timer-storm",
    expected: "warning",
    windowMs: 1,
    bytes: program(
      (go) =>
        times(30, () =>
          goForever(go, "queue.poll", function* (go) {
            yield go.run(0.0005);
            yield go.sleep(0.02, at("queue.poll", 21));
          }),
        ),
      { procs: 1, ms: 50 },
    ),
  },
  {
    name: "30 goroutines look every 10 ms whether there is work",
    why: "3,000 wake-ups a second are nothing to the scheduler",
    kind: "timer-storm",
    expected: "none",
    bytes: program((go) =>
      times(30, () =>
        goForever(go, "queue.poll", function* (go) {
          yield go.run(0.001);
          yield go.sleep(10, at("queue.poll", 21));
        }),
      ),
    ),
  },
  {
    name: "requests from outside stand in line behind 24 that calculate",
    why: "each waits some 100 ms for its turn",
    kind: "run-queue",
    expected: "critical",
    bytes: program(
      (go) => {
        spinners(go, 24);
        times(20, () =>
          goForever(go, "api.serve", function* (go) {
            yield go.network(5, at("api.serve", 21));
            yield go.run(0.1);
          }),
        );
      },
      { procs: 2, ms: 2000 },
    ),
  },
  {
    name: "20 that calculate, and nobody outside",
    why: "a program with work enough, whose plan the order is",
    kind: "run-queue",
    expected: "info",
    bytes: program((go) => spinners(go, 20)),
  },
  {
    name: "a woken thread takes 3 ms to get a CPU",
    why: "goroutines wait although processors are idle",
    kind: "idle-with-work",
    expected: "warning",
    bytes: program(
      (go) =>
        times(2, () =>
          goForever(go, "api.serve", function* (go) {
            yield go.sleep(5, at("api.serve", 21));
            yield go.run(1);
          }),
        ),
      { ...second, wakeNanos: 3e6 },
    ),
  },
  {
    name: "a woken thread takes 0.05 ms to get a CPU",
    why: "that is what waking a thread takes",
    kind: "idle-with-work",
    expected: "none",
    bytes: program(
      (go) =>
        times(2, () =>
          goForever(go, "api.serve", function* (go) {
            yield go.sleep(5, at("api.serve", 21));
            yield go.run(1);
          }),
        ),
      { ...second, wakeNanos: 5e4 },
    ),
  },
  {
    name: "a loop in C holds the only processor for 200 ms",
    why: "a goroutine that could run waited for it",
    kind: "sched-latency",
    expected: "warning",
    bytes: program(
      (go) => {
        goForever(go, "api.serve", function* (go) {
          yield go.sleep(5, at("api.serve", 21));
          yield go.run(1);
        });
        start(go, "image.scale", function* (go) {
          yield go.sleep(200, at("image.scale", 21));
          yield go.run(200, { held: true });
        });
      },
      { procs: 1, ms: 1000 },
    ),
  },
  {
    name: "a loop holds the only processor for 40 ms",
    why: "a wait of less than 100 ms is a slow answer, not a stall",
    kind: "sched-latency",
    expected: "none",
    bytes: program(
      (go) => {
        goForever(go, "api.serve", function* (go) {
          yield go.sleep(5, at("api.serve", 21));
          yield go.run(1);
        });
        start(go, "image.scale", function* (go) {
          yield go.sleep(200, at("image.scale", 21));
          yield go.run(40, { held: true });
        });
      },
      { procs: 1, ms: 1000 },
    ),
  },
  {
    name: "slices of 60 ms while others wait",
    why: "the others wait for a processor that is not given back",
    kind: "long-slice",
    expected: "warning",
    bytes: program(
      (go) => {
        goForever(go, "image.scale", function* (go) {
          yield go.run(60, { held: true });
          yield go.yield(at("image.scale", 22));
        });
        times(2, () =>
          goForever(go, "api.serve", function* (go) {
            yield go.sleep(5, at("api.serve", 21));
            yield go.run(1);
          }),
        );
      },
      { procs: 1, ms: 1000 },
    ),
  },
  {
    name: "slices of 60 ms while nobody waits",
    why: "the other processor is free",
    kind: "long-slice",
    expected: "info",
    bytes: program((go) =>
      goForever(go, "image.scale", function* (go) {
        yield go.run(60, { held: true });
        yield go.sleep(1, at("image.scale", 22));
      }),
    ),
  },
  {
    name: "slices of 10 ms while others wait",
    why: "the runtime preempts, as it should",
    kind: "long-slice",
    expected: "none",
    bytes: program((go) => spinners(go, 6)),
  },
  {
    name: "no CPU for 60 ms four times while two run",
    why: "both stop at once and go on at once, as under a quota",
    kind: "cpu-throttling",
    expected: "warning",
    bytes: program((go) => spinners(go, 2), { ...second, stalls }),
  },
  {
    name: "nothing happens for 60 ms while one cannot be preempted",
    why: "one goroutine that is not preempted looks like a stop of all",
    kind: "cpu-throttling",
    expected: "info",
    bytes: program((go) =>
      goForever(go, "image.scale", function* (go) {
        yield go.run(60, { held: true });
        yield go.sleep(1, at("image.scale", 22));
      }),
    ),
  },
  {
    name: "nothing happens for 60 ms because nothing is to be done",
    why: "nobody runs meanwhile",
    kind: "cpu-throttling",
    expected: "none",
    bytes: program((go) =>
      goForever(go, "api.serve", function* (go) {
        yield go.sleep(60, at("api.serve", 21));
        yield go.run(1);
      }),
    ),
  },
  ...[
    { ms: 30, kind: "GC mark termination", expected: "warning", why: "everything stands still for 30 ms" },
    { ms: 150, kind: "GC sweep termination", expected: "critical", why: "everything stands still for 150 ms" },
    { ms: 0.5, kind: "GC mark termination", expected: "none", why: "half a millisecond is usual" },
    { ms: 30, kind: "start trace", expected: "none", why: "that stop is the tracer's own" },
  ].map(({ ms, kind, expected, why }): FindingCase => ({
    name: `a stop of the world of ${ms} ms (${kind})`,
    why,
    kind: "gc-pause",
    expected: expected as FindingCase["expected"],
    bytes: program((go) =>
      start(go, "tree.build", function* (go) {
        yield go.sleep(300, at("tree.build", 21));
        yield* go.stopTheWorld(ms, kind);
      }),
    ),
  })),
  {
    name: "the collector runs 6 ms for 6 ms of the program",
    why: "half of the processor time is the collector's",
    kind: "gc-pressure",
    expected: "warning",
    bytes: program(collecting(6, 7)),
  },
  {
    name: "a fifth of what goroutines run is helping the collector",
    why: "they allocate faster than it marks",
    kind: "gc-pressure",
    expected: "warning",
    bytes: program((go) =>
      goForever(go, "tree.build", function* (go) {
        go.event("GCMarkAssistBegin", { stack: 0 });
        yield go.run(1);
        go.event("GCMarkAssistEnd");
        yield go.run(4);
        yield go.sleep(1, at("tree.build", 22));
      }),
    ),
  },
  {
    name: "the collector runs 1 ms for 10 ms of the program",
    why: "a tenth is what it usually takes",
    kind: "gc-pressure",
    expected: "none",
    bytes: program(collecting(1, 10)),
  },
  {
    name: "reads of files take 5 ms, each loses its processor",
    why: "1,000 lost processors a second",
    kind: "syscall-io-file",
    expected: "warning",
    bytes: program(calling(frames.file, 5, 0.1, true)),
  },
  {
    name: "reads of 0.015 ms one after the other",
    why: "no processor is lost, but half of one is spent inside the calls, which could be fewer",
    kind: "syscall-io-file",
    expected: "warning",
    windowMs: 10,
    bytes: program(
      (go) =>
        goForever(go, "files.copy", function* (go) {
          yield go.call(0.015, frames.file);
          yield go.run(0.005);
        }),
      { procs: 2, ms: 200 },
    ),
  },
  {
    name: "reads of 0.015 ms with 0.045 ms of work between",
    why: "an eighth of the processors' time is worth a word, no more",
    kind: "syscall-io-file",
    expected: "info",
    windowMs: 10,
    bytes: program(
      (go) =>
        goForever(go, "files.copy", function* (go) {
          yield go.call(0.015, frames.file);
          yield go.run(0.045);
        }),
      { procs: 2, ms: 200 },
    ),
  },
  {
    name: "reads of files take 0.01 ms",
    why: "they come from the cache and keep their processors",
    kind: "syscall-io-file",
    expected: "none",
    bytes: program(calling(frames.file, 0.01, 0.5, false)),
  },
  {
    name: "connects that block for 5 ms",
    why: "sockets outside package net block threads",
    kind: "syscall-io-network",
    expected: "warning",
    bytes: program(calling(frames.network, 5, 0.1, true)),
  },
  {
    name: "connects that take 0.01 ms",
    why: "sockets of package net do not block",
    kind: "syscall-io-network",
    expected: "none",
    bytes: program(calling(frames.network, 0.01, 0.5, false)),
  },
  {
    name: "8 goroutines lock one file",
    why: "whole threads wait in the kernel",
    kind: "syscall-contention",
    expected: "warning",
    bytes: program(calling(frames.lock, 5, 0.1, true)),
  },
  {
    name: "8 goroutines lock a file every 100 ms",
    why: "some 80 short waits a second of which few lose a processor",
    kind: "syscall-contention",
    expected: "none",
    bytes: program(calling(frames.lock, 0.02, 100, false)),
  },
  {
    name: "a process is started all the time",
    why: "each start holds a thread for 5 ms",
    kind: "syscall-kernel",
    expected: "warning",
    bytes: program(calling(frames.process, 5, 0.1, true)),
  },
  {
    name: "a process is started now and then",
    why: "8 starts in half a second",
    kind: "syscall-kernel",
    expected: "none",
    bytes: program(calling(frames.process, 5, 400, true)),
  },
  {
    name: "4 connections that are asked every 50 ms",
    why: "blocked time is waiting for the other end, which explains and is no fault",
    kind: "network-wait",
    expected: "info",
    bytes: program((go) =>
      times(4, () =>
        goForever(go, "api.serve", function* (go) {
          yield go.network(50, at("api.serve", 21));
          yield go.run(5);
        }),
      ),
    ),
  },
  {
    name: "4 that wait for channels, one for the network",
    why: "most of the waiting is for something else",
    kind: "network-wait",
    expected: "none",
    bytes: program((go) => {
      const work = new Channel();
      times(4, () =>
        goForever(go, "pool.worker", function* (go) {
          yield go.receive(work, at("pool.worker", 21));
          yield go.run(5);
        }),
      );
      goForever(go, "api.serve", function* (go) {
        yield go.network(50, at("api.serve", 21));
        yield go.send(work, at("api.serve", 22));
      });
    }),
  },
  {
    name: "1 ms of work every 100 ms",
    why: "the processors have nothing to do",
    kind: "mostly-idle",
    expected: "info",
    bytes: program((go) =>
      goForever(go, "api.serve", function* (go) {
        yield go.sleep(100, at("api.serve", 21));
        yield go.run(1);
      }),
    ),
  },
  {
    name: "10 ms of work every 50 ms",
    why: "a tenth of two processors is little, but not nothing",
    kind: "mostly-idle",
    expected: "none",
    bytes: program((go) =>
      goForever(go, "api.serve", function* (go) {
        yield go.sleep(40, at("api.serve", 21));
        yield go.run(10);
      }),
    ),
  },
];
