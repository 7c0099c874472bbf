/** Which waits a profile counts: as `go tool trace -pprof=TYPE` does (Go's src/cmd/trace/pprof.go). */
import { GoState } from "../../trace/model.ts";

export const profileKinds = ["net", "sync", "syscall", "sched"] as const;
export type ProfileKind = (typeof profileKinds)[number];

/** `reason` is undefined where any will do. */
export type WaitRule = { readonly state: GoState; readonly reason: ((reason: string) => boolean) | undefined };

export const waitRules: Readonly<Record<ProfileKind, WaitRule>> = {
  net: { state: GoState.Waiting, reason: (reason) => reason === "network" },
  sync: { state: GoState.Waiting, reason: (reason) => /chan|sync|select/.test(reason) },
  syscall: { state: GoState.Syscall, reason: undefined },
  sched: { state: GoState.Runnable, reason: undefined },
};
