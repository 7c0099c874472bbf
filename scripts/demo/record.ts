/**
 * Records the demo's raw material: a real Go server (npm's esbuild, Go 1.26, serving and rebuilding on request) that traces itself
 * without pause while a bounded open-loop client loads it, with a real fault in the middle: several hundred source files change
 * at once, again and again, so that every rebuild parses all of them in parallel and requests wait behind the run queue.
 *
 * Usage: node scripts/demo/record.ts OUT_DIR [--minutes 45] [--fault-at 26] [--fault-minutes 2.5]
 * Writes OUT_DIR/server.trace and OUT_DIR/recording.json (what was done when). Then scripts/demo/pack.ts makes demo/ from it.
 * Needs npm's registry for the packages that are bundled. About 100 MB for 45 minutes.
 */
import { spawn, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { tmpdir, setPriority } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createRandom } from "../../src/lib/random.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "45" },
    "fault-at": { type: "string", default: "26" },
    "fault-minutes": { type: "string", default: "2.5" },
    port: { type: "string", default: "18478" },
    seed: { type: "string", default: "1" },
  },
});
const out = resolve(positionals[0] ?? "recording");
const seconds = Number(values.minutes) * 60;
const faultFrom = Number(values["fault-at"]) * 60;
const faultTo = faultFrom + Number(values["fault-minutes"]) * 60;
const port = Number(values.port);
const random = createRandom(values.seed);
const maxInFlight = 48;

/** Requests a second: a five-minute rhythm on a slow rise, as traffic of a small service has. */
const rate = (t: number): number =>
  45 + 30 * Math.sin((2 * Math.PI * t) / 300) + 12 * Math.sin((2 * Math.PI * t) / 75 + 1) + (10 * t) / seconds;

mkdirSync(out, { recursive: true });
const work = mkdtempSync(join(tmpdir(), "foretrace-record-"));
writeFileSync(join(work, "package.json"), "{}");
execFileSync(
  "npm",
  ["install", "--silent", "--no-audit", "--no-fund", "esbuild@0.28.2", "d3-array@3", "d3-scale@4", "lodash-es@4", "rxjs@7"],
  {
    cwd: work,
    stdio: "inherit",
  },
);
writeFileSync(
  join(work, "index.html"),
  `<!doctype html><title>demo</title><script src="out/entry.js"></script>${"<p>text</p>".repeat(400)}`,
);
writeFileSync(
  join(work, "entry.js"),
  `import * as a from "d3-array"; import * as b from "d3-scale"; import "./copies/index.js"; console.log(a, b);`,
);

// What the fault brings in: three copies of lodash-es's modules, some 1,900 files, imported and changed at once.
const copies = join(work, "copies");
mkdirSync(copies);
let index = "";
for (const copy of ["a", "b", "c"]) {
  cpSync(join(work, "node_modules", "lodash-es"), join(copies, copy), { recursive: true });
  index += `import * as ${copy} from "./${copy}/lodash.js"; console.log(${copy});\n`;
}
const calmIndex = 'console.log("calm");\n';
writeFileSync(join(copies, "index.js"), calmIndex);
const changing = readdirSync(copies, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".js") && name.includes("/"))
  .map((name) => join(copies, name))
  .filter((name) => statSync(name).isFile());
const original = changing.map((name) => readFileSync(name, "utf8"));

const trace = join(out, "server.trace");
const server = spawn(
  join(work, "node_modules", "@esbuild", `linux-${process.arch}`, "bin", "esbuild"),
  ["--servedir=.", `--serve=127.0.0.1:${port}`, `--trace=${trace}`, "entry.js", "--bundle", "--outdir=out", "--log-level=silent"],
  { cwd: work, stdio: ["pipe", "inherit", "inherit"], env: { ...process.env, GOMAXPROCS: "2" } },
);
try {
  setPriority(server.pid!, -10);
  setPriority(-12);
} catch {
  // Without the right to raise priority the recording only has more noise.
}
await sleep(1500);

const agent = new Agent({ keepAlive: true, maxSockets: maxInFlight });
const paths = ["/", "/index.html", "/out/entry.js", "/node_modules/d3-array/package.json", "/nothing-here"];
const counts = { sent: 0, ok: 0, other: 0, failed: 0, dropped: 0 };
let inFlight = 0;
function request(path: string): void {
  if (inFlight >= maxInFlight) {
    counts.dropped++;
    return;
  }
  inFlight++;
  counts.sent++;
  const done = (key: "ok" | "other" | "failed"): void => {
    inFlight--;
    counts[key]++;
  };
  get({ host: "127.0.0.1", port, path, agent, timeout: 20_000 }, (response) => {
    response.resume();
    response.on("end", () => done(response.statusCode === 200 ? "ok" : "other"));
    response.on("error", () => done("failed"));
  })
    .on("error", () => done("failed"))
    .on("timeout", function (this: { destroy(): void }) {
      this.destroy();
    });
}

const started = Date.now();
const elapsed = (): number => (Date.now() - started) / 1000;
let faults = 0;
/** Renamed into place: the server never reads half a file. */
function replace(name: string, text: string): void {
  writeFileSync(`${name}.new`, text);
  renameSync(`${name}.new`, name);
}
const fault = (async () => {
  await sleep(faultFrom * 1000);
  replace(join(copies, "index.js"), index);
  while (elapsed() < faultTo) {
    faults++;
    changing.forEach((name, i) => replace(name, `${original[i]}\n// branch ${faults}\n`));
    await sleep(1500);
  }
  replace(join(copies, "index.js"), calmIndex);
})();

let next = 0;
while (elapsed() < seconds) {
  const now = elapsed();
  while (next <= now) {
    request(paths[random.below(paths.length)]!);
    next += -Math.log(1 - random.uniform()) / Math.max(1, rate(next));
  }
  if (Math.floor(now) % 60 === 0 && now % 1 < 0.01) console.log(`${(now / 60).toFixed(0)} min`, JSON.stringify(counts));
  await sleep(4);
}
await fault;
const ended = Date.now();
server.stdin.end();
await new Promise((done) => server.once("exit", done));
agent.destroy();
rmSync(work, { recursive: true, force: true });
writeFileSync(
  join(out, "recording.json"),
  `${JSON.stringify(
    {
      program: "esbuild 0.28.2 (Go 1.26) serving a bundle and rebuilding it on request",
      gomaxprocs: 2,
      client: { maxInFlight, seed: values.seed, counts },
      startedAt: started,
      endedAt: ended,
      fault: {
        what: `${changing.length} source files change at once, ${faults} times`,
        from: started + faultFrom * 1000,
        to: started + faultTo * 1000,
      },
    },
    undefined,
    2,
  )}\n`,
);
console.log(JSON.stringify(counts), statSync(trace).size);
