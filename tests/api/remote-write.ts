/** Sends samples with their exact bits (stale markers among them) to a real Prometheus, by remote write 1.0. */
import type { Labels, Sample } from "../../src/lib/series.ts";

export async function remoteWrite(url: string, series: readonly { labels: Labels; samples: readonly Sample[] }[]): Promise<void> {
  const body = Buffer.concat(
    series.map(({ labels, samples }) => {
      const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
      const parts = sorted.map(([name, value]) => field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))])));
      for (const { t, v } of samples) {
        const double = Buffer.alloc(9);
        double[0] = (1 << 3) | 1;
        double.set(bitsOf(v), 1);
        parts.push(field(2, Buffer.concat([double, Buffer.from([2 << 3]), varint(t)])));
      }
      return field(1, Buffer.concat(parts));
    }),
  );
  const response = await fetch(`${url}/api/v1/write`, {
    method: "POST",
    headers: {
      "content-encoding": "snappy",
      "content-type": "application/x-protobuf",
      "x-prometheus-remote-write-version": "0.1.0",
    },
    body: new Uint8Array(snappy(body)),
  });
  if (!response.ok) throw new Error(`remote write: ${response.status} ${await response.text()}`);
}

/** A stale marker loses its quiet bit again: JavaScript may have set it on the way. */
function bitsOf(v: number): Buffer {
  const bits = Buffer.alloc(8);
  bits.writeDoubleLE(v);
  if (bits.readUInt32LE(0) === 2 && Number.isNaN(v)) bits.writeBigUInt64LE(0x7ff0000000000002n);
  return bits;
}

const field = (number: number, bytes: Buffer): Buffer => Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

/** Snappy's block format with literals only. */
function snappy(bytes: Buffer): Buffer {
  const parts = [varint(bytes.length)];
  for (let at = 0; at < bytes.length; at += 65_536) {
    const piece = bytes.subarray(at, at + 65_536);
    const head = Buffer.from([61 << 2, 0, 0]);
    head.writeUInt16LE(piece.length - 1, 1);
    parts.push(head, piece);
  }
  return Buffer.concat(parts);
}
