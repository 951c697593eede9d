import { expect, it } from 'vitest';
import { longestMetadata, readConsoleLine, readPageMessage } from './page-message.ts';

it.each([
  ['TAPEDECK_READY', { type: 'Ready' }],
  ['START_RECORDING', { type: 'Ready' }],
  ['TAPEDECK_STOP', { type: 'Stop' }],
  ['END_RECORDING', { type: 'Stop' }],
  ['TAPEDECK_METADATA {"slide":3}', { type: 'Metadata', value: { slide: 3 } }],
  ['TAPEDECK_METADATA {', undefined],
  [`TAPEDECK_METADATA "${'x'.repeat(longestMetadata)}"`, undefined],
  ['toString', undefined],
  ['hello', undefined],
])('reads the console line %.40s', (line, message) => {
  expect(readConsoleLine(line)).toEqual(message);
});

it.each([
  ['{"type":"Ready"}', { type: 'Ready' }],
  ['{"type":"Metadata","value":[1]}', { type: 'Metadata', value: [1] }],
  ['{"type":"Other"}', undefined],
  ['{', undefined],
  [`{"type":"Metadata","value":"${'x'.repeat(2 * longestMetadata)}"}`, undefined],
])('reads what the page sends: %.40s', (payload, message) => {
  expect(readPageMessage(payload)).toEqual(message);
});
