import { expect, it } from 'vitest';
import { createListSplitter } from './list-splitter.ts';

function split(text: string, size = text.length) {
  const found: unknown[] = [];
  const splitter = createListSplitter((item) => found.push(item));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) splitter.push(bytes.subarray(at, at + size));
  return { found, rest: splitter.end() };
}

const metadata = { resourceVersion: '7', continue: '' };
const items = [
  { metadata: { name: 'a' }, list: [[1], { items: [{}] }] },
  { text: 'quotes " and \\ and ] } [ { , "items":[', more: {} },
  { text: 'naïve ☃ 🎬', empty: [] },
];

it.each<[string, string]>([
  ['items first, as of custom resources', JSON.stringify({ apiVersion: 'a/v1', items, kind: 'L', metadata })],
  ['items last, as of others', JSON.stringify({ kind: 'L', apiVersion: 'v1', metadata, items })],
  ['written for people', JSON.stringify({ kind: 'L', metadata, items, apiVersion: 'a/v1' }, undefined, 2)],
  ['the word items elsewhere', JSON.stringify({ kind: 'items', also: { items: [1] }, items, metadata })],
])('finds every item, whatever the size of a chunk: %s', (_, text) => {
  const whole = JSON.parse(text) as object;
  for (const size of [1, 2, 3, 7, 64, text.length]) {
    const { found, rest } = split(text, size);
    expect(found).toEqual(items);
    expect(rest).toEqual({ ...whole, items: [] });
  }
});

it.each<[string, object]>([
  ['an empty list', { kind: 'L', items: [], metadata }],
  ['no list in it', { kind: 'L', items: null, metadata }],
  ['no list at all', { kind: 'Status', code: 410, message: 'items' }],
])('hands on what is around it: %s', (_, value) => {
  expect(split(JSON.stringify(value), 5)).toEqual({ found: [], rest: value });
});

it.each<[string, string]>([
  ['within an item', '{"items":[{"a":1},{"b'],
  ['between two', '{"items":[{"a":1},'],
  ['behind them', '{"items":[{"a":1}],"metadata":{'],
  ['before it began', ''],
])('does not take a part for the whole: it ends %s', (_, text) => {
  expect(() => split(text, 4)).toThrow(SyntaxError);
});

it('does not take for an item what is no JSON', () => {
  expect(() => split('{"items":[{"a":1},{"b":oops}]}')).toThrow(SyntaxError);
});
