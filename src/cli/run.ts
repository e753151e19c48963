/** The command line: every command on one screen, help from one place. */
import { Command, CommanderError } from "commander";
import { ConfigError, describeSettings } from "../config.ts";
import { readDocumentCommand } from "../documents/sandbox.ts";
import { StartError } from "../errors.ts";
import { productVersion } from "../version.ts";
import type { NamedServers } from "./check.ts";

/** What a command has of the world around it. */
export type Terminal = {
  /** The settings; absent: the environment's. */
  env?: Readonly<Record<string, string | undefined>>;
  print(line: string): void;
  complain(line: string): void;
  /** All of standard input, as text; empty when it is a terminal. */
  readInput(): Promise<string>;
  /** Aborted by the first SIGINT or SIGTERM; the second ends the process at once. */
  stopping: AbortSignal;
};

/** Exit codes: 0 done; 1 the answer is no, or it could not be done; 2 wrong settings or arguments. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  // Each command loads what it needs when it runs: reading one document must not cost the start of a server.
  const doing = (command: () => Promise<number> | number) => async () => {
    exitCode = await command();
  };

  const program = new Command("email-connector")
    .description("Connects a mailbox to Claude: a remote MCP server over IMAP and SMTP.")
    .version(productVersion, "-V, --version", "show the version")
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.complain(text.trimEnd()),
    })
    .exitOverride()
    .showHelpAfterError("(email-connector --help shows the commands)")
    .addHelpText("after", () => `\nSettings, read from the environment:\n${toSettingsHelp()}`);

  program
    .command("serve", { isDefault: true })
    .description("run the server until SIGINT or SIGTERM (the default)")
    // As the default command it is handed every word that is no command.
    .allowExcessArguments()
    .action((_: unknown, { args }: Command) => {
      if (args.length > 0) program.error(`There is no command ${args[0]}.`);
      return doing(async () => (await import("./serve.ts")).serve(terminal))();
    });

  program
    .command("check")
    .argument("<address>", "an email address")
    .description(
      "look up the servers of an address, reach them, and log in with the password on standard input",
    )
    .option(
      "--imap <server>",
      "imaps://HOST:PORT (TLS) or imap://HOST:PORT (STARTTLS), instead of what is found",
    )
    .option(
      "--smtp <server>",
      "smtps://HOST:PORT (TLS) or smtp://HOST:PORT (STARTTLS), instead of what is found",
    )
    .option("--user <name>", "the user name with servers you name, when it is not the address")
    .action((address: string, named: NamedServers) =>
      doing(async () => (await import("./check.ts")).check(address, named, terminal))(),
    );

  program
    .command("doctor")
    .description("look at PUBLIC_URL from outside, as Claude does, and say what to change")
    .action(doing(async () => (await import("./doctor.ts")).doctor(terminal)));

  const grants = program.command("grants").description("who has connected, and the end of it");
  grants
    .command("list")
    .description("show every connection: id, client, redirect host, level, mailboxes, created, last used")
    .action(doing(async () => (await import("./grants.ts")).list(terminal)));
  grants
    .command("revoke")
    .argument("<id>", "a grant's id, grt_…")
    .description("end a connection: its tokens stop working, its passwords are deleted")
    .action((id: string) => doing(async () => (await import("./grants.ts")).revoke(id, terminal))());

  program
    .command("rotate-key")
    .description("move everything under a new server key, while the server is stopped")
    .option("--given", "the new key stands first in the ring already, the old ones behind it")
    .action((options: { given?: boolean }) =>
      doing(async () => (await import("./rotate-key.ts")).rotateKey(options, terminal))(),
    );

  program
    .command("backup")
    .argument("<file>", "where to; must not be there yet")
    .description("write a whole copy of the database, also while the server runs")
    .action((file: string) => doing(async () => (await import("./backup.ts")).backup(file, terminal))());

  // For our own use: the server starts it for each document (documents/sandbox.ts).
  program
    .command(readDocumentCommand, { hidden: true })
    .action(doing(async () => (await import("./read-document.ts")).readDocument()));

  program
    .command("version")
    .description("show the version")
    .action(doing(() => version(terminal)));

  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof ConfigError) {
      terminal.complain("These settings are not right:");
      for (const problem of error.problems) terminal.complain(`  ${problem}`);
      return 2;
    }
    if (error instanceof StartError) {
      terminal.complain(error.message);
      return 1;
    }
    throw error;
  }
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
