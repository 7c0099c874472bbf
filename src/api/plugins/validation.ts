/** TypeBox schemas check what comes in, and in tests also what goes out. */
import type { FastifySchemaCompiler } from "fastify";
import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { ForetraceError } from "../../lib/errors.ts";
import type { App } from "../context.ts";
import { queryOf, restBase } from "../schemas/common.ts";
import { narrowed } from "./narrow.ts";

type Fault = { keyword: string; instancePath: string; message: string; params: object };

/** Query and path arrive as text and are converted to the types of their schema; a JSON body is taken as it is. */
export function useSchemas(app: App, checkAnswers: boolean): void {
  app.setValidatorCompiler(validate);
  // A route that takes no parameters says so too when it is given one.
  app.addHook("onRoute", (route) => {
    if (route.url.startsWith(restBase)) route.schema = { querystring: queryOf({}), ...route.schema };
  });
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

const validate: FastifySchemaCompiler<unknown> = ({ schema, httpPart }) => {
  const wanted = schema as TSchema & { properties?: Record<string, { type?: string }> };
  const check = Compile(wanted);
  return (value: unknown) => {
    const candidate = httpPart === "body" ? value : withNumbers(wanted.properties ?? {}, (value ?? {}) as Record<string, unknown>);
    if (check.Check(candidate)) return { value: candidate };
    const meant = narrowed(wanted, candidate);
    return { error: describeFault(Compile(meant).Errors(candidate) as Fault[], httpPart ?? "", meant as { properties?: object }) };
  };
};

const numeric = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Texts that are numbers become numbers where the schema wants them; what is none stays, and is refused. */
function withNumbers(properties: Record<string, { type?: string }>, value: Record<string, unknown>): Record<string, unknown> {
  const convert = ([name, text]: [string, unknown]): [string, unknown] => {
    const type = properties[name]?.type;
    const isNumber = (type === "number" || type === "integer") && typeof text === "string" && numeric.test(text);
    return [name, isNumber ? Number(text) : text];
  };
  return Object.fromEntries(Object.entries(value).map(convert));
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
  const allowed = faults.flatMap(({ keyword, params }): unknown[] => {
    const { allowedValue, allowedValues } = params as { allowedValue?: unknown; allowedValues?: unknown[] };
    return keyword === "const" ? [allowedValue] : keyword === "enum" ? (allowedValues ?? []) : [];
  });
  const wanted = allowed.length > 0 ? `must be one of ${allowed.join(", ")}` : fault.message;
  return new ForetraceError(code, `${what ?? "field"} "${field}" ${wanted}`, { input: field });
}

const fieldName = (path: string, last?: string): string => [...path.split("/").slice(1), ...(last === undefined ? [] : [last])].join(".");
