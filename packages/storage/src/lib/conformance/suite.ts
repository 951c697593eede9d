import type { Driver } from '../driver.ts';

/** What the suite needs of a test runner; vitest's fit as they are. */
export interface TestApi {
  readonly describe: (name: string, body: () => void) => void;
  readonly it: (name: string, body: () => Promise<void>, timeoutMs?: number) => void;
}

export interface DriverUnderTest {
  /** A new instance over the same storage each time, as another process would make it. */
  readonly open: () => Promise<Driver>;
  /** What must never be in a token, a receipt or a message. */
  readonly secrets?: readonly string[];
}

/** Slow servers and five-mebibyte parts; a hang is caught by the runner. */
export const TEST_TIMEOUT_MS = 60_000;

/** The smallest parts that the driver takes, so that the suite moves few bytes. */
export function smallPartSize(driver: Driver): number {
  return Math.max(driver.capabilities.minPartSize, 128 * 1024);
}

/** Opens a driver for one test and closes it after. */
export async function withDriver(
  subject: DriverUnderTest,
  body: (driver: Driver) => Promise<void>,
): Promise<void> {
  const driver = await subject.open();
  try {
    await body(driver);
  } finally {
    await driver.close();
  }
}
