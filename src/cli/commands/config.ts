/** `foretrace config check|schema`. */
import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { ForetraceError } from "../../lib/errors.ts";

export function configCommand(): Command {
  const check = new Command("check")
    .description("Reads a configuration file and says what is wrong with it, or what it sets.")
    .argument("[file]", "the configuration", "foretrace.yaml")
    .action(async (file: string) => {
      const { loadConfig } = await import("../../jobs/config.ts");
      const config = loadConfig(await readConfigText(file), file, process.env);
      const queries = config.targets.reduce((sum, target) => sum + Object.keys(target.prometheus?.queries ?? {}).length, 0);
      process.stdout.write(
        `${file}: good. ${config.targets.length} target(s), ${queries} Prometheus quer${queries === 1 ? "y" : "ies"}.\n`,
      );
    });
  const schema = new Command("schema").description("Prints the JSON schema of the configuration, for editors.").action(async () => {
    const { configSchema } = await import("../../jobs/config.ts");
    process.stdout.write(`${JSON.stringify(configSchema, undefined, 2)}\n`);
  });
  return new Command("config").summary("check a configuration file, or print its schema").addCommand(check).addCommand(schema);
}

export async function readConfigText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new ForetraceError("bad_config", `cannot read ${file}: ${(cause as Error).message}; name a configuration file with --config`, {
      input: file,
      cause,
    });
  }
}
