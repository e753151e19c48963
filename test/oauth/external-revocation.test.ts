/** Grants that another process revoked. */
import { expect, test } from "bun:test";
import { openStore } from "../../src/db/open.ts";
import { grants } from "../../src/db/schema.ts";
import { createExternalRevocationWatch } from "../../src/oauth/external-revocation.ts";
import { deleteGrant } from "../../src/oauth/grant-admin.ts";
import { temporaryFolder } from "../support/temporary.ts";

test("each grant that is in use here and was revoked by another process is reported once", async () => {
  const dataDir = temporaryFolder("external-revocation");
  const here = await openStore({ dataDir });
  const there = await openStore({ dataDir });
  const times = { createdAt: 0, lastUsedAt: 0, expiresAt: 0 };
  for (const id of ["grt_used", "grt_kept", "grt_unused"])
    await here.db
      .insert(grants)
      .values({ id, clientId: "c", redirectHost: "h", level: "send", state: "live", ...times })
      .run();
  const ended: string[] = [];
  const { track, check } = createExternalRevocationWatch({ db: here.db, onEnd: (id) => ended.push(id) });
  for (const id of ["grt_used", "grt_kept"]) track(id);
  for (const id of ["grt_used", "grt_unused"]) await deleteGrant(there.db, id);
  await check();
  expect(ended).toEqual(["grt_used"]);
  await deleteGrant(there.db, "grt_kept");
  await check();
  await check();
  expect(ended).toEqual(["grt_used", "grt_kept"]);
  await there.close();
  await here.close();
});
