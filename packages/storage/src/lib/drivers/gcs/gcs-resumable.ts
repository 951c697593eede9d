import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';
import type { CallOptions, Driver, Part } from '../../driver.ts';
import { sessionMultiple } from './gcs-capabilities.ts';
import type { GcsClient, GcsRequest } from './gcs-client.ts';
import { GcsRefusal } from './gcs-errors.ts';
import type { HttpAnswer } from './gcs-http.ts';
import { persistedBytes, rangeOf, type SessionState, viewsFrom, viewsUpTo } from './gcs-range.ts';
import type { Seal } from './gcs-seal.ts';

const sessionToken = z.object({ key: z.string(), session: z.string() });
/** `end`: where the session is after the part. `rest`: bytes behind it, in base64, that only a finished object takes. */
const sessionReceipt = z.object({ end: z.int().min(0), rest: z.string().optional() });
type SessionReceipt = z.infer<typeof sessionReceipt>;
const finishedObject = z.object({ size: z.coerce.number() });

/**
 * Uploads by a resumable session of the JSON API
 * (https://cloud.google.com/storage/docs/performing-resumable-uploads): one stream of bytes in order, none of them
 * twice. A session takes multiples of 256 KiB until its end; what a last part has more waits in its receipt, and goes
 * out with the completion. No object is ever replaced. Of a part that was cut off on its way the session may keep a
 * piece: whoever completes the upload then gets an object that ends with it.
 */
export function createResumableUploads(
  client: GcsClient,
  bucket: string,
  seal: Seal,
): Pick<Driver, 'begin' | 'putPart' | 'predictReceipt' | 'complete' | 'abort'> {
  const upload = { permission: 'storage.objects.create', needsOnlyBucket: true } as const;

  const open = (token: unknown): { key: string; path: string } => {
    const parsed = sessionToken.safeParse(token);
    if (!parsed.success) {
      const message = 'The upload token is not one of a resumable session of Cloud Storage.';
      throw new TapedeckError('InvalidManifest', message);
    }
    const { key, session } = parsed.data;
    return { key, path: seal.open(session, client.url(key)) };
  };
  const ask = async (
    { key, path }: { key: string; path: string },
    range: string,
    body: readonly Uint8Array[],
    options: CallOptions | undefined,
  ): Promise<SessionState> => {
    const call: GcsRequest = {
      ...upload,
      needsOnlyBucket: false,
      operation: 'Write to the resumable session',
      target: client.url(key),
      method: 'PUT',
      path,
      headers: { 'content-range': range },
      body,
      accepts: (status) => status === 308,
      isSession: true,
    };
    return stateOf(call, await client.send(call, options));
  };

  return {
    async begin({ key, contentType, metadata }, options) {
      const call = startOfSession(client, bucket, { name: key, contentType, metadata });
      const { location } = (await client.send(call, options)).headers;
      if (location === undefined || !URL.canParse(location, 'http://x')) {
        const message = `${call.operation} on ${call.target} answered without a Location; is it Google Cloud Storage?`;
        throw new TapedeckError('Unknown', message);
      }
      // Whatever name the server has for itself: it is asked where it was asked before.
      const { pathname, search } = new URL(location, 'http://x');
      return { key, session: seal.close(`${pathname}${search}`, client.url(key)) };
    },

    async putPart(token, part, options) {
      const session = open(token);
      const receipt = receiptOf(part);
      const target = client.url(session.key);
      const sendFrom = (start: number): Promise<SessionState> => {
        const body = viewsUpTo(viewsFrom(part.bytes, start - part.offset), receipt.end - start);
        return ask(session, rangeOf(start, receipt.end - start, false), body, options);
      };
      const status = () => ask(session, 'bytes */*', [], options);
      let state = await (receipt.end === part.offset
        ? status()
        : sendFrom(part.offset).catch((error: unknown) => {
            if (isMisplaced(error)) return status();
            throw error;
          }));
      while (!state.finished && state.persisted < receipt.end) {
        const start = state.persisted;
        if (start < part.offset) throw missing(target, part.offset, start);
        state = await sendFrom(start);
        if (!state.finished && state.persisted <= start) throw missing(target, receipt.end, start);
      }
      if (state.finished) throw gone(target);
      return receipt;
    },

    predictReceipt: receiptOf,

    async complete(token, parts, options) {
      const session = open(token);
      const last = parts.at(-1);
      const { end, rest = '' } = last === undefined ? { end: 0 } : parseReceipt(last.receipt);
      const body = rest === '' ? [] : [Buffer.from(rest, 'base64')];
      const size = body.reduce((sum, { length }) => sum + length, 0);
      let state = await ask(session, rangeOf(end, size, true), body, options).catch((error: unknown) => {
        if (!isMisplaced(error)) throw error;
        return ask(session, 'bytes */*', [], options);
      });
      if (!state.finished && state.persisted > end) {
        // More than the receipts say is there: what follows them, as far as it came.
        state = await ask(session, rangeOf(state.persisted, 0, true), [], options);
      }
      if (!state.finished) throw missing(client.url(session.key), end, state.persisted);
      return { key: session.key, size: state.size };
    },

    async abort(token, options) {
      const { key, path } = open(token);
      const call: GcsRequest = {
        ...upload,
        operation: 'Cancel the resumable session',
        target: client.url(key),
        method: 'DELETE',
        path,
        // https://cloud.google.com/storage/docs/performing-resumable-uploads#cancel-upload
        accepts: (status) => status === 499,
        isSession: true,
      };
      try {
        await client.send(call, options);
      } catch (error) {
        if (!(error instanceof TapedeckError && error.code === 'UploadGone')) throw error;
      }
    },
  };
}

