export * from './lib/check-contract.ts';
export * from './lib/condition.ts';
export * from './lib/copy-contract.ts';
export * from './lib/duration.ts';
export * from './lib/error.ts';
export * from './lib/exit-code.ts';
export * from './lib/external-storage.ts';
export * from './lib/file-name.ts';
export * from './lib/link-contract.ts';
export * from './lib/manifest.ts';
export type { ManifestProblem } from './lib/manifest-problem.ts';
export * from './lib/merge.ts';
export * from './lib/nearest.ts';
export * from './lib/path-template.ts';
export * from './lib/prefix.ts';
export * from './lib/recorder-node-options.ts';
export * from './lib/recording.ts';
export * from './lib/recording-change.ts';
export * from './lib/recording-config.ts';
export * from './lib/recording-copy.ts';
export * from './lib/recording-media.ts';
export * from './lib/recording-page.ts';
export * from './lib/recording-phase.ts';
export * from './lib/recording-profile.ts';
export * from './lib/recording-source.ts';
export * from './lib/recording-status.ts';
export * from './lib/redact.ts';
export * from './lib/resource.ts';
export * from './lib/run-contract.ts';
export * from './lib/run-copies.ts';
export * from './lib/run-file.ts';
export * from './lib/run-storage.ts';
export * from './lib/secret.ts';
export * from './lib/spec-environment.ts';
export * from './lib/storage-choice.ts';
export {
  type PolicyIdentity,
  type PolicyRequest,
  policyIdentities,
  type StoragePolicy,
  type StorageRight,
  storageRights,
} from './lib/storage-policy/policy-request.ts';
export * from './lib/storage-policy/storage-policy.ts';
export * from './lib/termination-message.ts';
export * from './lib/unavailable.ts';
export * from './lib/word-list.ts';
