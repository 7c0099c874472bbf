/** TypeBox schemas check what comes in, and in tests also what goes out. */
import type { FastifySchemaCompiler } from "fastify";
import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { Convert } from "typebox/value";
import { ForetraceError } from "../../lib/errors.ts";
import type { App } from "../context.ts";

type Fault = { keyword: string; instancePath: string; message: string; params: object };

/** Query and path arrive as text and are converted to the types of their schema; a JSON body is taken as it is. */
export function useSchemas(app: App, checkAnswers: boolean): void {
  app.setValidatorCompiler(validator(false));
  app.setSerializerCompiler(({ schema, url }) => {
    if (!checkAnswers) return (data) => JSON.stringify(data);
    const check = Compile(schema as TSchema);
    return (data) => {
      const text = JSON.stringify(data);
      const sent: unknown = JSON.parse(text);
      if (!check.Check(sent)) throw new Error(`the answer of ${url} does not fit its schema: ${JSON.stringify(check.Errors(sent)[0])}`);
      return text;
    };
  });
}

/** @param convertBody also for bodies that arrive as text (forms). */
export function validator(convertBody: boolean): FastifySchemaCompiler<unknown> {
  return ({ schema, httpPart }) => {
    const check = Compile(schema as TSchema);
    return (value: unknown) => {
      const candidate = httpPart === "body" && !convertBody ? value : Convert(schema as TSchema, value ?? {});
      if (check.Check(candidate)) return { value: candidate };
      return { error: describeFault(check.Errors(candidate) as Fault[], httpPart ?? "", schema as { properties?: object }) };
    };
  };
}

const partNames: Record<string, string> = { querystring: "query parameter", params: "path parameter", headers: "header" };

function describeFault(faults: Fault[], part: string, schema: { properties?: object }): ForetraceError {
  const code = part === "body" ? "bad_json" : "bad_usage";
  const unknown = faults.find(({ keyword }) => keyword === "additionalProperties");
  const missing = faults.find(({ keyword }) => keyword === "required");
  const what = partNames[part];
  if (unknown !== undefined) {
    const names = (unknown.params as { additionalProperties: string[] }).additionalProperties;
    const field = fieldName(unknown.instancePath, names[0]!);
    const known = unknown.instancePath === "" ? Object.keys(schema.properties ?? {}) : [];
    const remedy = known.length > 0 ? `; known are ${known.join(", ")}` : "";
    return new ForetraceError(code, `unknown ${what ?? "field"} "${field}"${remedy}`, { input: field });
  }
  if (missing !== undefined) {
    const field = fieldName(missing.instancePath, (missing.params as { requiredProperties: string[] }).requiredProperties[0]!);
    return new ForetraceError(code, `missing ${what ?? "field"} "${field}"`, { input: field });
  }
  const fault = faults.at(-1) ?? { instancePath: "", message: "is wrong" };
  if (fault.instancePath === "") return new ForetraceError(code, `the ${what ?? "body"} ${fault.message}`, { input: part });
  const field = fieldName(fault.instancePath);
  const allowed = faults.flatMap(({ keyword, params }) =>
    keyword === "const" ? [(params as { allowedValue: unknown }).allowedValue] : [],
  );
  const wanted = allowed.length > 0 ? `must be one of ${allowed.join(", ")}` : fault.message;
  return new ForetraceError(code, `${what ?? "field"} "${field}" ${wanted}`, { input: field });
}

const fieldName = (path: string, last?: string): string => [...path.split("/").slice(1), ...(last === undefined ? [] : [last])].join(".");
