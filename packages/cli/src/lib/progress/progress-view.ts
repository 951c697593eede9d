import type { Recording } from '@tapedeck/core';
import type { Terminal } from '../terminal.ts';
import { createNoticeLog } from './notice-log.ts';
import { changeLine, explanation, phaseOf, progressLine } from './progress-line.ts';

/** Fast enough to look alive, and a terminal over a slow line bears it. */
const redrawMs = 250;

export interface ProgressView {
  /** Also tells each notice of theirs that is new, as a line that stays. */
  update(recordings: readonly Recording[]): void;
  /** A line that stays, above what changes. */
  say(text: string): void;
  /** Leaves the last state on the screen. Idempotent. */
  close(): void;
}

/** Lines that change in place where somebody watches, else one line a change. All on stderr. */
export async function createProgressView(terminal: Terminal): Promise<ProgressView> {
  const view = terminal.live ? await createLiveView(terminal) : createQuietView(terminal);
  const readNotices = createNoticeLog();
  return {
    ...view,
    update(recordings) {
      view.update(recordings);
      for (const notice of readNotices(recordings)) view.say(notice);
    },
  };
}

function createQuietView(terminal: Terminal): ProgressView {
  const said = new Map<string, string>();
  return {
    update(recordings) {
      for (const recording of recordings) {
        // Control has not looked at it yet: it will say more in a moment.
        if (recording.status === undefined) continue;
        const uid = recording.metadata.uid ?? '';
        const state = `${phaseOf(recording)} ${explanation(recording) ?? ''}`;
        if (said.get(uid) === state) continue;
        said.set(uid, state);
        terminal.say(changeLine(recording));
      }
    },
    say: (text) => terminal.say(text),
    close: () => undefined,
  };
}

async function createLiveView(terminal: Terminal): Promise<ProgressView> {
  const { createLogUpdate } = await import('log-update');
  const draw = createLogUpdate(terminal.stderr);
  let shown: readonly Recording[] = [];
  let drawn = '';
  const redraw = () => {
    const nameWidth = Math.max(0, ...shown.map(({ metadata }) => metadata.name.length));
    const layout = { width: terminal.width(), nameWidth };
    const text = shown.map((each) => progressLine(each, terminal.tones, layout)).join('\n');
    if (text === drawn) return;
    drawn = text;
    draw(text);
  };
  const timer = setInterval(redraw, redrawMs);
  let closed = false;
  return {
    update(recordings) {
      shown = recordings;
    },
    say(text) {
      draw.clear();
      drawn = '';
      terminal.say(text);
      redraw();
    },
    close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      redraw();
      draw.done();
    },
  };
}
