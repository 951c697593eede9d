import { describe, it } from 'vitest';
import { s3Destination, spacesDestination } from '../chaos/destination.ts';
import { azureDestination } from '../chaos/destination-azure.ts';
import { gcsDestination } from '../chaos/destination-gcs.ts';
import { sftpDestination } from '../chaos/destination-sftp.ts';
import { requireMainJob } from './main-job.ts';

describe('a real broadcast is recorded into', () => {
  it.each([
    ['S3', () => s3Destination()],
    ['DigitalOcean', spacesDestination],
    ['AzureBlob', azureDestination],
    ['GCS', () => gcsDestination()],
    ['SFTP', sftpDestination],
  ] as const)('%s', (_, destination) => requireMainJob(destination));
});
