/** The command line: all commands with their options and help. */
import { Command, CommanderError } from "commander";
import { renderCommand } from "../child-process/pool.ts";
import { ConfigError, describeSettings } from "../config.ts";
import { readDocumentCommand } from "../documents/sandbox.ts";
import { StartError } from "../errors.ts";
import { productVersion } from "../version.ts";
import type { ServerOverrides } from "./check.ts";
import type { Terminal } from "./terminal.ts";

/** Runs one command. Returns the exit code: 0 success; 1 failure or a negative result; 2 invalid settings or arguments. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  const runCommand: RunCommand = (command) => async () => {
    exitCode = await command();
  };
  const program = createProgram(terminal);
  addServe(program, terminal, runCommand);
  addChecks(program, terminal, runCommand);
  addMaintenance(program, terminal, runCommand);
  addInformation(program, terminal, runCommand);
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof ConfigError) {
      terminal.printError("These settings are invalid:");
      for (const problem of error.problems) terminal.printError(`  ${problem}`);
      return 2;
    }
    if (error instanceof StartError) {
      terminal.printError(error.message);
      return 1;
    }
    throw error;
  }
}

/**
 * Turns a command into an action of commander. Each command loads its modules when it runs, so that read-document does
 * not load the whole server.
 */
type RunCommand = (command: () => Promise<number> | number) => () => Promise<void>;

function createProgram(terminal: Terminal): Command {
  return new Command("email-connector")
    .description("Connects a mailbox to Claude: a remote MCP server over IMAP and SMTP.")
    .version(productVersion, "-V, --version", "show the version")
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.printError(text.trimEnd()),
    })
    .exitOverride()
    .showHelpAfterError("(email-connector --help shows the commands)")
    .addHelpText("after", () => `\nSettings, read from the environment:\n${toSettingsHelp()}`);
}

function addServe(program: Command, terminal: Terminal, runCommand: RunCommand): void {
  program
    .command("serve", { isDefault: true })
    .description("run the server until SIGINT or SIGTERM (the default)")
    // The default command receives every word that is not a command.
    .allowExcessArguments()
    .action((_: unknown, { args }: Command) => {
      if (args.length > 0) program.error(`There is no command ${args[0]}.`);
      return runCommand(async () => (await import("./serve.ts")).serve(terminal))();
    });
}

/** The commands that find faults. */
function addChecks(program: Command, terminal: Terminal, runCommand: RunCommand): void {
  program
    .command("check")
    .argument("<address>", "an email address")
    .description(
      "find the servers of an address, connect to them, and log in with the password on standard input",
    )
    .option(
      "--imap <server>",
      "imaps://HOST:PORT (TLS) or imap://HOST:PORT (STARTTLS), instead of the discovered one",
    )
    .option(
      "--smtp <server>",
      "smtps://HOST:PORT (TLS) or smtp://HOST:PORT (STARTTLS), instead of the discovered one",
    )
    .option("--user <name>", "the user name at these servers, when it is not the address")
    .action((address: string, overrides: ServerOverrides) =>
      runCommand(async () => (await import("./check.ts")).check(address, overrides, terminal))(),
    );

  program
    .command("ready")
    .description("wait until the server on this machine answers")
    .option("--wait <seconds>", "how long to wait", "10")
    .action(({ wait }: { wait: string }) =>
      runCommand(async () =>
        (await import("./ready.ts")).ready(terminal, { waitSeconds: Number(wait) || 0 }),
      )(),
    );

  program
    .command("doctor")
    .description("check PUBLIC_URL from outside, as Claude reaches it, and say what to change")
    .action(runCommand(async () => (await import("./doctor.ts")).doctor(terminal)));
}

/** The commands that work on the database and the server key. */
function addMaintenance(program: Command, terminal: Terminal, runCommand: RunCommand): void {
  const grants = program.command("grants").description("list, annotate and revoke connections");
  grants
    .command("list")
    .description(
      "list all connections: id, client, redirect host, level, mailboxes, calls in a week, created, last used, note",
    )
    .action(runCommand(async () => (await import("./grants.ts")).list(terminal)));
  grants
    .command("note")
    .argument("<id>", "a grant's id, grt_…")
    .argument("[text...]", "what the list shows beside it; nothing removes the note")
    .description("write a note to a connection, for your own memory")
    .action((id: string, words: string[]) =>
      runCommand(async () => (await import("./grants.ts")).note(id, words, terminal))(),
    );
  grants
    .command("revoke")
    .argument("<id>", "a grant's id, grt_…")
    .description("end a connection: its tokens stop working, its passwords are deleted")
    .action((id: string) => runCommand(async () => (await import("./grants.ts")).revoke(id, terminal))());

  program
    .command("rotate-key")
    .description("seal everything with a new server key, while the server is stopped")
    .option("--given", "use the ring as it is: the new key is first in it already, the old ones follow")
    .action((options: { given?: boolean }) =>
      runCommand(async () => (await import("./rotate-key.ts")).rotateKey(options, terminal))(),
    );

  program
    .command("move-to")
    .argument("<url>", "postgres://user:password@host:port/database, an empty database")
    .description("copy everything from DATA_DIR to Postgres, while the server is stopped")
    .action((url: string) => runCommand(async () => (await import("./move-to.ts")).moveTo(url, terminal))());

  program
    .command("backup")
    .argument("<file>", "the file to create; must not exist")
    .description("copy the database, also while the server runs")
    .action((file: string) => runCommand(async () => (await import("./backup.ts")).backup(file, terminal))());
}

function addInformation(program: Command, terminal: Terminal, runCommand: RunCommand): void {
  // Internal: the server starts it as a child process for each document (documents/sandbox.ts).
  program
    .command(readDocumentCommand, { hidden: true })
    .argument("[pages]")
    .action((pages?: string) =>
      runCommand(async () => (await import("./read-document.ts")).readDocumentFromStdin(pages))(),
    );

  // Internal: long-lived child processes (child-process/pool.ts).
  program
    .command(renderCommand, { hidden: true })
    .action(runCommand(async () => (await import("./render.ts")).renderFromStdin()));

  program
    .command("version")
    .description("show the version")
    .action(runCommand(() => version(terminal)));
}

function version(terminal: Terminal): number {
  terminal.print(productVersion);
  return 0;
}

function toSettingsHelp(): string {
  return describeSettings()
    .map(({ name, description, fallback }) =>
      [`  ${name}`, `      ${description}${fallback === undefined ? "" : ` [${fallback}]`}`].join("\n"),
    )
    .join("\n");
}
