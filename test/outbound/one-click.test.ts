/** The one-click request to a mailing list (RFC 8058), with an https server whose authority the process trusts. */
import { expect, test } from "bun:test";
import { createOneClick } from "../../src/outbound/one-click.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { startListServer } from "../support/list-server.ts";

const signal = new AbortController().signal;

test("RFC 8058 section 3.2: the request is a POST of one field, without cookies or anything else of the person", async () => {
  await using list = await startListServer({ hosts: ["brand.test"] });
  const { post } = createOneClick(list);
  expect(await post("https://brand.test/u/1?list=a%20b", signal)).toBe(true);
  const [request, ...others] = list.requests;
  expect(others).toEqual([]);
  expect(request).toMatchObject({
    method: "POST",
    url: "/u/1?list=a%20b",
    body: "List-Unsubscribe=One-Click",
  });
  expect(request?.headers).toEqual({
    host: "brand.test",
    "content-type": "application/x-www-form-urlencoded",
    "content-length": "26",
    connection: "close",
  });
});

test("a redirect is not followed, an error is a refusal, and of a long answer little is read", async () => {
  await using list = await startListServer({
    hosts: ["brand.test"],
    answer(response, { url }) {
      if (url === "/moved") response.writeHead(303, { Location: "https://brand.test/elsewhere" }).end();
      else if (url === "/broken") response.writeHead(500).end();
      else {
        // Never ends: who read it all would wait forever.
        response.writeHead(200);
        response.write("x".repeat(100_000));
      }
    },
  });
  const { post } = createOneClick(list);
  expect(await post("https://brand.test/moved", signal)).toBe(false);
  expect(await post("https://brand.test/broken", signal)).toBe(false);
  expect(await post("https://brand.test/endless", signal)).toBe(true);
  expect(list.requests.map(({ url }) => url)).toEqual(["/moved", "/broken", "/endless"]);
});

test("a certificate for another name, and a server that does not answer in time, are refusals", async () => {
  await using list = await startListServer({ hosts: ["brand.test"], answer: () => {} });
  expect(await createOneClick(list).post("https://other.test/u/1", signal)).toBe(false);
  expect(list.requests).toEqual([]);
  const hasty = createOneClick({ ...list, postMs: 200 });
  expect(await hasty.post("https://brand.test/u/1", signal)).toBe(false);
});

test("a caller that goes away ends the request with its own reason", async () => {
  const leaving = new AbortController();
  await using list = await startListServer({
    hosts: ["brand.test"],
    answer: () => leaving.abort(new Error("gone")),
  });
  await expect(createOneClick(list).post("https://brand.test/u/1", leaving.signal)).rejects.toThrow("gone");
});

test.each([
  "http://brand.test/u/1",
  "https://brand.test:8443/u/1",
  "https://user:word@brand.test/u/1",
  "https://127.0.0.1/u/1",
  "https://router/u/1",
  "https://inside.test/u/1",
])("no request leaves for %s", async (url) => {
  const outbound = createOutbound({
    allowPrivateHosts: [],
    refusalMs: 0,
    resolve: { addresses: async () => ["10.0.0.5"] },
  });
  expect(await createOneClick({ outbound }).post(url, signal)).toBe(false);
});
