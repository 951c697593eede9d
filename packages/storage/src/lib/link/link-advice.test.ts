import { describe, expect, it } from 'vitest';
import { noLinksError } from './link-advice.ts';

describe('where there are no links', () => {
  it.each([
    [
      'sftp://files.example.com/recordings/a.mp4',
      'fetch it with: sftp files.example.com:/recordings/a.mp4 .',
    ],
    ['sftp://h:2222/a%20b/it%27s.mp4', "fetch it with: sftp -P 2222 'h:/a b/it'\\''s.mp4' ."],
    ['sftp://h/~/recordings/a.mp4', 'fetch it with: sftp h:recordings/a.mp4 .'],
    ['odd://place', 'odd://place has to be fetched with an account that may read it.'],
  ])('%s says how to fetch it', (url, advice) => {
    const error = noLinksError({ provider: 'SFTP', url: () => url }, 'key');
    expect(error.code).toBe('NotSupported');
    expect(error.message).toBe(`SFTP has no links that open without a login; ${advice}`);
  });

  it.each([
    ['me', 'sftp -P 2222 me@h:/a.mp4 .'],
    ["o'hara", "sftp -P 2222 'o'\\''hara@h:/a.mp4' ."],
  ])('%s is who logs in', (username, command) => {
    const driver = { provider: 'SFTP', username, url: () => 'sftp://h:2222/a.mp4' };
    expect(noLinksError(driver, 'key').message).toContain(`fetch it with: ${command}`);
  });
});
