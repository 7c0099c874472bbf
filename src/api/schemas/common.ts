/** Pieces that several schemas share. One schema is the validation, the type and the documentation at once. */
import { type TSchema, Type } from "typebox";
import { targetNamePattern } from "../../lib/target-name.ts";

export const restBase = "/api/foretrace/v1";

/** The farthest from 1970 that a Date reaches, milliseconds. */
export const farthestMillis = 8.64e15;
export const Millis = (description: string) =>
  Type.Number({ minimum: -farthestMillis, maximum: farthestMillis, description: `${description}, milliseconds since 1970` });
export const NullableNumber = (description?: string) =>
  Type.Union([Type.Number(), Type.Null()], description === undefined ? {} : { description });
export const LabelSet = Type.Record(Type.String(), Type.String(), { description: "Labels of a series; __name__ is the metric" });
/** No control characters: no id holds one, and PostgreSQL takes no NUL. */
const plain = "^[^\\u0000-\\u001f]+$";
export const TargetName = Type.String({
  pattern: targetNamePattern,
  description: "Name of the service: letters, digits, _ . and -, the first a letter or digit, 128 at most",
});
export const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: "At most this many items" }));
export const RangeFrom = Type.Optional(Type.String({ description: "Start: milliseconds since 1970 or RFC 3339" }));
export const RangeTo = Type.Optional(Type.String({ description: "End, as from" }));
export const IdParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 300, pattern: plain }) });

export const ErrorAnswer = Type.Object(
  {
    error: Type.Object({
      code: Type.String({ description: "One of docs/errors.md" }),
      message: Type.String(),
      place: Type.Optional(
        Type.Object({}, { additionalProperties: true, description: "Where in the input: input, offset, generation, line" }),
      ),
    }),
  },
  { description: "What went wrong, where, and what would be right" },
);

/** A query object that takes these keys and no other. */
export const queryOf = <P extends Record<string, TSchema>>(properties: P) => Type.Object(properties, { additionalProperties: false });

/** The documented answers of a route. Their types are checked at run time in tests (the store's types are read-only, these are not). */
export function answers(success: Record<number, TSchema>): Record<string, TSchema> {
  return { ...success, "4xx": ErrorAnswer, "5xx": ErrorAnswer };
}
export const itemsOf = (item: TSchema): TSchema => Type.Object({ items: Type.Array(item) });
/** An answer that is no JSON: what `produces` of the route says. */
export const RawAnswer = (description: string): TSchema => Type.Unsafe<string>({ type: "string", description });
