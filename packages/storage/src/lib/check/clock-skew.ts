import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { TapedeckError } from '@tapedeck/core';

/** Beyond this AWS and its kin refuse what is signed (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html). */
const REFUSED_SECONDS = 15 * 60;
/** Below this nobody has to know: an HTTP date counts whole seconds, and an answer takes its time. */
const WORTH_SAYING_SECONDS = 60;

/**
 * Seconds that the clock of an HTTP server is ahead of this machine's, by the Date header of any answer (RFC 9110,
 * 6.6.1); undefined where nothing answers, or without a date. Asks without credentials.
 */
export function measureSkew(endpoint: string, signal: AbortSignal): Promise<number | undefined> {
  const request = endpoint.startsWith('https:') ? httpsRequest : httpRequest;
  const asked = Date.now();
  return new Promise((resolve) => {
    // The certificate is another step's matter: a wrong one may well be the fault of the clock that is looked at here.
    const call = request(endpoint, { method: 'HEAD', agent: false, rejectUnauthorized: false, signal });
    call.once('response', (response) => {
      const answered = Date.now();
      const date = Date.parse(response.headers.date ?? '');
      response.destroy();
      resolve(Number.isNaN(date) ? undefined : (date - (asked + answered) / 2) / 1000);
    });
    call.once('error', () => resolve(undefined));
    call.once('close', () => resolve(undefined));
    call.end();
  });
}

/** What a difference means: an error from where services refuse, a remark from where it is worth one. */
export function judgeSkew(seconds: number): { readonly error?: TapedeckError; readonly remark?: string } {
  const apart = Math.abs(seconds);
  if (apart < WORTH_SAYING_SECONDS) return {};
  if (apart < REFUSED_SECONDS) {
    return { remark: `${describeSkew(seconds)}; services refuse from 15 min on.` };
  }
  return { error: new TapedeckError('ClockSkewed', `${describeSkew(seconds)}; set it (NTP).`) };
}

/** A refusal that a wrong clock explains, with the difference where it was measured and is large. */
export function explainBySkew(error: TapedeckError, seconds: number | undefined): TapedeckError {
  if (error.code !== 'ClockSkewed' && error.code !== 'StorageUnauthenticated') return error;
  if (seconds === undefined || Math.abs(seconds) < REFUSED_SECONDS) return error;
  const message = `${error.message} ${describeSkew(seconds)}.`;
  return new TapedeckError('ClockSkewed', message, { cause: error });
}

function describeSkew(seconds: number): string {
  const apart = Math.abs(seconds);
  const amount = apart < 2 * 3600 ? `${Math.round(apart / 60)} min` : `${(apart / 3600).toFixed(1)} h`;
  return `This machine's clock is ${amount} ${seconds > 0 ? 'behind' : 'ahead of'} the server's`;
}
