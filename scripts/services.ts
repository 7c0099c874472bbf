/**
 * Checks for the programs that integration tests run against (a Redis, a PostgreSQL, a Prometheus, a browser), and installs
 * the missing ones with apt-get where that is possible. Without root or apt it says what to install, and the tests that need
 * a missing program are skipped, loudly. The daemons that Debian would start are held back: tests start their own, on free ports.
 */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { findService, type ServiceName, services } from "../tests/helpers/find-service.ts";

const names = Object.keys(services) as ServiceName[];
const missing = names.filter((name) => findService(name) === undefined);
if (missing.length === 0) {
  console.log(`services: ${names.join(", ")}: all here`);
} else {
  const packages = missing.map((name) => services[name].debian);
  const hint = `install the Debian packages ${packages.join(" ")} to run the tests that need ${missing.join(", ")}; they are skipped until then`;
  if (process.getuid?.() !== 0) console.error(`services: not root: ${hint}`);
  else if (!existsSync("/usr/bin/apt-get")) console.error(`services: no apt-get: ${hint}`);
  else {
    console.log(`services: installing ${packages.join(" ")}`);
    install(packages);
    const still = missing.filter((name) => findService(name) === undefined);
    if (still.length > 0) console.error(`services: could not install ${still.join(", ")}; the tests that need them are skipped`);
  }
}

function install(packages: readonly string[]): void {
  // Debian starts a daemon as it unpacks one, unless this file says no (exit 101: "action forbidden by policy").
  const policy = "/usr/sbin/policy-rc.d";
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    const lock = ["-o", "DPkg::Lock::Timeout=300"];
    const install = [...lock, "install", "-y", "-q", "--no-install-recommends", ...packages];
    if (!aptGet(install)) {
      aptGet([...lock, "update", "-q"]);
      aptGet(install);
    }
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

function aptGet(args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync("apt-get", args, { stdio: ["ignore", "ignore", "inherit"], env }).status === 0;
}
