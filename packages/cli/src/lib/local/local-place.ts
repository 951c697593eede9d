import type { ResourcePlace } from '../resource-place.ts';
import type { LocalData } from './local-data.ts';
import { findUnattended, unattendedText } from './unattended.ts';

/** A data directory, to look at. */
export function localPlace(data: LocalData): ResourcePlace {
  return {
    store: data.store,
    listEvents: async ({ metadata: { uid = '' } }) => data.events.list(uid),
    async unattended(recordings) {
      const found = await findUnattended(data, recordings);
      return new Map(found.map((each) => [each.uid, unattendedText(each)]));
    },
  };
}
