import { passingNotices, type Recording } from '@tapedeck/core';

/** Reads what is new among the notices of recordings, each time they are looked at. */
export type NoticeLog = (recordings: readonly Recording[]) => readonly string[];

/**
 * One line for each notice when it appears. What only tells how things are at the moment changes its words all the time
 * (bytes that wait): it is told once, and again when it is back after it was gone.
 */
export function createNoticeLog(): NoticeLog {
  let before = new Set<string>();
  return (recordings) => {
    const now = new Map<string, string>();
    for (const { metadata, status } of recordings) {
      for (const { reason, message } of status?.notices ?? []) {
        const words = passingNotices.includes(reason) ? '' : message;
        const line = `recording/${metadata.name} ${reason}: ${message.replace(/\s*\n\s*/g, ' ')}`;
        now.set(`${metadata.uid ?? metadata.name} ${reason} ${words}`, line);
      }
    }
    const told = before;
    before = new Set(now.keys());
    return [...now].flatMap(([key, line]) => (told.has(key) ? [] : [line]));
  };
}
