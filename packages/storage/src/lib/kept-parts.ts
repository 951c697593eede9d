import { TapedeckError } from '@tapedeck/core';
import { callOnce, callWithRetries, putTimeoutMs } from './call.ts';
import type { JournalPorts } from './complete-from-journal.ts';
import type { CompletedPart, UploadToken } from './driver.ts';
import { sizeOf } from './journal.ts';
import { isWholePart, type PartPlan } from './part-plan.ts';
import type { KeptContent } from './store.ts';

/**
 * Puts what was kept of a file behind `base`, the parts that are there, and gives the layout of all. Undefined where they
 * have all of it, or the service takes no part behind the last of them.
 */
export async function putKept(
  token: UploadToken,
  base: readonly CompletedPart[],
  kept: KeptContent,
  ports: JournalPorts,
): Promise<CompletedPart[] | undefined> {
  const start = sizeOf(base) < kept.size ? placeAfter(base, ports) : undefined;
  if (start === undefined) return undefined;
  const parts = base.slice(0, start.number - 1);
  for (let { number, offset } = start; offset < kept.size; number++) {
    if (number > ports.plan.maxParts) return undefined;
    const size = Math.min(ports.plan.targetSize(number), kept.size - offset);
    const bytes = await read(kept, offset, size);
    const put = await putOne(token, { number, offset, size, bytes }, ports);
    if (put === undefined) return undefined;
    parts.push({ number, offset, size, receipt: put.receipt });
    offset += size;
  }
  return parts;
}

/** The last part may be an unfinished one; then it is put again, longer. */
export function placeAfter(
  base: readonly CompletedPart[],
  {
    plan,
    driver,
  }: { readonly plan: PartPlan; readonly driver: { readonly capabilities: { replaceParts: boolean } } },
): { readonly number: number; readonly offset: number } | undefined {
  const last = base.at(-1);
  if (last === undefined) return { number: 1, offset: 0 };
  const offset = last.offset + last.size;
  if (isWholePart(plan, last.number, last.size))
    return offset % (plan.multiple ?? 1) === 0 ? { number: last.number + 1, offset } : undefined;
  return driver.capabilities.replaceParts ? { number: last.number, offset: last.offset } : undefined;
}

async function read(kept: KeptContent, offset: number, size: number): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for (let at = offset; at < offset + size; ) {
    const piece = await kept.readFrom(at);
    if (piece === undefined) throw new TapedeckError('Unknown', 'What was kept on scratch ends too early.');
    const part = piece.subarray(0, offset + size - at);
    pieces.push(part);
    at += part.length;
  }
  return pieces;
}

/** Undefined when the upload is completed already. */
async function putOne(
  token: UploadToken,
  part: { number: number; offset: number; size: number; bytes: readonly Uint8Array[] },
  { driver, policy, timeouts, signal }: JournalPorts,
): Promise<{ readonly receipt: unknown } | undefined> {
  // Newer than any that its recorder has counted, and than an earlier run's like this; services take ten digits.
  const revision = Math.floor(Date.now() / 1000);
  const put = () =>
    callOnce(`Putting part ${part.number}`, putTimeoutMs(timeouts, part.size), signal, (signal) =>
      driver.putPart(token, { ...part, revision }, { signal }),
    );
  try {
    return { receipt: await callWithRetries(policy, { signal }, put) };
  } catch (error) {
    if (TapedeckError.from(error).code === 'UploadGone') return undefined;
    throw error;
  }
}
