import type { Control } from '../control.ts';
import { createControl } from '../control.ts';
import type { ControlOptions } from '../options.ts';
import type { ReportLedger } from '../ports.ts';
import { createMemoryLauncher, type MemoryLauncher } from './memory-launcher.ts';
import { createMemoryLedger } from './memory-ledger.ts';
import { createMemoryResources, type MemoryResources } from './memory-resources.ts';

export interface RecordedEvent {
  readonly name: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** A control over ports in memory; `stop` and `start` again stand for a control process that is replaced. */
export interface ControlBench {
  readonly resources: MemoryResources;
  readonly launcher: MemoryLauncher;
  readonly ledger: ReportLedger;
  readonly events: readonly RecordedEvent[];
  readonly control: Control;
  start(): void;
  /** Ends the control; resources, reports and runs stay. */
  stop(): Promise<void>;
}

/** A control that is not started yet, with its ports. Options as for `createControl`; stop it at the end of a test. */
export function createControlBench(options: ControlOptions = {}): ControlBench {
  const resources = createMemoryResources();
  const launcher = createMemoryLauncher();
  const ledger = createMemoryLedger();
  const events: RecordedEvent[] = [];
  let control: Control | undefined;
  let abort = new AbortController();
  let done: Promise<void> = Promise.resolve();

  function create(): Control {
    return createControl({
      resources,
      launcher,
      ledger,
      clock: { now: () => new Date() },
      events: { record: ({ name }, event) => void events.push({ name, ...event }) },
      log: { info: () => undefined, warn: () => undefined },
      options,
    });
  }

  const bench: ControlBench = {
    resources,
    launcher,
    ledger,
    events,
    get control() {
      control ??= create();
      return control;
    },
    start() {
      abort = new AbortController();
      control = create();
      const running = control;
      launcher.onReport = (report) => running.receiveReport(report);
      done = running.start(abort.signal);
    },
    async stop() {
      abort.abort();
      await done;
      launcher.onReport = () => Promise.reject(new Error('nobody listens'));
    },
  };
  return bench;
}
