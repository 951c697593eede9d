import { expect, it } from 'vitest';
import { readPageSettings } from './page-settings.ts';

it.each([
  [{}, { visit: '', directMedia: false }],
  [{ TAPEDECK_PAGE_MEDIA: '' }, { visit: '', directMedia: false }],
  [{ TAPEDECK_PAGE_MEDIA: 'Proxied' }, { visit: '', directMedia: false }],
  [
    { TAPEDECK_PAGE_MEDIA: 'Direct', TAPEDECK_PAGE_VISIT: '10.0.0.0/8' },
    { visit: '10.0.0.0/8', directMedia: true },
  ],
])('reads %j', (environment, settings) => {
  expect(readPageSettings(environment)).toEqual(settings);
});

it('refuses a word for the media that it does not know', () => {
  expect(() => readPageSettings({ TAPEDECK_PAGE_MEDIA: 'direct' })).toThrow(
    'TAPEDECK_PAGE_MEDIA is "direct"; write Direct or Proxied.',
  );
});
