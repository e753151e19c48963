/** Grants that another process revoked. */
import { expect, test } from "bun:test";
import { openDatabase } from "../../src/db/open.ts";
import { grants } from "../../src/db/schema.ts";
import { createExternalRevocationWatch } from "../../src/oauth/external-revocation.ts";
import { deleteGrant } from "../../src/oauth/grant-admin.ts";
import { temporaryFolder } from "../support/temporary.ts";

test("each grant that is in use here and was revoked by another process is reported once", () => {
  const dataDir = temporaryFolder("external-revocation");
  const here = openDatabase({ dataDir });
  const there = openDatabase({ dataDir });
  const times = { createdAt: 0, lastUsedAt: 0, expiresAt: 0 };
  for (const id of ["grt_used", "grt_kept", "grt_unused"])
    here.db
      .insert(grants)
      .values({ id, clientId: "c", redirectHost: "h", level: "send", state: "live", ...times })
      .run();
  const ended: string[] = [];
  const { track, check } = createExternalRevocationWatch({ db: here.db, onEnd: (id) => ended.push(id) });
  for (const id of ["grt_used", "grt_kept"]) track(id);
  for (const id of ["grt_used", "grt_unused"]) deleteGrant(there.db, id);
  check();
  expect(ended).toEqual(["grt_used"]);
  deleteGrant(there.db, "grt_kept");
  check();
  check();
  expect(ended).toEqual(["grt_used", "grt_kept"]);
  there.close();
  here.close();
});
