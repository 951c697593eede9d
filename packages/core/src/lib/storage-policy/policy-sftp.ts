import {
  fileWith,
  type PolicyRequest,
  paragraphs,
  quoted,
  refuseIdentity,
  type StoragePolicy,
} from './policy-request.ts';

/** What the jail's owner, root, lies above. */
const jail = '/srv/tapedeck';
const user = 'tapedeck';

/**
 * A login that can do nothing but SFTP, in a directory of its own: sshd_config(5), sftp-server(8), sshd(8) on
 * authorized_keys. Requests of SFTP are denied by name; removing is not among them, for it is also how an upload that was
 * given up goes away.
 */
export function sftpPolicy(request: PolicyRequest): StoragePolicy {
  refuseIdentity(request, ['keys']);
  const { spec, rights } = request;
  // It reads back what it wrote when it goes on after a crash, so that reading is never denied.
  const denied = ['symlink', ...(rights.includes('list') ? [] : ['opendir', 'readdir'])];
  const directory = spec.sftp?.directory ?? '/recordings';
  const inside = `${jail}/${directory.replace(/^\.?\/+/, '')}`.replace(/\/+$/, '');
  // The jail's own top is root's: a login without a directory lands below it.
  const start = spec.sftp?.directory === undefined ? ` -d ${directory}` : '';
  const stanza = [
    `Match User ${user}`,
    `    ChrootDirectory ${jail}`,
    '    # Files of its own, readable for its group.',
    `    ForceCommand internal-sftp -u 0027${start} -P ${denied.join(',')}`,
    '    AuthenticationMethods publickey',
    '    AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u',
    '    PermitTTY no',
    '    PermitTunnel no',
    '    DisableForwarding yes',
    '    # Ends the session of a recorder whose network is gone, so that nothing of it comes in late.',
    '    ClientAliveInterval 15',
    '    ClientAliveCountMax 3',
  ].join('\n');
  return {
    text: paragraphs(
      [
        '# On the server, as root: a user without a shell, and a directory of its own in a jail that belongs to root.',
        `useradd --no-create-home --home-dir ${jail} --shell /usr/sbin/nologin ${user}`,
        `install -d -o root -g root -m 0755 ${jail}`,
        `install -d -o ${user} -g ${user} -m 0750 ${quoted(inside)}`,
      ].join('\n'),
      [
        "# Its key, which can do nothing else either: write the public half of the Secret's privateKey in place of KEY.",
        'install -d -m 0755 /etc/ssh/authorized_keys.d',
        `echo 'restrict,command="internal-sftp" ssh-ed25519 KEY' > /etc/ssh/authorized_keys.d/${user}`,
      ].join('\n'),
      `# What it may do.\n${fileWith('/etc/ssh/sshd_config.d/tapedeck.conf', stanza)}\nsshd -t && systemctl reload ssh`,
      `# The server's own key, for spec.sftp.hostKeys.\nssh-keyscan${portOption(spec.sftp?.port)} -t ed25519 ${quoted(spec.sftp?.host ?? 'HOST')}`,
    ),
    notes: [
      'For a password instead of a key: AuthenticationMethods password, and passwd.',
      ...(rights.includes('links') ? ['SFTP has no links: whoever is to fetch a file needs a login.'] : []),
    ],
  };
}

function portOption(port: number | undefined): string {
  return port === undefined || port === 22 ? '' : ` -p ${port}`;
}
