import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { takeInterrupts } from '../interrupt.ts';
import { awayTimeoutText } from '../local/away-limit.ts';
import type { LocalData } from '../local/local-data.ts';
import { openSession } from '../local/session.ts';
import { isOver } from '../progress/progress-line.ts';
import { createProgressView } from '../progress/progress-view.ts';
import type { Terminal } from '../terminal.ts';

/** Recordings that ended since, above those that go. */
const shownOver = 5;

/** Control in this process until Ctrl-C. Recorders go on without it for a while, and the next one finds them. */
export async function dev(data: LocalData, terminal: Terminal): Promise<CliExitCode> {
  const interrupts = takeInterrupts();
  const view = await createProgressView(terminal);
  const session = await openSession({
    data,
    onError: (error) => view.say(terminal.tones.red(TapedeckError.from(error).message)),
    onLead: () => view.say(`Running the recordings of ${data.directory.root}. Ctrl-C ends this.`),
  });
  try {
    if (!session.leading) view.say('Another process runs the recordings; this one waits to take over.');
    const shown = new Set<string>();
    const look = async () => {
      const recordings = await data.store.list('Recording');
      // What was over before is history; what ends now is news.
      for (const each of recordings) if (!isOver(each)) shown.add(each.metadata.uid ?? '');
      const news = recordings.filter(({ metadata }) => shown.has(metadata.uid ?? ''));
      view.update([...news.filter(isOver).slice(-shownOver), ...news.filter((each) => !isOver(each))]);
    };
    await new Promise<void>((resolve, reject) => {
      interrupts.first.addEventListener('abort', () => resolve(), { once: true });
      if (interrupts.first.aborted) resolve();
      data.store.watch((key) => {
        if (key.kind === 'Recording') look().catch(reject);
      }, interrupts.first);
    });
    const left = (await data.store.list('Recording')).filter((each) => !isOver(each)).length;
    if (left > 0 && session.leading) {
      view.say(
        `${left} recording(s) go on by themselves for up to ${awayTimeoutText}; start "tapedeck dev" again before that.`,
      );
    }
    return cliExitCodes.Done;
  } finally {
    view.close();
    await session.close();
    interrupts.close();
  }
}
