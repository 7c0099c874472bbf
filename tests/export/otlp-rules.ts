/**
 * The rules of OTLP/JSON (opentelemetry.io/docs/specs/otlp, JSON Protobuf Encoding; names and numbers of opentelemetry/proto/trace/v1/trace.proto):
 * lowerCamelCase names, ids in hex, 64-bit numbers as decimal text, enums as numbers, no unknown field. Throws where one is broken.
 */
type AnyValue = { stringValue?: string; boolValue?: boolean; intValue?: string };
type KeyValue = { key: string; value: AnyValue };
export type OtlpSpan = {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: KeyValue[];
  events?: { timeUnixNano: string; name: string; attributes: KeyValue[] }[];
  links?: { traceId: string; spanId: string }[];
  droppedEventsCount?: number;
};

export function checkOtlp(bytes: Uint8Array): { spans: OtlpSpan[]; resource: Record<string, unknown> } {
  const text = new TextDecoder().decode(bytes);
  if (text.trimEnd().includes("\n")) throw new Error("the document has more than one line");
  const document = JSON.parse(text) as {
    resourceSpans: { resource: { attributes: KeyValue[] }; scopeSpans: { scope: { name: string }; spans: OtlpSpan[] }[] }[];
  };
  only(document, ["resourceSpans"]);
  const { resource, scopeSpans } = document.resourceSpans[0]!;
  checkAttributes(resource.attributes);
  const spans = scopeSpans.flatMap((scope) => scope.spans);
  for (const span of spans) checkSpan(span);
  if (new Set(spans.map(({ spanId }) => spanId)).size !== spans.length) throw new Error("a span id twice");
  return { spans, resource: Object.fromEntries(resource.attributes.map(({ key, value }) => [key, Object.values(value)[0]])) };
}

const spanFields = [
  "traceId",
  "spanId",
  "parentSpanId",
  "name",
  "kind",
  "startTimeUnixNano",
  "endTimeUnixNano",
  "attributes",
  "events",
  "links",
  "droppedEventsCount",
];

function checkSpan(span: OtlpSpan): void {
  only(span, spanFields);
  id(span.traceId, 16);
  id(span.spanId, 8);
  if (span.parentSpanId !== undefined) id(span.parentSpanId, 8);
  if (span.name === "") throw new Error("a span without a name");
  if (![0, 1, 2, 3, 4, 5].includes(span.kind)) throw new Error(`kind ${span.kind}`);
  for (const time of [span.startTimeUnixNano, span.endTimeUnixNano]) whole(time);
  if (BigInt(span.endTimeUnixNano) < BigInt(span.startTimeUnixNano)) throw new Error(`${span.name} ends before it begins`);
  checkAttributes(span.attributes);
  for (const event of span.events ?? []) {
    only(event, ["timeUnixNano", "name", "attributes", "droppedAttributesCount"]);
    whole(event.timeUnixNano);
    checkAttributes(event.attributes);
  }
  for (const link of span.links ?? []) {
    only(link, ["traceId", "spanId", "traceState", "attributes"]);
    id(link.traceId, 16);
    id(link.spanId, 8);
  }
}

function checkAttributes(attributes: readonly KeyValue[]): void {
  for (const { key, value } of attributes) {
    if (key === "") throw new Error("an attribute without a key");
    const [kind, ...more] = Object.keys(value);
    if (more.length > 0 || !["stringValue", "boolValue", "intValue"].includes(kind!)) throw new Error(`${key}: ${JSON.stringify(value)}`);
    if (value.intValue !== undefined) whole(value.intValue);
  }
  if (new Set(attributes.map(({ key }) => key)).size !== attributes.length) throw new Error("an attribute twice");
}

function only(object: object, fields: readonly string[]): void {
  for (const field of Object.keys(object)) if (!fields.includes(field)) throw new Error(`OTLP has no field ${field} here`);
}

function id(text: string, bytes: number): void {
  if (!new RegExp(`^[0-9a-f]{${bytes * 2}}$`).test(text) || /^0+$/.test(text))
    throw new Error(`"${text}" is no id of ${bytes} bytes in hex`);
}

function whole(text: string): void {
  if (typeof text !== "string" || !/^-?\d+$/.test(text)) throw new Error(`${JSON.stringify(text)} is no 64-bit number as text`);
}
