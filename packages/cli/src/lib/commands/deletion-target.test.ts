import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { createTerminal } from '../terminal.ts';
import { deletionTargets } from './deletion-target.ts';

const manifest = (kind: string, name: string, spec: unknown) =>
  JSON.stringify({ apiVersion: 'tapedeck.dev/v1alpha1', kind, metadata: { name }, spec });

it('deletes what uses storages before the storages, wherever it stands in the file', async () => {
  const documents = [
    manifest('ExternalStorage', 'team', { provider: 'Local', local: { directory: '/recordings' } }),
    manifest('Recording', 'physics', { source: { type: 'TestCard' } }),
    manifest('RecordingCopy', 'away', { recordingRef: { name: 'physics' }, storage: { name: 'team' } }),
  ];
  const terminal = {
    ...createTerminal({ color: false }),
    stdin: Readable.from([Buffer.from(documents.join('\n---\n'))]),
  };
  const keys = await deletionTargets({ list: async () => [] }, terminal, undefined, [], { filename: ['-'] });
  expect(keys.map(({ kind }) => kind)).toEqual(['Recording', 'RecordingCopy', 'ExternalStorage']);
});
