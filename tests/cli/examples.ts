/** docs/examples: what `foretrace analyze` answers on recordings of ../shared/traces/real. */
import { realDir } from "../features/traces.ts";
import { runCli } from "../helpers/cli.ts";

/** Name of the page in docs/examples, and of the recording. */
export const examples: Readonly<Record<string, string>> = {
  "esbuild-build": "esbuild-0.27.7-go1.25.7-big",
  "esbuild-server": "esbuild-0.28.2-go1.26.5-serve-load",
  "prometheus-load": "prometheus-2.42.0-go1.19.8-load5s",
  "nats-load": "nats-server-2.9.10-go1.19.8-load3s",
  mutex: "go119-scenario-mutex",
};

export async function exampleText(name: string): Promise<string> {
  const command = ["analyze", `${examples[name]!}.trace`];
  const { code, stdout, stderr } = await runCli(command, { cwd: realDir });
  if (code !== 0) throw new Error(stderr);
  return `$ foretrace ${command.join(" ")}\n${stdout}`;
}
