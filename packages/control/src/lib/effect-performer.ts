import { type ObjectMeta, redact, TapedeckError } from '@tapedeck/core';
import type { Events, Kind, Launcher, LaunchPlan, Log, ReportLedger } from './ports.ts';
import type { Effect, LaunchFailure } from './recording-snapshot.ts';

/** Performs effects in order; true when a launch was refused, which changes what is to be said and ends the rest. */
export type EffectPerformer = (effects: readonly Effect[], metadata: ObjectMeta) => Promise<boolean>;

/** For the resources of one kind. A refused launch is remembered in `failures`, by uid. */
export function createEffectPerformer(ports: {
  readonly kind: Kind;
  readonly launcher: Pick<Launcher, 'launch' | 'terminate' | 'forget'>;
  readonly ledger: Pick<ReportLedger, 'forget'>;
  readonly events: Events;
  readonly log: Log;
  readonly failures: Map<string, LaunchFailure>;
  readonly now: () => Date;
  readonly check: (storage: { namespace: string; name: string }, since: string) => void;
  /** The resource goes, with all that is remembered of it. */
  readonly remove: (resource: { namespace: string; name: string; uid: string }) => Promise<void>;
}): EffectPerformer {
  const { kind, launcher, ledger, events, log, failures } = ports;

  async function launchRefused(plan: LaunchPlan, uid: string): Promise<boolean> {
    try {
      await launcher.launch(plan);
      failures.delete(uid);
      return false;
    } catch (error) {
      const { code, message } = TapedeckError.from(error);
      const before = failures.get(uid);
      failures.set(uid, {
        runId: plan.id,
        code,
        message: redact(message).replace(/\.$/, ''),
        time: ports.now(),
        times: before?.runId === plan.id ? before.times + 1 : 1,
      });
      log.warn('LaunchRefused', { run: plan.id, code, message: redact(message) });
      return true;
    }
  }

  return async (effects, { namespace = 'default', name, uid = '' }) => {
    for (const effect of effects) {
      switch (effect.type) {
        case 'Launch':
          if (await launchRefused(effect.plan, uid)) return true;
          log.info('RunLaunched', { namespace, name, run: effect.plan.id, mode: effect.plan.mode });
          break;
        case 'Terminate':
          await launcher.terminate(effect.runId);
          break;
        case 'Check':
          for (const storage of effect.storages) ports.check({ namespace, name: storage }, effect.since);
          break;
        case 'ForgetRun':
          await launcher.forget(effect.runId);
          break;
        case 'ForgetReports':
          await ledger.forget(uid);
          break;
        case 'Remove':
          await ports.remove({ namespace, name, uid });
          break;
        case 'Event':
          events.record(
            { kind, namespace, name, uid },
            { ...effect.event, message: redact(effect.event.message) },
          );
          break;
      }
    }
    return false;
  };
}
