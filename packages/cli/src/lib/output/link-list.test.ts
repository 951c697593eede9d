import { expect, it } from 'vitest';
import { listLinks } from './link-list.ts';

const link = (key: string, place: string) =>
  ({ key, type: 'Public', url: `https://${place}/${key}` }) as const;

it('lists links as the recording lists its files, those of copies with one key among them', () => {
  const outputs = [
    { storage: 'first', key: 'a.mp4' },
    { storage: 'second', key: 'a.mp4' },
    { storage: 'first', key: 'b.mp4' },
  ];
  const links = new Map([
    ['first', [link('a.mp4', 'first'), link('b.mp4', 'first')]],
    ['second', [link('a.mp4', 'second')]],
  ]);
  expect(listLinks(outputs, links).map(({ url }) => url)).toEqual([
    'https://first/a.mp4',
    'https://second/a.mp4',
    'https://first/b.mp4',
  ]);
});
