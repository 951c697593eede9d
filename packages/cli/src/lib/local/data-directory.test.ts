import { expect, it } from 'vitest';
import { controlSocketPath } from './control-socket.ts';
import { defaultDataRoot } from './data-directory.ts';

it.each([
  [{ XDG_DATA_HOME: '/x/data' }, 'linux', '/x/data/tapedeck'],
  [{}, 'linux', '/home/a/.local/share/tapedeck'],
  [{ XDG_DATA_HOME: 'relative' }, 'linux', '/home/a/.local/share/tapedeck'],
  [{}, 'darwin', '/home/a/Library/Application Support/Tapedeck'],
])('finds the user’s data directory: %j on %s', (env, platform, expected) => {
  expect(defaultDataRoot(env, platform, '/home/a')).toBe(expected);
});

it('puts the socket beside the data, and elsewhere when its path would be too long', () => {
  expect(controlSocketPath('/data')).toBe('/data/control.sock');
  const long = `/data/${'x'.repeat(100)}`;
  expect(controlSocketPath(long)).toMatch(/^\/tmp\/tapedeck-\d+\/[0-9a-f]{16}\.sock$/);
  expect(controlSocketPath(long)).toBe(controlSocketPath(long));
  expect(controlSocketPath(`${long}y`)).not.toBe(controlSocketPath(long));
  expect(controlSocketPath('/with:colon')).toMatch(/^\/tmp\//);
});
