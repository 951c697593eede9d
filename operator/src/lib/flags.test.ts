import { expect, it } from 'vitest';
import { parseFlags } from './flags.ts';
import { parseSettings } from './settings.ts';

const file = JSON.stringify({ defaultStorage: 'team', recorder: { image: 'tapedeck/recorder:0.1.0' } });

it('lets an option win over the same setting of the file, and the last one over those before', () => {
  const flags = parseFlags([
    ...['--default-storage', 'archive', '--progress-interval=5', '--recorder-scratch-bytes', '1000'],
    ...['--recorder-image=other/recorder:1', '--default-storage=last'],
  ]);
  expect(parseSettings(file, flags)).toMatchObject({
    defaultStorage: 'last',
    progressInterval: 5,
    reportInterval: 0.8,
    recorder: { image: 'other/recorder:1', scratchBytes: 1000 },
  });
});

it.each([
  [['--verbose'], 'no option --verbose; it knows --default-storage, '],
  [['-v'], 'no option -v; '],
  [['--constructor=x'], 'no option --constructor; '],
  [['other.json'], 'not other.json'],
  [['--', 'x'], 'not --'],
  [['--default-storage'], '--default-storage lacks its value: --default-storage=VALUE'],
  [['--default-storage='], 'lacks its value'],
  [['--report-interval', 'often'], '--report-interval takes a number, not often'],
])('refuses %j', (args, words) => {
  expect(() => parseFlags(args)).toThrow(words);
});

it.each([
  ['--report-interval=-1', 'reportInterval'],
  ['--recorder-image-pull-policy=Sometimes', 'recorder.imagePullPolicy'],
  ['--recorder-scratch-bytes=0.5', 'recorder.scratchBytes'],
])('holds %s to what the file is held to', (flag, words) => {
  expect(() => parseSettings(file, parseFlags([flag]))).toThrow(words);
});

it('refuses a file that is no object, whatever the options', () => {
  expect(() => parseSettings('[]', parseFlags(['--recorder-image=x']))).toThrow('the file');
});
