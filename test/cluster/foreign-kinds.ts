import { Application } from '@kubernetes-models/argo-cd/argoproj.io/v1alpha1';
import { Certificate, Issuer } from '@kubernetes-models/cert-manager/cert-manager.io/v1';
import { ExternalSecret } from '@kubernetes-models/external-secrets/external-secrets.io/v1';
import { HelmRelease } from '@kubernetes-models/flux-cd/helm.toolkit.fluxcd.io/v2';
import { Kustomization } from '@kubernetes-models/flux-cd/kustomize.toolkit.fluxcd.io/v1';
import { OCIRepository } from '@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1';
import {
  PrometheusRule,
  ServiceMonitor,
} from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';

/** Each throws where a document breaks the schema of its definition, which a package of models has from that project. */
const models: Readonly<Record<string, (document: never) => { validate(): void }>> = {
  'argoproj.io/v1alpha1 Application': (document) => new Application(document),
  'cert-manager.io/v1 Certificate': (document) => new Certificate(document),
  'cert-manager.io/v1 Issuer': (document) => new Issuer(document),
  'external-secrets.io/v1 ExternalSecret': (document) => new ExternalSecret(document),
  'helm.toolkit.fluxcd.io/v2 HelmRelease': (document) => new HelmRelease(document),
  'kustomize.toolkit.fluxcd.io/v1 Kustomization': (document) => new Kustomization(document),
  'monitoring.coreos.com/v1 PrometheusRule': (document) => new PrometheusRule(document),
  'monitoring.coreos.com/v1 ServiceMonitor': (document) => new ServiceMonitor(document),
  'source.toolkit.fluxcd.io/v1 OCIRepository': (document) => new OCIRepository(document),
};

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Is it of another project, so that our API server does not know it? */
export const isForeign = ({ apiVersion }: Manifest): boolean =>
  apiVersion.includes('.') && !/(^|\.)(k8s\.io|tapedeck\.dev)\//.test(apiVersion);

/** Throws where it breaks its definition's schema, or where that is not known here. */
export function validateForeign(manifest: Manifest): void {
  const name = `${manifest.apiVersion} ${manifest.kind}`;
  const model = models[name];
  if (model === undefined) throw new Error(`no schema of ${name} is known; add its model`);
  const { apiVersion: _, kind: __, ...rest } = manifest;
  // What it is made of is looked at by validate.
  model(rest as never).validate();
}
