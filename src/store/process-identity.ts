/** Names a running process so that it is not mistaken for another one that got the same pid later. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

export type ProcessIdentity = {
  readonly host: string;
  readonly pid: number;
  /** Start of the process in the kernel's clock ticks since boot, or "" where the system does not tell. */
  readonly start: string;
};

export const thisProcess = (): ProcessIdentity => ({ host: hostname(), pid: process.pid, start: startOf(process.pid) });

/** Whether that very process still runs; undefined when it is one of another host, which cannot be asked. */
export function isRunning(identity: ProcessIdentity): boolean | undefined {
  if (identity.host !== hostname()) return undefined;
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    // EPERM: it runs, under another user.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const start = startOf(identity.pid);
  return start === "" || identity.start === "" || start === identity.start;
}

/** Field 22 of /proc/PID/stat (proc(5)), counted after the command name, which may hold spaces. A zombie counts as ended. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "ended" : (fields[19] ?? "");
  } catch {
    return "";
  }
}
