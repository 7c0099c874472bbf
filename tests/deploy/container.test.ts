/** The container files name commands, flags, ports and paths; these must be the program's. (No engine runs them here.) */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { repoRoot, runCli } from "../helpers/cli.ts";

const read = (path: string): string => readFileSync(resolve(repoRoot, path), "utf8");
const dockerfile = read("Dockerfile");
type Service = {
  command?: string[];
  profiles?: string[];
  ports?: string[];
  depends_on?: Record<string, unknown>;
  environment?: Record<string, string>;
};
const compose = parse(read("deploy/compose.yaml"), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const scale = new Map(
  read("deploy/scale.env")
    .split("\n")
    .filter((line) => /^\w+=/.test(line))
    .map((line) => line.split(/=(.*)/s) as [string, string]),
);

/** Flags of the command that its own help does not know. */
async function unknownFlags(command: readonly string[]): Promise<string[]> {
  const help = await runCli([command[0]!, "--help"]);
  if (help.code !== 0) throw new Error(help.stderr);
  return command.filter((word) => word.startsWith("--") && !new RegExp(`${word}\\b`).test(help.stdout));
}

describe("Dockerfile", () => {
  test("its command is one of ours, with flags that exist", async () => {
    const command = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)![1]!) as string[];
    expect(command[0]).toBe("serve");
    expect(await unknownFlags(command)).toEqual([]);
    expect(dockerfile).toContain(`EXPOSE ${command[command.indexOf("--port") + 1]!}`);
    expect(dockerfile).toContain(`VOLUME ${command[command.indexOf("--data") + 1]!}`);
  });

  test("does not send away what its build needs", () => {
    const ignored = read(".dockerignore")
      .split("\n")
      .filter((line) => line !== "");
    for (const needed of [
      "src",
      "scripts",
      "bin",
      "package.json",
      "package-lock.json",
      ".npmrc",
      "tsconfig.json",
      "tsconfig.build.json",
      "LICENSE",
      "README.md",
    ]) {
      expect(ignored).not.toContain(needed);
    }
    expect(ignored).toEqual(expect.arrayContaining(["node_modules", ".git", ".data"]));
  });
});

describe("deploy/compose.yaml", () => {
  test("stands alone without a profile; the others belong to the profile scale", () => {
    const names = Object.keys(compose.services);
    expect(names.filter((name) => compose.services[name]!.profiles === undefined)).toEqual(["foretrace"]);
    for (const name of names.filter((other) => other !== "foretrace")) expect(compose.services[name]!.profiles).toEqual(["scale"]);
  });

  test.each(["foretrace", "worker"])("the command of %s has flags that exist", async (name) => {
    expect(await unknownFlags(compose.services[name]!.command!)).toEqual([]);
  });

  test("publishes its port on loopback only", () => {
    for (const service of Object.values(compose.services)) for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test("what a service waits for exists, and the settings for scale name the services", () => {
    for (const service of Object.values(compose.services)) {
      for (const name of Object.keys(service.depends_on ?? {})) expect(compose.services).toHaveProperty(name);
    }
    expect(compose.services).toHaveProperty(new URL(scale.get("DATABASE_URL")!).hostname);
    expect(compose.services).toHaveProperty(new URL(scale.get("REDIS_URL")!).hostname);
    for (const name of scale.keys()) expect(compose.services["worker"]!.environment).toHaveProperty(name);
  });
});
