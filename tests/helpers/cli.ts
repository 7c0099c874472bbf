/** Runs the `foretrace` command as a user would: a process of its own, through bin/foretrace. */
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";

export const repoRoot = resolve(import.meta.dirname, "../..");
export const foretraceBin = resolve(repoRoot, "bin/foretrace");

export type CliOptions = {
  /** Bytes for standard input; without it standard input is empty. */
  stdin?: string | Uint8Array;
  /** Added to the environment of the test; `undefined` takes a variable away. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Another executable than this checkout's, for example the one of an installed package. */
  bin?: string;
  /** After this many milliseconds the process is killed and the promise rejects; 120 s unless told. */
  timeout?: number;
};

/** `code` is null when a signal ended the process. */
export type CliResult = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string; stdoutBytes: Buffer };

/**
 * Runs `foretrace ARGS…` to its end.
 * Never rejects for a failing command (see `code`), only when it cannot be started or outlives `timeout`.
 */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = spawn(options.bin ?? foretraceBin, args, spawnOptions(options));
  const out = collect(child.stdout);
  const err = collect(child.stderr);
  // A command may end without reading its input; the broken pipe that follows is no fault of the test.
  child.stdin.on("error", () => {});
  child.stdin.end(options.stdin ?? "");
  const timeout = options.timeout ?? 120_000;
  return new Promise((done, fail) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(new Error(`foretrace ${args.join(" ")} did not end within ${timeout} ms; standard error so far:\n${err().toString()}`));
    }, timeout);
    child.on("error", (error) => {
      clearTimeout(timer);
      fail(error);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      done({ code, signal, stdout: out().toString(), stderr: err().toString(), stdoutBytes: out() });
    });
  });
}

export type RunningCli = {
  readonly child: ChildProcess;
  /** What it wrote so far. */
  stdout(): string;
  stderr(): string;
  /** Sends the signal and waits for the end; `millis` is how long that took. Kills and rejects after `timeout` (30 s unless told). */
  stop(signal?: NodeJS.Signals, timeout?: number): Promise<{ code: number | null; signal: NodeJS.Signals | null; millis: number }>;
};

/** Starts `foretrace ARGS…` and leaves it running (serve, worker); the test must `stop()` it. */
export function startCli(args: readonly string[], options: Omit<CliOptions, "stdin" | "timeout"> = {}): RunningCli {
  const child = spawn(options.bin ?? foretraceBin, args, spawnOptions(options));
  const out = collect(child.stdout);
  const err = collect(child.stderr);
  child.stdin.on("error", () => {});
  child.stdin.end();
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done, fail) => {
    child.on("error", fail);
    child.on("close", (code, signal) => done({ code, signal }));
  });
  ended.catch(() => {});
  return {
    child,
    stdout: () => out().toString(),
    stderr: () => err().toString(),
    async stop(signal = "SIGTERM", timeout = 30_000) {
      const begin = performance.now();
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, fail) => {
        timer = setTimeout(() => {
          child.kill("SIGKILL");
          fail(new Error(`foretrace ${args.join(" ")} was still there ${timeout} ms after ${signal}:\n${err().toString()}`));
        }, timeout);
      });
      const end = await Promise.race([ended, late]).finally(() => clearTimeout(timer));
      return { ...end, millis: performance.now() - begin };
    },
  };
}

function spawnOptions(options: CliOptions): { cwd: string; env: NodeJS.ProcessEnv; stdio: ["pipe", "pipe", "pipe"] } {
  const env: NodeJS.ProcessEnv = { ...process.env, ...options.env };
  for (const key of Object.keys(env)) if (env[key] === undefined) delete env[key];
  return { cwd: options.cwd ?? repoRoot, env, stdio: ["pipe", "pipe", "pipe"] };
}

function collect(stream: NodeJS.ReadableStream): () => Buffer {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
}
