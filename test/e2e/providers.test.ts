import { describe, it } from 'vitest';
import { s3Destination } from '../chaos/destination.ts';
import { gcsDestination } from '../chaos/destination-gcs.ts';
import { requireMainJob } from './main-job.ts';

describe('a real broadcast is recorded into', () => {
  it.each([
    ['S3', s3Destination],
    ['GCS', gcsDestination],
  ] as const)('%s', (_, destination) => requireMainJob(destination));
});
