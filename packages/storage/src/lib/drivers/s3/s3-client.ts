import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { proxyOptions } from '../http-proxy.ts';
import type { S3Config } from './s3-config.ts';
import type { S3Authentication } from './s3-identity.ts';

/** A host that does not even accept a connection in this time is as good as away. */
const CONNECTION_TIMEOUT_MS = 5_000;
/** Parts, the head and what a person looks up meanwhile; more are never open at once. */
const MAX_SOCKETS = 16;

const ignore = () => undefined;
/** The SDK would write to the console about failures that are ours to judge. */
const silent = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

/** One attempt a call: retries and deadlines are the store's, which knows what a repeated put means. */
export function createS3Client(config: S3Config, { credentials, signer }: S3Authentication): S3Client {
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS, ...proxyOptions() };
  const checksums = config.checksum === 'CRC32' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED';
  return new S3Client({
    ...(config.region !== undefined && { region: config.region }),
    ...(config.endpoint !== undefined && { endpoint: config.endpoint }),
    ...(credentials !== undefined && { credentials }),
    ...(signer !== undefined && { signer }),
    forcePathStyle: config.forcePathStyle,
    maxAttempts: 1,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    // A round trip a part, for an early refusal that the open upload has already ruled out.
    expectContinueHeader: false,
    logger: silent,
    // A wrong clock is to be reported, not to be worked around for one process's life.
    disableClockSkewCorrection: true,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      httpAgent: agent,
      httpsAgent: agent,
    }),
  });
}
