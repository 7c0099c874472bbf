/**
 * Runs the notebooks from top to bottom without a head, each in a fresh kernel on the Node that runs this script.
 *
 *   node scripts/notebooks.ts            runs all; the results go to a temporary folder
 *   node scripts/notebooks.ts --write    …and into notebooks/, to be committed
 *
 * Installs what is missing: notebooks/node_modules from its lock file, and (as root on Debian) the package jupyter-nbconvert.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";

const folder = resolve(import.meta.dirname, "..", "notebooks");

export type NotebookOutput = {
  readonly output_type: "stream" | "display_data" | "execute_result" | "error";
  /** Of a stream: stdout or stderr. */
  readonly name?: string;
  readonly text?: string | string[];
  /** MIME type → content, as text or lines. */
  readonly data?: Readonly<Record<string, string | string[]>>;
  readonly ename?: string;
  readonly evalue?: string;
};
export type NotebookCell = {
  readonly cell_type: "code" | "markdown" | "raw";
  readonly source: string | string[];
  execution_count?: number | null;
  readonly outputs?: readonly NotebookOutput[];
};
export type Notebook = { readonly cells: readonly NotebookCell[] };

/** Paths of the notebooks, by name. */
export function notebookPaths(): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".ipynb"));
  return names.sort().map((name) => join(folder, name));
}

export const readNotebook = (path: string): Notebook => JSON.parse(readFileSync(path, "utf8")) as Notebook;

/** Makes `jupyter nbconvert` and notebooks/node_modules be there. Throws with the command to type when it may not install. */
export function installNotebookTools(): void {
  const lock = join(folder, "package-lock.json");
  const stamp = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(stamp) || statSync(stamp).mtimeMs < statSync(lock).mtimeMs) {
    execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  }
  if (hasNbconvert()) return;
  const packages = ["install", "-y", "--no-install-recommends", "jupyter-nbconvert"];
  if (process.getuid?.() === 0 && spawnSync("apt-get", ["--version"]).status === 0) {
    execFileSync("apt-get", ["update", "-qq"], { stdio: "ignore" });
    execFileSync("apt-get", packages, { stdio: "ignore", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  }
  if (!hasNbconvert()) throw new Error(`jupyter-nbconvert is missing; install it, for example: sudo apt-get ${packages.join(" ")}`);
}

const hasNbconvert = (): boolean => spawnSync("jupyter-nbconvert", ["--version"]).status === 0;

/**
 * Executes one notebook and writes the result to `outFolder` under the same name; relative paths in it start at notebooks/.
 * Throws when a cell fails or says anything on standard error (the kernel reports type errors there, without marking the cell).
 */
export function executeNotebook(path: string, outFolder: string): Notebook {
  const jupyter = mkdtempSync(join(tmpdir(), "foretrace-jupyter-"));
  try {
    writeKernel(join(jupyter, "kernels", "tslab"));
    const env = {
      ...process.env,
      JUPYTER_PATH: jupyter,
      JUPYTER_RUNTIME_DIR: join(jupyter, "runtime"),
      JUPYTER_CONFIG_DIR: join(jupyter, "config"),
      JUPYTER_DATA_DIR: join(jupyter, "data"),
      TZ: "UTC",
    };
    const options = ["--ExecutePreprocessor.timeout=300", "--ExecutePreprocessor.record_timing=False"];
    const run = spawnSync("jupyter-nbconvert", ["--to", "notebook", "--execute", ...options, "--output-dir", outFolder, path], {
      env,
      cwd: folder,
      encoding: "utf8",
    });
    if (run.status !== 0) throw new Error(`${basename(path)} did not run to its end:\n${run.stderr}`);
  } finally {
    rmSync(jupyter, { recursive: true, force: true });
  }
  const result = join(outFolder, basename(path));
  const notebook = readNotebook(result);
  // The kernel does not number its cells; nbconvert stops at the first that fails, so all of them ran.
  for (const [index, cell] of notebook.cells.filter(({ cell_type }) => cell_type === "code").entries()) cell.execution_count = index + 1;
  const faults = notebookFaults(notebook);
  if (faults.length > 0) throw new Error(`${basename(path)}:\n${faults.join("\n")}`);
  writeFileSync(result, `${JSON.stringify(notebook, undefined, 1)}\n`);
  return notebook;
}

/** What went wrong in an executed notebook; empty when every code cell ran cleanly. */
export function notebookFaults(notebook: Notebook): string[] {
  const faults: string[] = [];
  for (const [index, cell] of notebook.cells.entries()) {
    if (cell.cell_type !== "code") continue;
    if (typeof cell.execution_count !== "number") faults.push(`cell ${index} was not executed`);
    for (const output of cell.outputs ?? []) {
      if (output.output_type === "error") faults.push(`cell ${index}: ${output.ename}: ${output.evalue}`);
      else if (output.name === "stderr") faults.push(`cell ${index}: ${[output.text].flat().join("")}`);
    }
  }
  return faults;
}

/** A kernel of the repository's own, instead of `tslab install`, which writes into the user's Jupyter. */
function writeKernel(place: string): void {
  mkdirSync(place, { recursive: true });
  const argv = [process.execPath, join(folder, "node_modules", "tslab", "bin", "tslab"), "kernel", "--config-path={connection_file}"];
  writeFileSync(join(place, "kernel.json"), JSON.stringify({ argv, display_name: "TypeScript (tslab)", language: "typescript" }));
}

if (import.meta.main) {
  const write = process.argv.includes("--write");
  installNotebookTools();
  const out = mkdtempSync(join(tmpdir(), "foretrace-notebooks-"));
  for (const path of notebookPaths()) {
    executeNotebook(path, out);
    if (write) copyFileSync(join(out, basename(path)), path);
    process.stdout.write(`${basename(path)}: every cell ran${write ? "" : `, see ${join(out, basename(path))}`}\n`);
  }
}
