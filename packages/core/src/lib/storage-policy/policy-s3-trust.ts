import { fileWith, type PolicyRequest, quoted } from './policy-request.ts';
import { partitionOf } from './policy-s3-endpoint.ts';

/** The subject of a ServiceAccount in a cluster's tokens; placeholders where the storage names none. */
function serviceAccount({ spec, namespace }: PolicyRequest): {
  readonly namespace: string;
  readonly name: string;
} {
  return { namespace, name: spec.credentials?.serviceAccountName ?? 'SERVICE_ACCOUNT' };
}

/** https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html */
export function webIdentityTrust(request: PolicyRequest): string {
  const { namespace, name } = serviceAccount(request);
  const partition = partitionOf(request.spec.s3?.region);
  const document = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:${partition}:iam::ACCOUNT_ID:oidc-provider/OIDC_ISSUER` },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: {
          StringEquals: {
            'OIDC_ISSUER:sub': `system:serviceaccount:${namespace}:${name}`,
            'OIDC_ISSUER:aud': 'sts.amazonaws.com',
          },
        },
      },
    ],
  };
  const file = `tapedeck-${request.name}-trust.json`;
  return [
    "# A role for the recorder's ServiceAccount, by the tokens of the cluster (IRSA). OIDC_ISSUER is the cluster's issuer",
    '# without https://.',
    fileWith(file, document),
    `aws iam create-role --role-name ROLE --assume-role-policy-document file://${file}`,
    `kubectl annotate serviceaccount --namespace ${namespace} ${name} eks.amazonaws.com/role-arn=arn:${partition}:iam::ACCOUNT_ID:role/ROLE`,
  ].join('\n');
}

/** https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html; in comments, since it takes the place of the other. */
export function podIdentityTrust(request: PolicyRequest): string {
  const { namespace, name } = serviceAccount(request);
  const document = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'pods.eks.amazonaws.com' },
        Action: ['sts:AssumeRole', 'sts:TagSession'],
        Condition: {
          StringEquals: {
            'aws:RequestTag/kubernetes-namespace': namespace,
            'aws:RequestTag/kubernetes-service-account': name,
          },
        },
      },
    ],
  };
  const commands = [
    fileWith(`tapedeck-${request.name}-trust.json`, document),
    `aws iam create-role --role-name ROLE --assume-role-policy-document file://tapedeck-${request.name}-trust.json`,
    `aws eks create-pod-identity-association --cluster-name CLUSTER --namespace ${namespace} --service-account ${name} --role-arn arn:${partitionOf(request.spec.s3?.region)}:iam::ACCOUNT_ID:role/ROLE`,
  ].join('\n');
  return `# Or with EKS Pod Identity, in place of that:\n${commands.replace(/^/gm, '# ')}`;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html */
export function roleTrust(request: PolicyRequest): {
  readonly role: string;
  readonly text: string;
  readonly after: string;
} {
  const assumeRole = request.spec.s3?.assumeRole;
  const partition = partitionOf(request.spec.s3?.region);
  const arn = assumeRole?.arn ?? `arn:${partition}:iam::ACCOUNT_ID:role/ROLE`;
  const role = arn.split('/').at(-1) ?? 'ROLE';
  const externalId = assumeRole?.externalId;
  const trust = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:${partition}:iam::RECORDER_ACCOUNT_ID:root` },
        Action: 'sts:AssumeRole',
        ...(externalId !== undefined && { Condition: { StringEquals: { 'sts:ExternalId': externalId } } }),
      },
    ],
  };
  const caller = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: arn }],
  };
  const file = `tapedeck-${request.name}-trust.json`;
  const callerFile = `tapedeck-${request.name}-caller.json`;
  return {
    role,
    text: [
      "# The role that is taken on, in the bucket's account. Name the recorder's own role in place of root to be stricter.",
      fileWith(file, trust),
      `aws iam create-role --role-name ${quoted(role)} --assume-role-policy-document file://${file}`,
    ].join('\n'),
    after: [
      "# Whoever takes it on must be allowed to, in the recorder's account.",
      fileWith(callerFile, caller),
      `aws iam put-user-policy --user-name USER --policy-name tapedeck-assume --policy-document file://${callerFile}`,
    ].join('\n'),
  };
}
