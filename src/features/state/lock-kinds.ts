/** What kind of lock a goroutine waits for, told by the functions on its stack. */
import type { Frame } from "../../trace/model.ts";

/** Of a wait for "sync", the primitive by the frames at the top of the stack; the first that fits. */
const lockKinds: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ["rwmutex", /^(?:internal\/)?sync\.\(\*RWMutex\)\./],
  ["mutex", /^(?:internal\/)?sync\.\(\*Mutex\)\./],
  ["waitgroup", /^sync\.\(\*WaitGroup\)\./],
  ["once", /^sync\.\(\*Once\)\./],
  ["cond", /^sync\.\(\*Cond\)\./],
];
/** Frames of the runtime and of package sync above the primitive that the program called. */
const shallow = 6;

/** A primitive that is built of another comes first: an RWMutex waits in its Mutex, a Once in its own. */
export function lockKindOf(frames: readonly Frame[]): string {
  let found = "other";
  for (const { func } of frames.slice(0, shallow)) {
    const kind = lockKinds.find(([, pattern]) => pattern.test(func))?.[0];
    if (kind !== undefined) found = kind;
    else if (found !== "other") break;
  }
  return found;
}