/** The request that opens a session: for a name that no object has. */
export function startOfSession(
  client: GcsClient,
  bucket: string,
  object: { readonly name: string; readonly contentType: string; readonly metadata?: object | undefined },
): GcsRequest {
  return {
    permission: 'storage.objects.create',
    needsOnlyBucket: true,
    operation: 'Initiate resumable upload',
    target: client.url(object.name),
    method: 'POST',
    path: `/upload/storage/v1/b/${encodeURIComponent(bucket)}/o?uploadType=resumable&ifGenerationMatch=0`,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'x-upload-content-type': object.contentType,
    },
    body: [Buffer.from(JSON.stringify(object))],
  };
}

function receiptOf({ offset, size, bytes }: Part): SessionReceipt {
  const over = (offset + size) % sessionMultiple;
  if (over === 0) return { end: offset + size };
  const rest = Buffer.concat(viewsFrom(bytes, Math.max(0, size - over)));
  return { end: offset + size - over, rest: rest.toString('base64') };
}

function parseReceipt(receipt: unknown): SessionReceipt {
  const parsed = sessionReceipt.safeParse(receipt);
  if (parsed.success) return parsed.data;
  throw new TapedeckError('InvalidManifest', 'A part receipt is not one of a resumable session.');
}

function stateOf({ operation, target }: GcsRequest, answer: HttpAnswer): SessionState {
  if (answer.status === 308) {
    return { finished: false, persisted: persistedBytes(answer.headers.range?.toString()) };
  }
  try {
    return { finished: true, size: finishedObject.parse(JSON.parse(answer.text)).size };
  } catch (cause) {
    const message = `${operation} on ${target} answered ${answer.status} without an object; is it Google Cloud Storage?`;
    throw new TapedeckError('Unknown', message, { cause });
  }
}

/**
 * A part that is put again after a lost answer begins where the session has bytes already. Those are ignored, says the
 * documentation; where they are refused, the session is asked what it has.
 */
function isMisplaced(error: unknown): boolean {
  return (
    error instanceof TapedeckError &&
    error.cause instanceof GcsRefusal &&
    (error.cause.status === 400 || error.cause.status === 416)
  );
}

function missing(target: string, wanted: number, held: number): TapedeckError {
  return new TapedeckError(
    'PartMismatch',
    `The resumable session of ${target} holds ${held} bytes, where there should be ${wanted}.`,
  );
}

function gone(target: string): TapedeckError {
  return new TapedeckError('UploadGone', `The resumable session of ${target} is finished.`);
}
