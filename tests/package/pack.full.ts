/** What users get from the registry: the tarball, installed into an empty folder, on every Node it promises. */
import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repoRoot, runCli, startCli } from "../helpers/cli.ts";
import { parseSeriesCsv, readSeriesCsv, seriesDifferences } from "../helpers/series-csv.ts";
import { goldenLists } from "../trace/golden.ts";
import { nodeBinFolder } from "./node-versions.ts";

const traceName = "esbuild-0.28.2-go1.26.5-watch";
const trace = join(repoRoot, `tests/fixtures/traces/${traceName}.trace.gz`);
const golden = readSeriesCsv(join(repoRoot, `tests/fixtures/features/${traceName}.w100ms.csv.gz`));

let folder: string;
let installed: string;
let bin: string;

/** Packs a copy of the checkout, so that the build does not take dist/ away from tests that run beside this one. */
function pack(): string {
  const copy = join(folder, "checkout");
  const left = new Set(["node_modules", ".git", "dist", "build", ".data", "coverage"]);
  cpSync(repoRoot, copy, { recursive: true, filter: (path) => !left.has(basename(path)) });
  symlinkSync(join(repoRoot, "node_modules"), join(copy, "node_modules"));
  const answer = execFileSync("npm", ["pack", "--json", "--pack-destination", folder], { cwd: copy, encoding: "utf8" });
  const tarballs = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  if (tarballs.length !== 1) throw new Error(`npm pack made ${tarballs.length} tarballs: ${answer}`);
  return join(folder, tarballs[0]!);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "foretrace-pack-"));
  const tarball = pack();
  const place = join(folder, "empty");
  mkdirSync(place);
  writeFileSync(join(place, "package.json"), '{"private":true}');
  execFileSync("npm", ["install", "--no-audit", "--no-fund", tarball], { cwd: place, stdio: "pipe" });
  installed = join(place, "node_modules", "foretrace");
  bin = join(place, "node_modules", ".bin", "foretrace");
}, 600_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function filesOf(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

describe("the tarball", () => {
  test("holds what runs and nothing else", () => {
    const files = filesOf(installed);
    for (const wanted of [
      "LICENSE",
      "README.md",
      "package.json",
      "bin/foretrace",
      "dist/cli/main.js",
      "dist/trace/index.js",
      "dist/trace/index.d.ts",
      "dist/web/index.html",
    ]) {
      expect(files).toContain(wanted);
    }
    expect(files.filter((file) => /^build\/kernels\/.+\.wasm$/.test(file)).toSorted()).toEqual(
      ["lstm-relaxed", "lstm-simd", "trace"].map((name) => `build/kernels/${name}.wasm`),
    );
    const allowed = /^(LICENSE|README\.md|CHANGELOG\.md|package\.json|bin\/foretrace|dist\/.+|build\/kernels\/.+|models\/.+|demo\/.+)$/;
    expect(files.filter((file) => !allowed.test(file))).toEqual([]);
    // TypeScript sources cannot run inside node_modules; declarations may come along.
    expect(files.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))).toEqual([]);
  });

  test("names no folder of the machine that built it", () => {
    const texts = filesOf(installed).filter((file) => /\.(js|json|css|html|ts|map|md)$/.test(file));
    const leaks = texts.filter((file) => {
      const text = readFileSync(join(installed, file), "utf8");
      return text.includes(repoRoot) || text.includes(folder);
    });
    expect(leaks).toEqual([]);
  });

  test("has an executable command", () => {
    expect(statSync(join(installed, "bin/foretrace")).mode & 0o111).toBe(0o111);
  });
});

describe.each([22, 24, 26])("the installed package on Node %i", (major) => {
  /** PATH with that Node first; without the checkout's own tools, which `npm test` put there. */
  const env = (): Record<string, string> => {
    const rest = (process.env["PATH"] ?? "").split(":").filter((part) => !part.startsWith(repoRoot));
    return { PATH: [nodeBinFolder(major), ...rest].join(":") };
  };
  beforeAll(() => {
    nodeBinFolder(major);
  }, 300_000);

  test("is that Node", () => {
    const version = execFileSync("node", ["--version"], { env: { ...process.env, ...env() }, encoding: "utf8" });
    expect(version).toMatch(new RegExp(`^v${major}\\.`));
  });

  test("analyze gives the core series", async () => {
    const result = await runCli(["analyze", trace, "--window", "100ms", "--format", "csv"], { bin, env: env(), cwd: folder });
    expect(result.stderr).toBe("");
    expect(result.code).toBe(0);
    expect(seriesDifferences(parseSeriesCsv(result.stdout), golden)).toEqual([]);
  });

  test("the library reads a trace", async () => {
    const code = `
      import { readTable, readTrace } from "foretrace/trace";
      import { openBytes, traceCores } from "foretrace/trace/node";
      import { createCoreSeries } from "foretrace/features";
      const source = () => openBytes(${JSON.stringify(trace)});
      const { events, error } = await readTrace(source(), { event() {} }, { core: traceCores });
      const { length } = await readTable(source(), { columns: ["time"] });
      console.log(events, length, String(error), traceCores.generations() !== undefined, typeof createCoreSeries);`;
    const { stdout } = await promisify(execFile)("node", ["--input-type=module", "-e", code], {
      cwd: dirname(dirname(installed)),
      env: { ...process.env, ...env() },
    });
    const { events } = goldenLists[`${traceName}.trace`]!;
    expect(stdout).toBe(`${events} ${events} undefined true function\n`);
  });

  test("serve takes a trace, serves its page, and ends on SIGTERM", async () => {
    const port = await freePort();
    const base = `http://127.0.0.1:${port}`;
    const data = join(folder, `data-${major}`);
    const server = startCli(["serve", "--data", data, "--port", String(port)], { bin, env: env(), cwd: folder });
    try {
      await until(
        `${base}/readyz`,
        (status) => status === 200,
        () => server.child.exitCode ?? server.stderr(),
      );
      expect((await fetch(`${base}/`)).headers.get("content-type")).toMatch(/^text\/html/);
      const upload = await fetch(`${base}/api/foretrace/v1/traces?target=watch`, { method: "POST", body: readFileSync(trace) });
      const record = (await upload.json()) as { id: string; job: string };
      expect({ status: upload.status, record }).toMatchObject({ status: 201, record: { created: true } });
      const jobs = `${base}/api/foretrace/v1/jobs/${encodeURIComponent(record.job)}`;
      const job = await until(
        jobs,
        (status, body) => status === 200 && /"state":"(completed|failed|canceled)"/.test(body),
        () => server.stderr(),
      );
      expect(job).toContain('"state":"completed"');
      const end = await server.stop("SIGTERM", 15_000);
      expect({ ...end, stderr: server.stderr() }).toMatchObject({ code: 0, signal: null });
    } finally {
      server.child.kill("SIGKILL");
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

/** Asks until the answer is good; gives up after two minutes with what the server said. */
async function until(url: string, good: (status: number, body: string) => boolean, explain: () => unknown): Promise<string> {
  let last = "no answer";
  for (let tries = 0; tries < 480; tries++) {
    try {
      const answer = await fetch(url);
      const body = await answer.text();
      if (good(answer.status, body)) return body;
      last = `${answer.status} ${body}`;
    } catch (error) {
      last = String(error);
    }
    await sleep(250);
  }
  throw new Error(`${url} never became good; last: ${last}; the server said: ${String(explain())}`);
}
