/** Programs of the built package in a real browser: bundled by esbuild, served from this machine. */
import { createServer, type Server } from "node:http";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";

/** One file for browsers; fails where anything needs Node. @param folder where `foretrace` is installed */
export async function bundled(code: string, folder: string): Promise<Map<string, Uint8Array>> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: folder, loader: "ts", sourcefile: "program.ts" },
    outdir: "/out",
    entryNames: "program",
    assetNames: "[name]",
    publicPath: "/",
    bundle: true,
    write: false,
    platform: "browser",
    format: "esm",
    target: ["chrome120", "firefox120", "safari17"],
    supported: { "top-level-await": true },
    loader: { ".wasm": "file" },
    logLevel: "silent",
  });
  return new Map(outputFiles.map(({ path, contents }) => [path.replace(/^.*\/out/, ""), contents]));
}

export type Site = { readonly url: string; close(): Promise<void> };

/** Serves files by their path, `/` being a page that runs /program.js. Traces go out as they are, without any encoding said. */
export async function serveSite(files: ReadonlyMap<string, Uint8Array | string>): Promise<Site> {
  const types: Record<string, string> = { js: "text/javascript", wasm: "application/wasm", html: "text/html; charset=utf-8" };
  const page = `<!doctype html><title>program</title><body><script type="module" src="/program.js"></script>`;
  const server: Server = createServer((request, response) => {
    const path = request.url!;
    const file = path === "/" ? page : path === "/favicon.ico" ? "" : files.get(path);
    if (file === undefined) return void response.writeHead(404).end();
    const body = typeof file === "string" && file.startsWith("file:") ? readFileSync(new URL(file)) : file;
    response.writeHead(200, { "content-type": types[path === "/" ? "html" : path.split(".").at(-1)!] ?? "application/octet-stream" });
    response.end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((done) => server.close(() => done())),
  };
}
