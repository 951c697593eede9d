import { describeDriverCalls } from './lib/conformance/driver-suite.ts';
import { describeEnds } from './lib/conformance/end-suite.ts';
import { describeUploadFaults } from './lib/conformance/fault-suite.ts';
import { describeJournals } from './lib/conformance/journal-suite.ts';
import { describeUploadLimits } from './lib/conformance/limit-suite.ts';
import { describeResuming } from './lib/conformance/resume-suite.ts';
import { describeSpooling } from './lib/conformance/spool-suite.ts';
import { describeStoreUploads } from './lib/conformance/store-suite.ts';
import type { DriverUnderTest, TestApi } from './lib/conformance/suite.ts';
import { describeTransfers } from './lib/conformance/transfer-suite.ts';
import { describeWorstMoments } from './lib/conformance/worst-moment-suite.ts';
import type { Capabilities, Driver } from './lib/driver.ts';
import type { S3Config } from './lib/drivers/s3/s3-config.ts';

export * from './lib/conformance/faulty-driver.ts';
export * from './lib/conformance/sample.ts';
export type { DriverUnderTest, TestApi } from './lib/conformance/suite.ts';

/**
 * The suite that every driver runs, on the driver itself and through the portable store. What is asked of it
 * follows from the capabilities it declares.
 */
export function describeDriver(
  name: string,
  capabilities: Capabilities,
  subject: DriverUnderTest,
  api: TestApi,
): void {
  api.describe(`${name}: calls`, () => {
    describeDriverCalls(subject, capabilities, api);
    describeResuming(subject, capabilities, api);
  });
  api.describe(`${name}: uploads`, () => {
    describeStoreUploads(subject, capabilities, api);
    describeUploadFaults(subject, capabilities, api);
    describeUploadLimits(subject, api);
    describeSpooling(subject, capabilities, api);
    describeJournals(subject, capabilities, api);
    describeWorstMoments(subject, capabilities, api);
    describeEnds(subject, capabilities, api);
    describeTransfers(subject, api);
  });
}

/** Amazon's own way of speaking S3, towards a server on loopback: from a manifest only its host name leads there. */
export async function openAmazonDriver(
  config: Required<Pick<S3Config, 'bucket' | 'region' | 'endpoint' | 'keys'>>,
): Promise<Driver> {
  const { openS3Driver } = await import('./lib/drivers/s3/s3-driver.ts');
  return openS3Driver('S3', {
    ...config,
    forcePathStyle: true,
    equalParts: false,
    replaceParts: true,
    checksum: 'CRC32',
    assumeRole: undefined,
    object: {},
    objectLock: undefined,
    customerKey: undefined,
  });
}
