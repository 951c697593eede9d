import type { ErrorCode, RunStorage } from '@tapedeck/core';

/** One way in which a storage can be set up wrongly, and what a check has to make of it. */
export interface BrokenSetup<Scene> {
  /** For people, as the row's first cell: `a wrong secret key`. */
  readonly title: string;
  /** The report's reason; `Ready` where only a capability is missing. */
  readonly reason: ErrorCode | 'Ready';
  /** The step that fails. */
  readonly step: string;
  /** Made in the scene, which may be changed for it (a proxy's faults); `restore` runs afterwards. */
  storage(scene: Scene): RunStorage | Promise<RunStorage>;
  restore?(scene: Scene): void;
  /** Minutes by which this machine's clock is wrong meanwhile. */
  readonly clockMinutes?: number;
  /** How long one call may take, in milliseconds; default as everywhere. */
  readonly callMs?: number;
}

/** The broken set-ups of one provider: add one file like `s3.ts` and a line in `providers.ts`. */
export interface BrokenSetups<Scene = unknown> {
  /** As in the manifest. */
  readonly provider: string;
  /** Whether its server can be had on this machine; says why not on stderr. */
  isThere(): Promise<boolean>;
  open(): Promise<Scene>;
  close(scene: Scene): Promise<void>;
  /** What no report may hold. */
  secrets(scene: Scene): readonly string[];
  readonly setups: readonly BrokenSetup<Scene>[];
}

/** Hides the type of the scene, which only the provider's own rows know. */
export function brokenSetups<Scene>(of: BrokenSetups<Scene>): BrokenSetups {
  let scene: Scene | undefined;
  const current = (): Scene => {
    if (scene === undefined) throw new Error(`the scene of ${of.provider} is not open`);
    return scene;
  };
  return {
    provider: of.provider,
    isThere: of.isThere,
    async open() {
      scene = await of.open();
    },
    async close() {
      if (scene !== undefined) await of.close(scene);
      scene = undefined;
    },
    secrets: () => of.secrets(current()),
    setups: of.setups.map(({ storage, restore, ...about }) => ({
      ...about,
      storage: () => storage(current()),
      restore: () => restore?.(current()),
    })),
  };
}
