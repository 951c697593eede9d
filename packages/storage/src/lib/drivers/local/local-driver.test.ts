import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeDriver } from '../../../conformance.ts';
import { localCapabilities } from './local-capabilities.ts';
import { createLocalDriver } from './local-driver.ts';

let directory = '';
const open = () => createLocalDriver({ spec: { provider: 'Local', local: { directory } }, credentials: {} });

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-local-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describeDriver('local', localCapabilities, { open }, { describe, it });

describe('a local directory', () => {
  const contentType = 'video/mp4';

  it('shows the file while it grows', async () => {
    const driver = await open();
    const token = await driver.begin({ key: 'growing.mp4', contentType });
    await driver.putPart(token, { number: 1, offset: 0, size: 3, bytes: [Buffer.from('abc')] });
    expect(await readdir(directory)).toContain('growing.mp4.part');
    await driver.abort(token);
  });

  it('never replaces a file that is there', async () => {
    const driver = await open();
    const token = await driver.begin({ key: 'taken.mp4', contentType });
    const receipt = await driver.putPart(token, { number: 1, offset: 0, size: 1, bytes: [Buffer.from('a')] });
    await writeFile(path.join(directory, 'taken.mp4'), "somebody else's");
    const complete = driver.complete(token, [{ number: 1, offset: 0, size: 1, receipt }]);
    await expect(complete).rejects.toMatchObject({ code: 'AlreadyExists' });
    await expect(driver.begin({ key: 'taken.mp4', contentType })).rejects.toMatchObject({
      code: 'AlreadyExists',
    });
    await driver.abort(token);
  });

  it.each(['../outside', 'a/../../outside', '/etc/passwd', 'a//b', 'a/./b', 'nul\0byte'])(
    'refuses the key %j',
    async (key) => {
      const driver = await open();
      await expect(driver.begin({ key, contentType })).rejects.toMatchObject({ code: 'InvalidManifest' });
      await expect(driver.put({ key, contentType }, Buffer.from('x'))).rejects.toMatchObject({
        code: 'InvalidManifest',
      });
    },
  );

  it('tells a later upload of the same name from an earlier one', async () => {
    const driver = await open();
    const first = await driver.begin({ key: 'again.mp4', contentType });
    await driver.abort(first);
    const second = await driver.begin({ key: 'again.mp4', contentType });
    const zombie = driver.putPart(first, { number: 1, offset: 0, size: 1, bytes: [Buffer.from('a')] });
    await expect(zombie).rejects.toMatchObject({ code: 'UploadGone' });
    await driver.abort(second);
  });
});
