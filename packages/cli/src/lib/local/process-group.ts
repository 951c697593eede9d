import { setTimeout as sleep } from 'node:timers/promises';
import { identifyProcess, isAlive, type ProcessIdentity } from './process-identity.ts';

/** SIGKILL takes effect within milliseconds; what is stuck in the kernel, or dead and reaped by nobody, is not waited for. */
const goneTimeoutMs = 250;
const goneStepMs = 10;

/** Sends a signal to one process; false when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  return isAlive(identity) && send(identity.pid, signal);
}

/**
 * Kills whatever is in the group that `leader` led, itself included. While the group has members its number is
 * not given to another process; where another process has the number, the group is long gone.
 */
export async function killGroup(leader: ProcessIdentity): Promise<void> {
  const holder = identifyProcess(leader.pid);
  if (holder !== undefined && holder.started !== leader.started) return;
  if (!send(-leader.pid, 'SIGKILL')) return;
  for (let waited = 0; waited < goneTimeoutMs && send(-leader.pid, 0); waited += goneStepMs) {
    await sleep(goneStepMs);
  }
}

function send(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    // ESRCH: nobody there. EPERM: the number belongs to somebody else's process by now (macOS says so of zombies too).
    if (error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM')) {
      return false;
    }
    throw error;
  }
}
