/** Spans in OTLP/JSON (opentelemetry.io/docs/specs/otlp, JSON Protobuf Encoding): ids in hex, 64-bit numbers as text, enums as numbers. */

export type AttributeValue = string | number | boolean;
export type Attributes = readonly (readonly [key: string, value: AttributeValue])[];

export type SpanEvent = { readonly time: number; readonly name: string; readonly attributes: Attributes };
export type SpanLink = { readonly traceId: string; readonly spanId: string };

export type Span = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  /** Trace nanoseconds. */
  readonly start: number;
  readonly events: SpanEvent[];
  readonly links: SpanLink[];
  droppedEvents: number;
};

/** SPAN_KIND_INTERNAL */
const internalKind = 1;

/** @param origin nanoseconds since 1970 at relative time 0. */
export function spanJson(span: Span, end: number, attributes: Attributes, origin: bigint): string {
  const unixNano = (time: number): string => String(origin + BigInt(Math.round(time)));
  return JSON.stringify({
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: internalKind,
    startTimeUnixNano: unixNano(span.start),
    endTimeUnixNano: unixNano(end),
    attributes: attributesJson(attributes),
    ...(span.events.length === 0
      ? {}
      : {
          events: span.events.map((event) => ({
            timeUnixNano: unixNano(event.time),
            name: event.name,
            attributes: attributesJson(event.attributes),
          })),
        }),
    ...(span.droppedEvents === 0 ? {} : { droppedEventsCount: span.droppedEvents }),
    ...(span.links.length === 0 ? {} : { links: span.links }),
  });
}

export function attributesJson(attributes: Attributes): object[] {
  return attributes.map(([key, value]) => ({ key, value: valueJson(value) }));
}

function valueJson(value: AttributeValue): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return { intValue: String(Math.round(value)) };
}
