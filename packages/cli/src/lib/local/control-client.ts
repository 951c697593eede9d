import { request as httpRequest } from 'node:http';
import { TapedeckError } from '@tapedeck/core/error';
import type { SecretEntry } from './secret-cache.ts';

/** The answer is made in memory; a process that takes longer is stopped (Ctrl-Z) or gone. */
const timeoutMs = 5_000;

/** Hands Secrets to whoever controls. Rejects with `NotFound` when nobody listens there. */
export async function handOverSecrets(socketPath: string, entries: readonly SecretEntry[]): Promise<void> {
  await call(socketPath, 'PUT', '/secrets', JSON.stringify(entries));
}

/** Whether a control process answers. */
export async function isControlled(socketPath: string): Promise<boolean> {
  try {
    await call(socketPath, 'GET', '/healthz');
    return true;
  } catch (error) {
    if (TapedeckError.from(error).code === 'NotFound') return false;
    throw error;
  }
}

function call(socketPath: string, method: string, path: string, body?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const request = httpRequest({ socketPath, method, path, signal, agent: false }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new TapedeckError('Unknown', `the control process answered with ${response.statusCode}`));
      });
      response.once('error', reject);
    });
    request.once('error', (cause) => {
      const code = 'code' in cause ? cause.code : undefined;
      // Nobody made the socket, or who made it is dead.
      const absent = code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ECONNRESET';
      reject(absent ? new TapedeckError('NotFound', 'no control process is running', { cause }) : cause);
    });
    request.end(body);
  });
}
