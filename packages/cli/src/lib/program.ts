import { Command, Option } from 'commander';
import { type CliExitCode, exitMeanings } from './cli-exit.ts';
import { addCommonOptions, addNamespaceOption } from './command-options.ts';
import type { CommandContext, RunAction } from './command-run.ts';
import { kindWords } from './kind-name.ts';
import { readVersion } from './output/version.ts';

export interface Program {
  readonly command: Command;
  /** What the command that ran ends with. */
  exitCode(): CliExitCode;
}

/** A name, and then as many as one likes. */
const collect = (value: string, before: readonly string[] = []) => [...before, value];

/**
 * Every command with its options. The commands themselves load what they need when they are called: what `get` does
 * not use does not slow it down.
 */
export function createProgram(run: RunAction): Program {
  const program = addCommonOptions(new Command('tapedeck'))
    .description('Records meetings and live streams straight into your own cloud storage.')
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .helpCommand('help [command]', 'help for a command')
    .version(readVersion(), '--version', 'print the version')
    .exitOverride();
  refuseHelpOfUnknown(program, []);
  let exitCode: CliExitCode = 0;

  /** Options of a command and what stands before its name, as one. */
  const act =
    <A extends readonly unknown[]>(
      work: (context: CommandContext, options: Record<string, unknown>, ...args: A) => Promise<CliExitCode>,
    ) =>
    async (...all: unknown[]) => {
      const command = all.at(-1) as Command;
      const args = all.slice(0, -2) as readonly unknown[] as A;
      exitCode = await run(mergedOptions(command), (context, options) => work(context, options, ...args));
    };
  const sub = (parent: Command, nameAndArgs: string, description: string) =>
    addCommonOptions(parent.command(nameAndArgs).description(description));
  const namespaced = (nameAndArgs: string, description: string, parent: Command = program) =>
    addNamespaceOption(sub(parent, nameAndArgs, description));
  const kindHelp = () => `\nKinds: ${kindWords()}; also KIND/NAME.`;
  const fileOption = () =>
    new Option('-f, --filename <file>', 'a manifest; - is standard input').argParser(collect);

  namespaced('run', 'apply files, show progress, and end when every Recording is over')
    .addOption(fileOption().makeOptionMandatory())
    .option(
      '--wait <duration>',
      'how long a recording or a copy may wait for what it needs to begin (default: 5m, or 20s where somebody has to act)',
    )
    .action(
      act(async ({ cluster, data, terminal }, options) => {
        const asked = { filename: [], ...options };
        if (cluster === undefined) return (await import('./commands/run.ts')).run(data(), terminal, asked);
        return (await import('./cluster/run.ts')).runOnCluster(cluster, terminal, asked);
      }),
    );
  namespaced('record <source>', 'record an address, a file or "testcard" without writing a manifest')
    .requiredOption(
      '--to <dest>',
      'storage name, directory, or an address: s3://, do://, gs://, az://, sftp://',
    )
    .option('--for <duration>', 'stop after so much, like 30s or 1h30m')
    .option('--name <name>', 'name of the Recording')
    .option('--page', 'the address is a page for a browser')
    .option('--dry-run', 'print the manifest instead')
    .option('-o, --output <format>', 'json or yaml, with --dry-run')
    .action(
      act(async ({ cluster, data, terminal }, options, source: string) =>
        (await import('./commands/record.ts')).record({ cluster, data }, terminal, source, {
          to: '',
          ...options,
        }),
      ),
    );
  namespaced('apply', 'write resources and leave the rest to the process that controls')
    .addOption(fileOption().makeOptionMandatory())
    .action(
      act(async ({ cluster, data, terminal }, options) => {
        const asked = { filename: [], ...options };
        if (cluster === undefined)
          return (await import('./commands/apply.ts')).apply(data(), terminal, asked);
        return (await import('./cluster/apply.ts')).applyToCluster(cluster, terminal, asked);
      }),
    );
  namespaced('get <kind> [name...]', 'list resources, or show some by name')
    .option('-o, --output <format>', 'json, yaml, wide or name')
    .option('-w, --watch', 'go on with every change')
    .option('-A, --all-namespaces', 'of every namespace')
    .addHelpText('after', kindHelp)
    .action(
      act(async (context, options, kind: string, names: readonly string[]) =>
        (await import('./commands/get.ts')).get(
          await context.place(),
          context.terminal,
          kind,
          names,
          options,
          () => context.signal,
        ),
      ),
    );
  namespaced('describe <kind> [name...]', 'all that is known of resources, with what happened to them')
    .addHelpText('after', kindHelp)
    .action(
      act(async ({ place, terminal }, options, kind: string, names: readonly string[]) =>
        (await import('./commands/describe.ts')).describe(await place(), terminal, kind, names, options),
      ),
    );
  namespaced('delete [kind] [name...]', 'delete resources; recordings that run are ended first')
    .addOption(fileOption())
    .option('--all', 'all of the kind')
    .option('--ignore-not-found', 'what is not there is no error')
    .option('--no-wait', 'do not wait until they are gone')
    .addHelpText('after', kindHelp)
    .action(
      act(async (context, options, kind: string | undefined, names: readonly string[]) => {
        const { cluster, data, terminal, signal } = context;
        if (cluster === undefined) {
          return (await import('./commands/delete.ts')).remove(
            data(),
            terminal,
            kind,
            names,
            options,
            signal,
          );
        }
        const { deleteFromCluster } = await import('./cluster/delete.ts');
        return deleteFromCluster(cluster, terminal, kind, names, options, signal);
      }),
    );
  for (const [name, description] of [
    ['pause', 'leave out what comes, until resumed'],
    ['resume', 'go on recording'],
    ['stop', 'end recordings; the files are completed'],
  ] as const) {
    namespaced(`${name} <name...>`, description).action(
      act(async ({ cluster, data, terminal }, options, names: readonly string[]) => {
        if (cluster !== undefined) {
          const { setStateOnCluster } = await import('./cluster/recording-state.ts');
          return setStateOnCluster(cluster, terminal, name, names, options);
        }
        const { setRecordingState } = await import('./commands/recording-state.ts');
        return setRecordingState(data(), terminal, name, names, options);
      }),
    );
  }
  namespaced('mask <name...>', 'black out picture and sound (not available yet)').action(
    act(async () => {
      const { TapedeckError } = await import('@tapedeck/core/error');
      throw new TapedeckError(
        'NotSupported',
        'mask is not available yet; pause leaves the time out altogether',
      );
    }),
  );
  namespaced('link <name>', 'print a download link for each file of a recording')
    .option('--expires <duration>', 'how long it opens, up to 168h', '1h')
    .addOption(
      new Option('-f, --filename <file>', "the storage's manifest with its Secret").argParser(collect),
    )
    .option('-o, --output <format>', 'json or yaml')
    .action(
      act(async ({ cluster, data, terminal }, options, recording: string) => {
        if (cluster === undefined)
          return (await import('./commands/link.ts')).link(data(), terminal, recording, options);
        return (await import('./cluster/link.ts')).linkFromCluster(cluster, terminal, recording, options);
      }),
    );
  const storage = sub(program, 'storage', 'look at storages');
  refuseHelpOfUnknown(storage, ['storage']);
  namespaced('check [name...]', 'try a storage step by step, as a recording would use it', storage)
    .addOption(fileOption())
    .option('-o, --output <format>', 'json or yaml')
    .action(
      act(async ({ cluster, data, terminal }, options, names: readonly string[]) => {
        if (cluster === undefined)
          return (await import('./commands/storage-check.ts')).storageCheck(data(), terminal, names, options);
        return (await import('./cluster/storage-check.ts')).checkOnCluster(cluster, terminal, names, options);
      }),
    );
  namespaced('policy [name...]', 'print the least rights that a storage needs, to paste', storage)
    .addOption(fileOption())
    .option('--with <rights>', 'rights beside writing, with commas: read, list, delete, links')
    .option(
      '--identity <way>',
      'keys, service-account, assume-role or keyless (default: as the storage says)',
    )
    .option('-o, --output <format>', 'text (default) or json: the policy alone')
    .action(
      act(async ({ place, terminal }, options, names: readonly string[]) =>
        (await import('./commands/storage-policy.ts')).storagePolicy(place, terminal, names, options),
      ),
    );
  sub(program, 'dev', 'run recordings in this process until Ctrl-C').action(
    act(async ({ cluster, data, terminal }) => {
      if (cluster === undefined) return (await import('./commands/dev.ts')).dev(data(), terminal);
      const { TapedeckError } = await import('@tapedeck/core/error');
      throw new TapedeckError(
        'NotSupported',
        'dev runs recordings on this machine; on a cluster the operator does',
      );
    }),
  );
  namespaced('doctor', 'look at what recording needs, on this machine or in a cluster')
    .option('--pre', 'of a cluster, before the chart is installed')
    .option('--wait <duration>', 'until a cluster is ready, like 2m')
    .action(
      act(async (context, options) => {
        const { cluster, data, terminal } = context;
        if (cluster !== undefined) {
          const { clusterDoctor } = await import('./cluster/doctor.ts');
          return clusterDoctor(cluster, terminal, options, () => context.signal);
        }
        if (options.pre === undefined && options.wait === undefined)
          return (await import('./commands/doctor.ts')).doctor(data, terminal);
        const { TapedeckError } = await import('@tapedeck/core/error');
        throw new TapedeckError(
          'InvalidManifest',
          '--pre and --wait look at a cluster: say which with --context or --kubeconfig',
        );
      }),
    );
  sub(program, 'version', 'print the version').action(
    act(async ({ terminal }) => {
      terminal.print(readVersion());
      return 0;
    }),
  );
  program.addHelpText('after', exitHelp);
  return { command: program, exitCode: () => exitCode };
}

