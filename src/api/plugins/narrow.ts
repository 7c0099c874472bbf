/** For messages: a union's own faults speak of every variant at once, so the variant that was meant is looked for first. */
import { type TSchema, Type } from "typebox";

type Plain = Record<string, unknown>;
type ObjectSchema = TSchema & { type: "object"; properties: Record<string, TSchema & { const?: unknown }> };

const isPlain = (value: unknown): value is Plain => typeof value === "object" && value !== null && !Array.isArray(value);
const isObjectSchema = (schema: TSchema): schema is ObjectSchema =>
  (schema as { type?: string }).type === "object" && "properties" in schema;

/**
 * The schema with each union of objects replaced by the variant closest to the value: the one whose fixed fields (`name`) it has, then the one
 * that knows most of its fields. Where a fixed field fits none, only that field is left, with what it may be.
 */
export function narrowed(schema: TSchema, value: unknown): TSchema {
  if (!isPlain(value)) return schema;
  const variants = (schema as { anyOf?: TSchema[] }).anyOf;
  if (variants !== undefined && variants.every(isObjectSchema)) return narrowed(closest(variants, value), value);
  if (!isObjectSchema(schema)) return schema;
  const properties = Object.entries(schema.properties).map(([name, part]) => [name, narrowed(part, value[name])]);
  return { ...schema, properties: Object.fromEntries(properties) };
}

function closest(variants: readonly ObjectSchema[], value: Plain): TSchema {
  const fixed = Object.keys(variants[0]!.properties).find((name) =>
    variants.every(({ properties }) => properties[name]?.const !== undefined),
  );
  if (fixed !== undefined) {
    const meant = variants.find(({ properties }) => properties[fixed]!.const === value[fixed]);
    return meant ?? Type.Object({ [fixed]: Type.Enum(variants.map(({ properties }) => properties[fixed]!.const as string)) });
  }
  const known = ({ properties }: ObjectSchema): number => Object.keys(value).filter((name) => Object.hasOwn(properties, name)).length;
  return variants.reduce((best, variant) => (known(variant) > known(best) ? variant : best));
}
