import type { ResourceKey } from '@tapedeck/control';
import { handOverAttempts, handOverPauseMs, handOverSecrets } from './control-client.ts';
import { controlSocketPath } from './control-socket.ts';
import { createLeader, type Leader } from './leader.ts';
import { tryLead } from './leadership.ts';
import type { LocalData } from './local-data.ts';
import { repeat } from './repeat.ts';
import { createSecretCache, type SecretEntry } from './secret-cache.ts';

/** How soon a follower takes over from a leader that is gone. */
const followPollMs = 500;

/** This process's part in controlling a data directory: the one that leads, or one of those that wait to. */
export interface Session {
  readonly leading: boolean;
  /** Gives Secrets to whoever leads, and keeps them for the case that this process has to. */
  provideSecrets(entries: readonly SecretEntry[]): Promise<void>;
  /** Asks the runs of a recording to end at once with what they have; a follower leaves that to the leader. */
  abandon(recordingUid: string): Promise<void>;
  /** Lets go. Runs go on, and so does control where another process waits. Idempotent. */
  close(): Promise<void>;
}

interface SessionOptions {
  readonly data: LocalData;
  /** What went wrong while nobody was waiting. */
  readonly onError: (error: unknown) => void;
  /** This process leads from now on. `takenOver`: after another one had. */
  readonly onLead?: (takenOver: boolean) => void;
  /** Of what is there when this process begins to lead, what it looks at; absent: all of it. */
  readonly startsWith?: (key: ResourceKey) => boolean;
}

/** Joins in controlling a data directory: leads where nobody does, else follows and takes over when the leader is gone. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { data } = options;
  const onError = withoutRepeats(options.onError);
  const socket = controlSocketPath(data.directory.root);
  const secrets = createSecretCache();
  let leader: Leader | undefined;
  let joining: Promise<boolean> = Promise.resolve(false);
  let closed = false;

  /** One attempt to lead; true when this process does. */
  async function join(takenOver: boolean): Promise<boolean> {
    if (leader !== undefined || closed) return leader !== undefined;
    const leadership = tryLead(data.directory.leaderLock);
    if (leadership === undefined) return false;
    try {
      leader = await createLeader({ data, socket, secrets, onError, startsWith: options.startsWith });
    } finally {
      if (leader === undefined) leadership.release();
    }
    const { close } = leader;
    leader = {
      ...leader,
      async close() {
        await close();
        leadership.release();
      },
    };
    options.onLead?.(takenOver);
    return true;
  }

  await join(false);
  const following = repeat(
    followPollMs,
    async () => {
      joining = join(true);
      if (await joining) following.stop();
    },
    onError,
  );

  return {
    get leading() {
      return leader !== undefined;
    },

    async provideSecrets(entries) {
      secrets.put(entries);
      if (entries.length === 0) return;
      for (let attempt = 1; leader === undefined; attempt += 1) {
        try {
          return await handOverSecrets(socket, entries);
        } catch (error) {
          if (attempt === handOverAttempts) throw error;
          await new Promise((resolve) => setTimeout(resolve, handOverPauseMs));
        }
      }
      await leader.recheck(entries);
    },

    async abandon(uid) {
      await leader?.abandon(uid);
    },

    async close() {
      closed = true;
      following.stop();
      // One that is under way either leads by now, and is closed below, or failed, which was told.
      await joining.catch(() => false);
      await leader?.close();
      leader = undefined;
    },
  };
}

/** What goes wrong twice a second is told once, until something else does. */
function withoutRepeats(onError: (error: unknown) => void): (error: unknown) => void {
  let last = '';
  return (error) => {
    const text = String(error);
    if (text === last) return;
    last = text;
    onError(error);
  };
}
