import type { Events, Kind } from '@tapedeck/control';
import { type LaunchedPod, runOf } from './launched-object.ts';
import { hasEnded } from './pod-problem.ts';
import type { Refusal } from './report-server.ts';
import type { ReportingPod } from './token-claims.ts';

/** Of one run and one reason there is one event in so long, whatever is sent. */
const quietMs = 5 * 60_000;

/** Why, and what becomes of it; the others are no fault of a run, or nobody can tell whose they are. */
const sentences: Readonly<Partial<Record<Refusal, string>>> = {
  ForeignToken: 'its token is for somebody else than the report endpoint',
  InvalidToken: 'the API server does not know its token: it is forged, or of a pod that is gone',
  ExpiredToken: 'its token has expired; kubelet renews it in time where its node is well',
  ForeignRun: 'it was sent for another run than the one of the pod',
  BadReport: 'it does not keep to the contract; its recorder may be of another version',
};

export interface RefusedReports {
  /** Of a report that was refused, with the pod that its token names. */
  tell(refusal: Refusal, named: ReportingPod | undefined): void;
  /** Why one in the name of that run was refused lately; the last one counts. */
  of(run: string): { readonly reason: string; readonly message: string } | undefined;
}

/** Whose events they are. */
export type Owner = Parameters<Events['record']>[0];

/**
 * Tells of refused reports beside the recording or copy whose pod the token names by its namespace, name and uid, while
 * that pod lives. A token that is refused proves nothing, so that whoever has one of a live pod, or can read the uids of
 * pods, may raise these events. That is why there is one for each run and reason in five minutes, in words of our own.
 */
export function createRefusedReports(options: {
  readonly pod: (pod: ReportingPod) => LaunchedPod | undefined;
  /** What the pod runs for; undefined where it is gone. */
  readonly owner: (pod: LaunchedPod) => Owner | undefined;
  readonly events: Events;
  readonly now?: () => number;
}): RefusedReports {
  const { now = () => performance.now() } = options;
  /** When each was last told; what is older than it need be goes with the next one. */
  const told = new Map<string, number>();
  /** The last one of each run: bounded by the runs whose pods live. */
  const latest = new Map<
    string,
    { readonly at: number; readonly refusal: Refusal; readonly message: string }
  >();

  function tell(refusal: Refusal, named: ReportingPod | undefined): void {
    const sentence = sentences[refusal];
    if (sentence === undefined || named === undefined) return;
    const pod = options.pod(named);
    if (pod === undefined || pod.metadata.uid !== named.uid || hasEnded(pod)) return;
    const run = runOf(pod);
    if (run === undefined) return;
    for (const [key, at] of told) if (now() - at >= quietMs) told.delete(key);
    for (const [key, { at }] of latest) if (now() - at >= quietMs) latest.delete(key);
    const message = `A report of the pod ${pod.metadata.name} was refused: ${sentence}.`;
    latest.set(run, { at: now(), refusal, message });
    const key = `${run}/${refusal}`;
    if (told.has(key)) return;
    told.set(key, now());
    const owner = options.owner(pod);
    if (owner === undefined) return;
    options.events.record(owner, {
      type: 'Warning',
      reason: refusal,
      message: `${message} ${whatFollows[owner.kind]}`,
    });
  }

  return {
    tell,
    of(run) {
      const one = latest.get(run);
      if (one === undefined || now() - one.at >= quietMs) return undefined;
      return { reason: one.refusal, message: one.message };
    },
  };
}

const whatFollows: Readonly<Record<Kind, string>> = {
  Recording: 'It goes on recording and uploading, and does not hear of a pause or a stop until one is taken.',
  RecordingCopy: 'It goes on copying, and its progress is not seen until one is taken.',
  ExternalStorage: '',
  RecordingProfile: '',
};
