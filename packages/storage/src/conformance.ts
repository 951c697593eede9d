import { describeDriverCalls } from './lib/conformance/driver-suite.ts';
import { describeStoreUploads } from './lib/conformance/store-suite.ts';
import type { DriverUnderTest, TestApi } from './lib/conformance/suite.ts';
import type { Capabilities } from './lib/driver.ts';

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
  api.describe(`${name}: calls`, () => describeDriverCalls(subject, capabilities, api));
  api.describe(`${name}: uploads`, () => describeStoreUploads(subject, capabilities, api));
}
