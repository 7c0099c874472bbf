/** The outside programs that tests run against: where they lie, and which Debian package brings them. */
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

export const services = {
  redis: { program: "redis-server", debian: "redis-server" },
  postgres: { program: "postgres", debian: "postgresql" },
  prometheus: { program: "prometheus", debian: "prometheus" },
  promtool: { program: "promtool", debian: "prometheus" },
  alertmanager: { program: "prometheus-alertmanager", debian: "prometheus-alertmanager" },
  chromium: { program: "chromium", debian: "chromium" },
} as const;
export type ServiceName = keyof typeof services;

/** Path of the program, or undefined when this machine lacks it. Debian keeps PostgreSQL's programs out of PATH. */
export function findService(name: ServiceName): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  folders.push("/usr/bin", "/usr/sbin", "/usr/local/bin");
  if (name === "postgres") folders.unshift(...postgresFolders());
  for (const folder of folders) {
    const path = join(folder, services[name].program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

function postgresFolders(): string[] {
  const base = "/usr/lib/postgresql";
  if (!existsSync(base)) return [];
  return readdirSync(base)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(base, version, "bin"));
}