function exitHelp(): string {
  const lines = exitMeanings.map(([code, meaning]) => `  ${String(code).padEnd(3)}  ${meaning}`);
  return `\nExit codes:\n${lines.join('\n')}`;
}

/** For the help alone: what it does is loaded where it is called, see `addCompletion`. */
export function listCompletion(program: Command): void {
  program
    .command('completion [shell]')
    .description('print the completion script of zsh, bash, fish or powershell');
}

/** A misspelt command with --help would be answered with the help of what stands above it. */
function refuseHelpOfUnknown(command: Command, path: readonly string[]): void {
  command.addHelpText('beforeAll', () => {
    const [first, second] = command.args;
    const word = first === 'help' ? second : first;
    const known = command.commands.some(
      (each) => each.name() === word || each.aliases().includes(word ?? ''),
    );
    if (word === undefined || word.startsWith('-') || word === 'help' || known) return '';
    // Without --help it is refused, in the same words as ever.
    createProgram(async () => 0).command.parse([...path, word], { from: 'user' });
    return '';
  });
}

/** What is said after the command's name wins over what is said before it. */
function mergedOptions(command: Command): Record<string, unknown> {
  const chain: Command[] = [];
  for (let each: Command | null = command; each !== null; each = each.parent) chain.unshift(each);
  const merged: Record<string, unknown> = Object.assign({}, ...chain.map((each) => each.opts()));
  return { ...merged, color: chain.every((each) => each.opts().color !== false) };
}
