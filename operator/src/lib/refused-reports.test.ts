import { expect, it } from 'vitest';
import { type LaunchedPod, readPod } from './launched-object.ts';
import { createRefusedReports, type Owner } from './refused-reports.ts';
import { runLabels } from './run-labels.ts';

const named = { namespace: 'a', name: 'rec-1-pod', uid: 'pod-1' };
const owner: Owner = { kind: 'Recording', namespace: 'a', name: 'physics', uid: '1' };

function podOf(phase: string): LaunchedPod | undefined {
  const labels = { [runLabels.run]: '1-1', [runLabels.recording]: '1' };
  return readPod({ metadata: { ...named, resourceVersion: '1', labels }, spec: {}, status: { phase } });
}

function witness(pod = podOf('Running'), of: Owner | undefined = owner) {
  const told: string[] = [];
  const clock = { ms: 0 };
  const reports = createRefusedReports({
    pod: ({ name }) => (name === named.name ? pod : undefined),
    owner: () => of,
    events: { record: (at, { reason, message }) => void told.push(`${at.name} ${reason}: ${message}`) },
    now: () => clock.ms,
  });
  return { ...reports, told, clock };
}

it.each([
  ['ForeignToken', 'for somebody else'],
  ['InvalidToken', 'forged'],
  ['ExpiredToken', 'expired'],
  ['ForeignRun', 'another run'],
  ['BadReport', 'contract'],
] as const)('tells of %s beside the recording', (refusal, words) => {
  const { tell, told } = witness();
  tell(refusal, named);
  expect(told).toEqual([expect.stringMatching(new RegExp(`^physics ${refusal}: .*${words}`))]);
});

it('tells once of a run and a reason, and again when it lasts', () => {
  const { tell, told, clock } = witness();
  for (let times = 0; times < 1_000; times += 1) tell('ExpiredToken', named);
  tell('InvalidToken', named);
  expect(told).toHaveLength(2);
  clock.ms = 300_000;
  tell('ExpiredToken', named);
  expect(told).toHaveLength(3);
});

it('knows why the last report of a run was refused, for as long as that is lately', () => {
  const { tell, of, clock } = witness();
  expect(of('1-1')).toBeUndefined();
  tell('InvalidToken', named);
  tell('ExpiredToken', named);
  expect(of('1-1')).toEqual({ reason: 'ExpiredToken', message: expect.stringContaining('has expired') });
  expect(of('2-1')).toBeUndefined();
  clock.ms = 300_000;
  expect(of('1-1')).toBeUndefined();
});

it.each([
  ['whose token names no pod', witness(), undefined],
  ['of a pod that is not there', witness(), { ...named, name: 'other' }],
  ['of a pod of that name and another uid', witness(), { ...named, uid: 'guessed' }],
  ['of a pod that has ended', witness(podOf('Failed')), named],
])('tells nothing of a report %s', (_, { tell, told }, pod) => {
  tell('ExpiredToken', pod);
  expect(told).toEqual([]);
});

it('tells nothing where the recording is gone, nor of what is no fault of a run', () => {
  const orphan = witness(podOf('Running'));
  orphan.tell('NotLeading', named);
  orphan.tell('PodGone', named);
  orphan.tell('Unavailable', named);
  expect(orphan.told).toEqual([]);
});
