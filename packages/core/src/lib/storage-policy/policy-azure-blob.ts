import { normalizePrefix } from '../prefix.ts';
import {
  fileWith,
  inComment,
  type PolicyRequest,
  paragraphs,
  quoted,
  refuseIdentity,
  type StoragePolicy,
  type StorageRight,
} from './policy-request.ts';

const service = 'Microsoft.Storage/storageAccounts/blobServices';
const blobs = `${service}/containers/blobs`;
const roleName = 'Tapedeck recorder';

/**
 * Put Block, Put Block List and Put Blob are blobs/write, List Blobs is blobs/read, a user delegation SAS asks for its key
 * at the account: https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory#permissions-for-calling-data-operations
 */
export function azureBlobPolicy(request: PolicyRequest): StoragePolicy {
  refuseIdentity(request, ['keys', 'service-account', 'keyless']);
  const { spec, rights, name } = request;
  const has = (...asked: readonly StorageRight[]) => asked.some((each) => rights.includes(each));
  const dataActions = [
    `${blobs}/write`,
    ...(has('read', 'list', 'links') ? [`${blobs}/read`] : []),
    ...(has('delete') ? [`${blobs}/delete`] : []),
  ];
  const document = {
    Name: roleName,
    IsCustom: true,
    Description: 'Writes recordings as blobs.',
    Actions: [],
    NotActions: [],
    DataActions: dataActions,
    NotDataActions: [],
    AssignableScopes: ['/subscriptions/SUBSCRIPTION_ID'],
  };
  const account = spec.azureBlob?.account ?? 'ACCOUNT';
  const container = spec.azureBlob?.container ?? '';
  const file = `tapedeck-${name}.json`;
  const assign =
    'az role assignment create --assignee-object-id "$principal" --assignee-principal-type ServicePrincipal';
  return {
    document,
    text: paragraphs(
      identityText(request),
      [
        `# A role that may write blobs, for the container ${inComment(container)} alone. The simple way is the built-in role`,
        '# "Storage Blob Data Contributor", which reads, lists and deletes too.',
        fileWith(file, document),
        `az role definition create --role-definition @${quoted(file)}`,
        `account=$(az storage account show --name ${quoted(account)} --query id --output tsv)`,
        `${assign} --role ${quoted(roleName)} --scope "$account"/blobServices/default/containers/${quoted(container)}${pathCondition(spec.prefix, dataActions, has('list'))}`,
        ...(has('links')
          ? [
              "# The key that signs links is the account's to give.",
              `${assign} --role 'Storage Blob Delegator' --scope "$account"`,
            ]
          : []),
      ].join('\n'),
      request.identity === 'keys' && sasText(request, account, container),
    ),
    notes: ['Replace the words in capitals.'],
  };
}

/** Who gets the role. */
function identityText(request: PolicyRequest): string {
  const { spec, namespace, identity } = request;
  const name = spec.credentials?.serviceAccountName ?? 'SERVICE_ACCOUNT';
  if (identity === 'service-account') {
    return [
      "# An identity for the recorder's ServiceAccount (workload identity).",
      'az identity create --name tapedeck --resource-group RESOURCE_GROUP',
      'issuer=$(az aks show --name CLUSTER --resource-group RESOURCE_GROUP --query oidcIssuerProfile.issuerUrl --output tsv)',
      `az identity federated-credential create --name tapedeck --identity-name tapedeck --resource-group RESOURCE_GROUP --issuer "$issuer" --subject system:serviceaccount:${namespace}:${name} --audiences api://AzureADTokenExchange`,
      'client=$(az identity show --name tapedeck --resource-group RESOURCE_GROUP --query clientId --output tsv)',
      `kubectl annotate serviceaccount --namespace ${namespace} ${name} azure.workload.identity/client-id="$client"`,
      'principal=$(az identity show --name tapedeck --resource-group RESOURCE_GROUP --query principalId --output tsv)',
    ].join('\n');
  }
  if (identity === 'keyless') {
    return '# The managed identity of the machine that records.\nprincipal=$(az vm show --name VM --resource-group RESOURCE_GROUP --query identity.principalId --output tsv)';
  }
  return [
    '# A service principal: its answer holds appId (clientId), password (clientSecret) and tenant (tenantId).',
    'az ad sp create-for-rbac --name tapedeck',
    'principal=$(az ad sp list --display-name tapedeck --query "[0].id" --output tsv)',
  ].join('\n');
}

const matches = (action: string) => `ActionMatches{'${action}'}`;
const notList = "NOT SubOperationMatches{'Blob.List'}";

/** https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-examples: a path that the actions are limited to. */
function pathCondition(prefix: string | undefined, actions: readonly string[], lists: boolean): string {
  const normal = normalizePrefix(prefix);
  if (normal === '') return '';
  const others = actions
    // Listing has no path: a condition on it would refuse what was asked for.
    .map((action) =>
      lists && action.endsWith('/read') ? `${matches(action)} AND ${notList}` : matches(action),
    )
    .map((one) => `!(${one})`)
    .join(' AND ');
  // A quote is doubled within a string of the condition's language.
  const path = `${normal.replaceAll("'", "''")}/*`;
  const condition = `((${others}) OR (@Resource[${blobs}:path] StringLike '${path}'))`;
  return ` --condition-version 2.0 --condition ${quoted(condition)}`;
}

/** https://learn.microsoft.com/rest/api/storageservices/create-service-sas#permissions-for-a-directory-container-or-blob */
function sasText({ rights }: PolicyRequest, account: string, container: string): string {
  const has = (right: StorageRight) => rights.includes(right);
  const permissions = `${has('read') || has('links') ? 'r' : ''}w${has('delete') ? 'd' : ''}${has('list') ? 'l' : ''}`;
  return [
    '# Or a SAS (sasToken in the Secret), which can do no more than this, until it expires:',
    `# az storage container generate-sas --account-name ${quoted(account)} --name ${quoted(inComment(container))} --permissions ${permissions} --expiry YYYY-MM-DDT00:00Z --https-only --output tsv`,
  ].join('\n');
}
