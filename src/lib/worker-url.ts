/**
 * Address of a worker thread's file beside `importer` (an `import.meta.url`): `.ts` when run from source, `.js` in the built package,
 * since the compiler leaves strings alone. Write it with the `.ts` ending: `new Worker(workerUrl(import.meta.url, "./name.ts"))`.
 */
export function workerUrl(importer: string, file: string): URL {
  return new URL(importer.endsWith(".ts") ? file : file.replace(/\.ts$/, ".js"), importer);
}
