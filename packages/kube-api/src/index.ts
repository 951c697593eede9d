export { ApiError, isConflict, isExpired, isNotFound, isRefusal } from './lib/api-error.ts';
export {
  collectionPath,
  plurals,
  readResource,
  resourcePath,
  type StoredResource,
  unreadablePart,
} from './lib/custom-resources.ts';
export { type ApiCall, type KubeApi, openKubeApi } from './lib/kube-api.ts';
export { findKubeContext, type KubeContext, type KubeconfigChoice } from './lib/kubeconfig.ts';
export {
  apiStatus,
  isNewer,
  type KubernetesObject,
  kubernetesObject,
  type ListEnd,
  type ObjectHead,
  objectHead,
  objectList,
  type WatchEvent,
  watchEvent,
} from './lib/kubernetes-object.ts';
export { type ListOptions, listObjects } from './lib/object-list.ts';
export {
  createReflector,
  type Reflector,
  type ReflectorCounts,
  type ReflectorOptions,
} from './lib/reflector.ts';
