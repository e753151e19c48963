import { z } from "zod";
import { quoted } from "../errors.ts";
import { defineTool } from "./define-tool.ts";
import { account } from "./parameters.ts";

export const createMailboxTool = defineTool({
  name: "create_mailbox",
  title: "Create a mailbox",
  description: "Creates a mailbox (folder) to move emails into.",
  effect: "write",
  input: z.object({
    path: z.string().min(1).max(500).describe('Name; levels separated by "/"'),
    account,
  }),
  output: z.object({ path: z.string() }),
  async run({ path, account: address }, { accountFor }) {
    return { path: await accountFor({ account: address }).createMailbox(path) };
  },
  render: ({ path }) => `Created. Its path is ${quoted(path)}.`,
  audit: () => ({ count: 1 }),
});
