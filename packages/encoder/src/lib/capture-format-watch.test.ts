import { describe, expect, it } from 'vitest';
import { createFormatWatch } from './capture-format-watch.ts';

const fileHeader = Buffer.from('464c5601010000000900000000', 'hex');

function tag(type: number, timeMs: number, body: Buffer): Buffer {
  const header = Buffer.alloc(11);
  header.writeUInt8(type, 0);
  header.writeUIntBE(body.length, 1, 3);
  header.writeUIntBE(timeMs % 2 ** 24, 4, 3);
  header.writeUInt8(Math.floor(timeMs / 2 ** 24), 7);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(11 + body.length);
  return Buffer.concat([header, body, size]);
}

const frame = (timeMs: number, bytes = 5000) => {
  const body = Buffer.alloc(bytes, 0x17);
  body.writeUInt8(1, 1);
  return tag(9, timeMs, body);
};

const prefixed = (set: string) => {
  const bytes = Buffer.from(set, 'hex');
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};

const configuration = (timeMs: number, sequence: string, picture: string, rest = '') =>
  tag(
    9,
    timeMs,
    Buffer.concat([
      Buffer.from('17000000000164000dffe1', 'hex'),
      ...[prefixed(sequence), Buffer.from([1]), prefixed(picture), Buffer.from(rest, 'hex')],
    ]),
  );

const large = ['6764000dacb40a0cfc', '68ef3cb0'] as const;
const small = ['6764000bacb414', '68ef3cb0'] as const;
const otherEncoder = [large[0], '68efbcb0'] as const;
const metadata = tag(18, 0, Buffer.alloc(300, 2));

/** Changes told for what is fed in pieces of `size` bytes. */
function changes(tags: readonly Buffer[], size: number): number[] {
  const found: number[] = [];
  const watch = createFormatWatch((seconds) => found.push(seconds));
  const bytes = Buffer.concat([fileHeader, ...tags]);
  for (let at = 0; at < bytes.length; at += size) watch(bytes.subarray(at, at + size));
  return found;
}

describe.each([1, 7, 4096, 1_000_000])('fed in pieces of %i bytes', (size) => {
  it.each([
    ['nothing new', [configuration(0, ...large), frame(40), frame(1040)], []],
    ['the same sent again', [configuration(0, ...large), frame(40), configuration(1040, ...large)], []],
    [
      'the same, of which one writer says more',
      [configuration(0, ...large), frame(40), configuration(1040, ...large, 'fdf8f800')],
      [],
    ],
    ['another size', [metadata, configuration(0, ...large), frame(40), configuration(1040, ...small)], [1]],
    ['another encoder', [configuration(0, ...large), frame(40), configuration(2540, ...otherEncoder)], [2.5]],
    [
      'two changes, of which the first counts',
      [
        ...[configuration(0, ...large), frame(40), configuration(1040, ...small), frame(1040)],
        ...[configuration(2040, ...large), frame(2040)],
      ],
      [1],
    ],
    [
      'a change after more than 24 bits of milliseconds',
      [configuration(0, ...large), frame(40), configuration(40 + 20_000_000, ...small)],
      [20_000],
    ],
  ] as const)('%s', (_, tags, expected) => {
    expect(changes(tags, size)).toEqual(expected);
  });
});

it('passes over a configuration that is cut short or empty', () => {
  const cut = tag(9, 1040, Buffer.from('17000000000164000dffe1ffff0102', 'hex'));
  const empty = tag(9, 1040, Buffer.from('1700000000', 'hex'));
  expect(changes([configuration(0, ...large), frame(40), cut, empty, frame(1040)], 100)).toEqual([]);
});
