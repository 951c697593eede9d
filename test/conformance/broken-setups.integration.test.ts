import { readFileSync } from 'node:fs';
import { checkStorage } from '@tapedeck/storage';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type PageRow, page, withTable } from './broken-setups/page.ts';
import { providers } from './broken-setups/providers.ts';

const MINUTE_MS = 60_000;
/** What the checks said, by provider, for the page. */
const seen = new Map<string, PageRow[]>();
const there = new Set<string>();
for (const { provider, isThere } of providers) if (await isThere()) there.add(provider);

for (const { provider, open, close, secrets, setups } of providers) {
  describe.skipIf(!there.has(provider))(`a check of ${provider} names`, () => {
    beforeAll(async () => {
      await open();
    });
    afterAll(() => close(undefined));
    afterEach(() => vi.useRealTimers());

    it.each(setups)('$title', async ({ title, reason, step, storage, restore, clockMinutes, callMs }) => {
      const target = await storage(undefined);
      if (clockMinutes !== undefined) {
        // The clock alone: timers go on as ever.
        vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + clockMinutes * MINUTE_MS });
      }
      const report = await checkStorage(
        { id: 'check', storage: target },
        callMs === undefined ? {} : { timeouts: { callMs } },
      ).finally(() => restore?.(undefined));
      const failed = report.steps.find((each) => !each.passed);
      expect({ reason: report.reason, step: failed?.name }).toEqual({ reason, step });
      expect(report.ready).toBe(reason === 'Ready');
      // What failed, on what, and what to do next, in one sentence or two.
      expect(failed?.message).toMatch(/^\S.{20,}\.$/);
      const said = JSON.stringify(report);
      for (const secret of secrets(undefined)) expect(said).not.toContain(secret);
      const rows = seen.get(provider) ?? [];
      seen.set(provider, [...rows, { title, reason, step, message: failed?.message ?? '' }]);
    });
  });
}

it('is what the page of troubles says (npm test -- test/conformance/broken-setups -u writes it)', async () => {
  const complete = providers.filter(({ provider, setups }) => seen.get(provider)?.length === setups.length);
  const wanted = complete.reduce(
    (text, { provider }) => withTable(text, provider, seen.get(provider) ?? []),
    readFileSync(page, 'utf8'),
  );
  await expect(wanted).toMatchFileSnapshot(page);
});

it('covers twenty set-ups at the least', () => {
  expect(providers.flatMap(({ setups }) => setups).length).toBeGreaterThanOrEqual(20);
});
